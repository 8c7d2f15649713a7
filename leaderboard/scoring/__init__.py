"""Events to numbers: pure functions, no files, no clock, no carla."""
