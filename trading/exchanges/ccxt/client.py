"""The one file that imports ccxt: an instance for one account, with everything set that matters.

Importing ccxt takes about half a second, so that it is done with the first request only.
"""

import logging
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from trading.domain.credentials import Credentials
from trading.domain.exchange import ExchangeUnavailable
from trading.exchanges.ccxt.terms import VenueTerms
from tradingfarm.kernel.clock import Clock

if TYPE_CHECKING:
    from trading.exchanges.ccxt.wire import Wire

Api = Any
"""An object of ccxt, which carries no types."""

Markets = Any
"""In ccxt's own form."""

TIMEOUT_MS = 5000
FRESH_MARKETS = timedelta(hours=12)
"""From then on the markets are loaded again."""
OLDEST_MARKETS = timedelta(hours=24)
"""From then on nothing is placed."""

# ccxt writes whole requests to its log, with the headers that carry the key.
SILENT = logging.Logger("ccxt of a live account", level=logging.CRITICAL + 1)


class Misconfigured(ExchangeUnavailable):
    """The account cannot be connected as it is set up; asking again does not help."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class Client:
    """ccxt's object for one account (`api`), its line (`wire`) and the age of its markets.

    Neither knows of threads: whoever uses them owns the `lock`.
    """

    def __init__(self, *, api: Api, wire: "Wire", clock: Clock) -> None:
        self.api, self.wire, self._clock = api, wire, clock
        self.lock = threading.Lock()
        self._loaded_at: datetime | None = None

    def markets_are_older_than(self, age: timedelta) -> bool:
        return self._loaded_at is None or self._clock.now() - self._loaded_at > age

    def fetch_markets(self) -> tuple[Markets, Markets | None]:
        """What the venue trades, and its currencies where ccxt needs them; nothing is kept."""
        currencies = self.api.fetch_currencies() if self.api.has["fetchCurrencies"] else None
        self.api.options["cachedCurrencies"] = currencies or {}
        return self.api.fetch_markets(), currencies

    def take_markets(self, markets: Markets, currencies: Markets | None) -> None:
        """From now on these are the markets."""
        self.api.set_markets(markets, currencies)
        self._loaded_at = self._clock.now()


def connect(
    *, terms: VenueTerms, credentials: Credentials, sandbox: bool, base_url: str, clock: Clock
) -> Client:
    """A client that has sent nothing yet. Raises Misconfigured."""
    from trading.exchanges.ccxt.wire import Wire

    wire = Wire(terms=terms, clock=clock)
    api = _instance(terms, credentials, wire)
    if sandbox:
        _enter_sandbox(api, terms)
    if bool(api.isSandboxModeEnabled) is not sandbox:
        raise Misconfigured(f"{terms.title} and the account disagree on whether it is play money.")
    if base_url:
        api.urls["api"] = {name: rebased(url, base_url) for name, url in api.urls["api"].items()}
    return Client(api=api, wire=wire, clock=clock)


def _instance(terms: VenueTerms, credentials: Credentials, wire: "Wire") -> Api:
    import ccxt

    from trading.exchanges.ccxt.wire import exact_json

    _check(terms, credentials)
    api = getattr(ccxt, terms.ccxt_id)(
        {
            **_keys(terms, credentials),
            "session": wire,
            "number": str,
            "enableRateLimit": True,
            "timeout": TIMEOUT_MS,
            "verbose": False,
            "userAgent": "TradingFarm",
            "logger": SILENT,
            "options": {
                **terms.options,
                "adjustForTimeDifference": False,
                "maxRetriesOnFailure": 0,
                "fetchCurrencies": terms.fetches_currencies,
            },
        }
    )
    api.on_json_response = exact_json
    api.has["fetchCurrencies"] = terms.fetches_currencies
    # Hyperliquid's class would first approve a fee for ccxt and name ccxt as the referrer.
    api.initialize_client = _nothing
    return api


def _nothing() -> bool:
    return True


def _keys(terms: VenueTerms, credentials: Credentials) -> dict[str, str]:
    if terms.needs_wallet:
        return {"walletAddress": credentials.wallet, "privateKey": credentials.secret}
    return {
        "apiKey": credentials.api_key,
        "secret": credentials.secret,
        "password": credentials.password,
    }


def _check(terms: VenueTerms, credentials: Credentials) -> None:
    needed = {"secret": credentials.secret}
    if terms.needs_wallet:
        needed["wallet"] = credentials.wallet
    else:
        needed["key"] = credentials.api_key
    if terms.needs_password:
        needed["password"] = credentials.password
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise Misconfigured(f"{terms.title} needs the account's {' and '.join(missing)}.")


def _enter_sandbox(api: Api, terms: VenueTerms) -> None:
    if not terms.has_sandbox:
        raise Misconfigured(f"{terms.title} has no play money.")
    api.set_sandbox_mode(True)


def rebased(url: str, base_url: str) -> str:
    """The same path at another address."""
    _, _, rest = url.partition("://")
    _, slash, path = rest.partition("/")
    return f"{base_url.rstrip('/')}{slash}{path}"
