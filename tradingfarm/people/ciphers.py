"""Sealing small secrets that the database keeps, with keys that it does not have."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from tradingfarm.kernel.errors import FarmError


class Unreadable(FarmError):
    """What was sealed was sealed with a key that the settings do not name any more."""

    def __init__(self) -> None:
        super().__init__(
            "It was sealed under another SECRET_KEY. Put that into SECRET_KEY_FALLBACKS.",
            permanent=True,
        )


def seal(*, text: str, purpose: str) -> str:
    """The text under the key for this purpose, which follows from SECRET_KEY."""
    return _cipher(purpose).encrypt(text.encode()).decode()


def unseal(*, sealed: str, purpose: str) -> str:
    """What was sealed for this purpose. Raises Unreadable."""
    try:
        return _cipher(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable from None


def _cipher(purpose: str) -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(key, purpose)) for key in keys])


def _derived(key: str, purpose: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode())
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))
