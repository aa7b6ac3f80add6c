"""What make runs before there is anything to run: the standard library only."""
