"""The lists of an account: orders, fills, positions, refused orders, executions."""
