"""Secrets at rest: sealed with AES-256-GCM by one of several keys, so that keys can be rotated.

What a secret belongs to is sealed with it (additional authenticated data): moved to another row,
it does not open. Source: NIST SP 800-38D; a nonce of 96 random bits for each sealing.
"""

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tradingfarm.kernel.errors import FarmError

KEY_BYTES = 32
NONCE_BYTES = 12


class BadVaultKeys(FarmError):
    """The configured keys cannot be used; the message says what they look like instead."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"{problem} EXCHANGE_KEYS is a list of name:key, newest first, separated by commas;"
            " a key is 32 random bytes in base 64.",
            permanent=True,
        )


class CannotOpen(FarmError):
    """A sealed secret does not open: its key is gone, or it was changed or moved."""


@dataclass(frozen=True)
class Sealed:
    """A secret that only the vault reads, and the name of the key that it is sealed with."""

    key_id: str
    ciphertext: bytes


@dataclass(frozen=True)
class Vault:
    """Seals with the first of its keys, and opens with any of them. Its text shows none."""

    keys: Mapping[str, bytes] = field(repr=False)

    @property
    def newest(self) -> str:
        """The name of the key that seals. Raises BadVaultKeys when there is none."""
        for name in self.keys:
            return name
        raise BadVaultKeys("There is no key to seal with.")

    def seal(self, secret: str, *, belongs_to: str) -> Sealed:
        """The secret as bytes that tell nothing. Raises BadVaultKeys without a key."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        cipher = AESGCM(self.keys[self.newest])
        hidden = cipher.encrypt(nonce, secret.encode(), belongs_to.encode())
        return Sealed(self.newest, nonce + hidden)

    def open(self, sealed: Sealed, *, belongs_to: str) -> str:
        """The secret. Raises CannotOpen."""
        key = self.keys.get(sealed.key_id)
        if key is None:
            raise CannotOpen(
                f"The key {sealed.key_id!r} is not among EXCHANGE_KEYS; add it to open this.",
                permanent=True,
            )
        nonce, hidden = sealed.ciphertext[:NONCE_BYTES], sealed.ciphertext[NONCE_BYTES:]
        try:
            return AESGCM(key).decrypt(nonce, hidden, belongs_to.encode()).decode()
        except InvalidTag:
            raise CannotOpen(
                "The sealed secret was changed, or belongs to something else.", permanent=True
            ) from None


def vault_from(texts: Sequence[str]) -> Vault:
    """A vault of the keys in `texts`, each `name:key`. Raises BadVaultKeys."""
    keys: dict[str, bytes] = {}
    for text in texts:
        name, _, encoded = text.partition(":")
        if not name or name in keys or len(name) > 16:
            raise BadVaultKeys("A key has no name, a name of more than 16 letters, or one twice.")
        keys[name] = _key(name, encoded)
    return Vault(keys)


def new_key() -> str:
    """A new random key as EXCHANGE_KEYS wants it, without its name."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _key(name: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise BadVaultKeys(f"The key {name!r} is not base 64.") from None
    if len(key) != KEY_BYTES:
        raise BadVaultKeys(f"The key {name!r} has {len(key)} bytes.")
    return key
