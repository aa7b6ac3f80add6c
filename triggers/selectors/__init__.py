"""Reads for the triggers: what is stored, what changed, and what prices are compared with."""
