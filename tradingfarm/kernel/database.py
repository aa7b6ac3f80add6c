"""How a lost session of the database shows itself."""

from django.db import InternalError, OperationalError

SESSION_LOST = (OperationalError, InternalError)
"""The second is how PostgreSQL ends a session that stood still in a transaction."""
