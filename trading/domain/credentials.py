"""What opens an account at an exchange. It is shown to nobody: its text says that it is hidden."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, repr=False)
class Credentials:
    """A key of an exchange. Venues with wallets take an address and its private key instead."""

    api_key: str
    secret: str
    password: str = ""
    wallet: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.fingerprint}, hidden)"

    @property
    def fingerprint(self) -> str:
        """By which a person knows the key again: 8 hexadecimal digits of its hash."""
        return hashlib.sha256(f"{self.api_key}\x1f{self.wallet}".encode()).hexdigest()[:8]

    def to_text(self) -> str:
        """All of it, for the vault alone."""
        return json.dumps(asdict(self), sort_keys=True)


def credentials_from(text: str) -> Credentials:
    """What `to_text` has written."""
    stored: Mapping[str, str] = json.loads(text)
    return Credentials(**stored)
