"""What is traded: instruments with their newest prices, and each one's chart."""
