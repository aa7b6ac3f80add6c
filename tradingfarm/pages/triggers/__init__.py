"""What wakes teams: the list of triggers, each one drawn on its chart, and their editor."""
