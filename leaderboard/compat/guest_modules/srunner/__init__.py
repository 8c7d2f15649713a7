"""Stands in for scenario_runner, as far as agents ask for it."""
