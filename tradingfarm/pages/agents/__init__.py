"""Agents as cards, one agent in depth, and its editor."""
