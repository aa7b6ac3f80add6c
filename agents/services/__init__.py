"""What changes agents, sessions and executions: short transactions, journaled."""
