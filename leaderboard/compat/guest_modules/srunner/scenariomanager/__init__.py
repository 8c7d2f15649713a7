"""Stands in for srunner.scenariomanager."""
