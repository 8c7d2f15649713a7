"""Stands in for the `agents` package of CARLA's Python API."""
