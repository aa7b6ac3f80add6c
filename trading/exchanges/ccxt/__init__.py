"""Live trading through ccxt: it signs and addresses requests; what they prove is decided here."""
