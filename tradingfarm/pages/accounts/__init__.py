"""The account's own page: its halt state, limits with their use, and what its exchange assumes."""
