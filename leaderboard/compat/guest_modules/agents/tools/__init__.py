"""Stands in for agents.tools."""
