"""Random numbers that repeat: one named stream for each purpose."""

import hashlib
import random


def stream(seed: int, *names: object) -> random.Random:
    """A generator for one purpose, such as `stream(seed, "paper", client_order_id, 1)`.

    The same seed and names give the same numbers on every platform and Python version; a new name
    moves no other stream.
    """
    text = "\x1f".join([str(seed), *(str(name) for name in names)])
    digest = hashlib.sha256(text.encode()).digest()
    return random.Random(int.from_bytes(digest, "big"))  # noqa: S311 - repeatable on purpose, guards no secret
