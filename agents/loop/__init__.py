"""The runtime of executions: waits on providers without a transaction or a connection."""
