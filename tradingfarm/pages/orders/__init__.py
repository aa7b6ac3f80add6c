"""One order and one position, each with everything that led to it and came from it."""
