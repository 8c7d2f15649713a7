"""Where a simulator comes from. A simulator is an address; nothing above this package knows more of it."""
