"""Reads of the market: candles as arrays, quotes, calendars and the steps of a replay."""
