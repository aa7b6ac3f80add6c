"""Password links: how long they live, and what is kept of their secret."""

import hashlib
from datetime import timedelta

LIFETIME = timedelta(days=3)


def digest_of(secret: str) -> str:
    """What the database keeps. A secret of 32 random bytes needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
