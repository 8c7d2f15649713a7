"""The shell around the world: sockets, sessions, streams and the clock."""
