"""The way in. The name is ours alone, so nothing else on a user's path is found in its place."""
