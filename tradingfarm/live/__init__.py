"""Open pages and streams: who listens, what they are sent, and when."""
