"""The first run: an account, a team, its limits, its triggers and a session from one form."""
