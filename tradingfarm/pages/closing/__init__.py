"""Closing a position and canceling an order by hand."""
