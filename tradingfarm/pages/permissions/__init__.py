"""What an agent may do on an account: every limit with its ceiling and today's use."""
