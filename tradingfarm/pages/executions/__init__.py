"""One execution as a story: why it was woken, what was known and said, and what came of it."""
