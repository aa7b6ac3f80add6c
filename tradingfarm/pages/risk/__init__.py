"""What people decide about risk: breakers, confirmations, overrides, and what came of them."""
