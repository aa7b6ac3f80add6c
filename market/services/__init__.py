"""Writes of the market: candles, quotes and the course of a replay."""
