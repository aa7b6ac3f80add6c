"""The sender: owns accounts, sends what is approved, asks until it knows the outcome."""
