"""One rule for all tests: hypothesis draws the same examples on every run, so that a failure comes back."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")
