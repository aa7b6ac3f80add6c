"""Who asks, and whether the request is still fresh: key, HMAC-SHA256 and recvWindow."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping

from tests.exchanges.accounts import Account
from tests.exchanges.reading import Parameters, number, required
from tests.exchanges.terms import Refused

USUAL_WINDOW_MS, LONGEST_WINDOW_MS, AHEAD_MS = 5000, 60_000, 1000
SIGNATURE = re.compile(r"&?\bsignature=([^&]*)")


def account_of(key: str, accounts: Iterable[Account]) -> Account:
    """The account that the key opens. Raises Refused (-2014, -2015)."""
    if not key:
        raise Refused(-2014, "API-key format invalid.", status=401)
    for account in accounts:
        if hmac.compare_digest(account.key.encode(), key.encode()):
            return account
    raise Refused(-2015, "Invalid API-key, IP, or permissions for action.", status=401)


def check_signature(*, query: str, body: str, secret: str) -> None:
    """The signature covers the query and the body, as they were sent, without itself."""
    found = SIGNATURE.search(query) or SIGNATURE.search(body)
    if found is None:
        required({}, "signature")
    signed = SIGNATURE.sub("", query) + SIGNATURE.sub("", body)
    expected = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
    if found is None or not hmac.compare_digest(expected.encode(), found[1].lower().encode()):
        raise Refused(-1022, "Signature for this request is not valid.")


def check_timestamp(parameters: Parameters, *, now_ms: int) -> None:
    """Raise Refused (-1021) for a request from the future or past its recvWindow."""
    sent_ms, window_ms = _times(parameters)
    if window_ms > LONGEST_WINDOW_MS:
        raise Refused(-1131, "recvWindow must be less than 60000")
    if sent_ms >= now_ms + AHEAD_MS:
        raise Refused(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - sent_ms > window_ms:
        raise Refused(-1021, "Timestamp for this request is outside of the recvWindow.")


def seconds_until_expired(parameters: Mapping[str, str], *, now_ms: int) -> float:
    """How long to wait until the request is certainly too old."""
    sent_ms, window_ms = _times(parameters)
    return max(sent_ms + window_ms - now_ms + 50, 0) / 1000


def _times(parameters: Parameters) -> tuple[int, int]:
    required(parameters, "timestamp")
    window_ms = number(parameters, "recvWindow")
    return number(parameters, "timestamp") or 0, (
        USUAL_WINDOW_MS if window_ms is None else window_ms
    )
