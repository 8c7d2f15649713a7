"""Runs agents over routes and keeps the record. Importing it loads nothing else; the parts are imported by name."""
