"""The journal of an account: search, detail, verification, export."""
