"""Sources of ticks, one file for each kind."""
