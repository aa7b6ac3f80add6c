"""The emergency stop from a page, its progress, and letting an account trade again."""
