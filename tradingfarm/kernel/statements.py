"""Hand-written SQL: what its named parameters are filled with."""

from typing import Any

Values = dict[str, Any]
"""Parameters of one statement by name. Anything that psycopg can adapt may stand in it."""
