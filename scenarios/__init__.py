"""What happens around the ego. Nothing here knows scores, and nothing here imports carla."""
