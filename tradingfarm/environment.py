"""Typed readers of environment variables that fail loudly."""

import os
from decimal import Decimal
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from tradingfarm.kernel.money import NotAnAmount, amount

TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def text(name: str, default: str | None = None) -> str:
    """The variable's text. Raises ImproperlyConfigured when it is unset and has no default."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"Set {name} in the environment.")
    return default


def flag(name: str, *, default: bool) -> bool:
    """True or false. Raises ImproperlyConfigured for anything else."""
    value = text(name, str(default)).lower()
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is not understood; use true or false.")


def whole(name: str, default: int) -> int:
    """A whole number. Raises ImproperlyConfigured for anything else."""
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from None


def money(name: str, default: str) -> Decimal:
    """A finite Decimal. Raises ImproperlyConfigured for anything else."""
    value = text(name, default)
    try:
        return amount(value)
    except NotAnAmount as error:
        raise ImproperlyConfigured(f"{name}: {error}") from None


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of `allowed`. Raises ImproperlyConfigured for anything else."""
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}={value!r} is not one of {', '.join(allowed)}.")
    return value


def names(name: str, default: str = "") -> list[str]:
    """A list separated by commas; empty when unset."""
    return [item.strip() for item in text(name, default or " ").split(",") if item.strip()]


def folder(name: str, default: Path) -> Path:
    """A folder as an absolute path. It need not exist yet."""
    return Path(text(name, str(default))).expanduser().resolve()


def database(url: str, *, options: dict[str, object]) -> dict[str, object]:
    """Django's settings for `postgresql://user:password@host:port/name?host=/socket/folder`.

    Raises ImproperlyConfigured for another engine or an address without a database name.
    """
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in ("postgres", "postgresql") or not name or not _has_port_or_none(parts):
        raise ImproperlyConfigured(
            "DATABASE_URL must look like postgresql://user:password@host:5432/tradingfarm; "
            "TradingFarm needs PostgreSQL."
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": {**options, **dict(parse_qsl(parts.query))},
    }


def _has_port_or_none(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def broker(url: str) -> str:
    """Celery's spelling of a Redis address: unix sockets are `redis+socket://` there."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    number = dict(parse_qsl(parts.query)).get("db", "0")
    return f"redis+socket://{parts.path}?virtual_host={number}"
