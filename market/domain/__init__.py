"""What is known of the world as pure values and rules: no database, no clock, no network."""
