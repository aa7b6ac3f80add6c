"""The exchange for a test or a campaign: its own process, its control, its log."""

import contextlib
import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.exchanges.log import ExchangeLog

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_SECONDS = 20.0


class ControlProblem(Exception):
    """The exchange did not understand a control message."""


@dataclass
class ServedExchange:
    """A running exchange. What `do` may say is in `control.py`; the methods are the usual ones."""

    url: str
    log_path: Path
    process: subprocess.Popen[str]

    def do(self, action: str, **arguments: Any) -> Any:
        """Carry out one control action. Raises ControlProblem."""
        body = json.dumps({"do": action, **arguments}, default=str).encode()
        request = urllib.request.Request(f"{self.url}/__control__", body)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise ControlProblem(error.read().decode()) from error

    @property
    def log(self) -> ExchangeLog:
        """Everything since the last reset, from the file."""
        return ExchangeLog.read(self.log_path)

    def price(self, symbol: str, price: object, **ladder: Any) -> None:
        """Move the market; stops trigger and resting orders match before this returns."""
        self.do("price", symbol=symbol, price=price, **ladder)

    def gap(self, symbol: str, percent: object) -> None:
        self.do("gap", symbol=symbol, percent=percent)

    def book(self, symbol: str, *, bids: Any, asks: Any, last: object = None) -> None:
        self.do("book", symbol=symbol, bids=bids, asks=asks, last=last)

    def fill(self, order: str | int, **terms: Any) -> Any:
        """Let a resting order trade: `quantity`, `price`."""
        return self.do("fill", order=order, **terms)

    def cancel(self, order: str | int, *, status: str = "EXPIRED") -> Any:
        """The venue ends an order by itself."""
        return self.do("cancel", order=order, status=status)

    def foreign(self, account: str, **parameters: Any) -> Any:
        """Somebody else's order in the account, with the parameters of `POST order`."""
        return self.do("foreign", account=account, **parameters)

    def drift(self, account: str, asset: str, amount: object) -> None:
        self.do("drift", account=account, asset=asset, amount=amount)

    def account(self, name: str, **changes: Any) -> Any:
        """Open or change an account; returns its name, key and secret."""
        return self.do("account", name=name, **changes)

    def fault(self, kind: str, **terms: Any) -> int:
        """Arm a fault; returns the number under which it can be taken away."""
        return int(self.do("fault", kind=kind, **terms)["number"])

    def disarm(self, number: int | None = None) -> None:
        self.do("disarm", number=number)

    def kinds(self) -> dict[str, Any]:
        """Every fault by name, with its line, options and whether the engine is reached."""
        known: dict[str, Any] = self.do("kinds")
        return known

    def reset(self, *, seed: int | None = None) -> None:
        self.do("reset", seed=seed)


def ccxt_settings(
    url: str, *, account: str = "main", recv_window: int = 5000, timeout: float = 5.0
) -> dict[str, Any]:
    """What `ccxt.binance` has to be told to speak to this exchange.

    `recv_window` is in milliseconds, `timeout` in seconds. ccxt still follows redirects, and
    sends the order again: `client.session.max_redirects = 0` ends that.
    """
    return {
        "apiKey": f"key-of-{account}",
        "secret": f"secret-of-{account}",
        "timeout": int(timeout * 1000),
        "number": str,
        "urls": {
            "api": {
                "public": f"{url}/api/v3",
                "private": f"{url}/api/v3",
                "sapi": f"{url}/sapi/v1",
            }
        },
        "options": {
            # Only spot; no wallet or margin pages, which are not served here.
            "fetchMarkets": {"types": ["spot"]},
            "fetchCurrencies": False,
            "fetchMargins": False,
            "fetchOpenOrders": {"warnWithoutSymbol": False},
            "recvWindow": recv_window,
            "maxRetriesOnFailure": 0,
        },
    }


@contextlib.contextmanager
def serve(*, seed: int = 7, log: Path | None = None) -> Iterator[ServedExchange]:
    """An exchange on a free port until the block ends. Raises if it broke inside."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="exchange-"))
        path = log or Path(folder) / "exchange.jsonl"
        process = stack.enter_context(_process(seed, path))
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        served = ServedExchange(f"http://{address}", path, process)
        yield served
        _stop(process)
        broken = served.log.broken()
        if broken:
            raise AssertionError(f"The exchange made a mistake of its own:\n{broken[0]}")


@contextlib.contextmanager
def _process(seed: int, log: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.exchanges", "--seed", str(seed), "--log", str(log)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    """SIGTERM, and patience; a process that ignores it is ended for good."""
    process.terminate()
    try:
        process.wait(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
