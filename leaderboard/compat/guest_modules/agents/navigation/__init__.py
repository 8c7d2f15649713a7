"""Stands in for agents.navigation."""
