"""Foreign habits, in quarantine: what agents import or expect beside the official interface."""
