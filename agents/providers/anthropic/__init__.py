"""Claude through Anthropic's Messages API. The SDK is imported at the first question only."""
