"""The demo farm: what `make run` makes on first start, what it tells, and what it proves."""
