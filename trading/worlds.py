"""The one place that knows which exchange an account trades on."""

from collections.abc import Mapping
from uuid import UUID

from market.models import Instrument
from trading.domain.credentials import Credentials
from trading.domain.exchange import Exchange
from trading.exchanges.ccxt.exchange import CcxtExchange
from trading.exchanges.ccxt.venues import VENUES
from trading.exchanges.paper import PaperExchange
from trading.models import Account
from trading.services.keys import MayWithdraw, open_key
from trading.services.live import Connection
from tradingfarm.kernel.clock import Clock
from tradingfarm.kernel.errors import FarmError

PAPER = "paper"


class NoSuchExchange(FarmError):
    """The account names an exchange that this release does not have."""

    def __init__(self, account: Account) -> None:
        super().__init__(
            f"Account {account.name} trades on {account.exchange!r}. There are: "
            f"{', '.join((PAPER, *sorted(VENUES)))}.",
            permanent=True,
        )


def exchange_for(account: Account, *, clock: Clock) -> Exchange:
    """The account's exchange, which tells the time by `clock`.

    For whoever sends: a live account's key is opened here. Raises NoSuchExchange, NoKey,
    CannotOpen and BadVaultKeys.
    """
    if account.kind == Account.Kind.PAPER and account.exchange == PAPER:
        return PaperExchange()
    if account.exchange not in VENUES:
        raise NoSuchExchange(account)
    return CcxtExchange(
        venue=account.exchange,
        credentials=open_key(account=account),
        base_currency=account.base_currency,
        sandbox=account.sandbox,
        base_url=account.base_url,
        clock=clock,
        account_id=account.id,
        symbols=_symbols(account),
    )


def _symbols(account: Account) -> list[str]:
    """What the account can trade: a few venues tell trades of one symbol at a time."""
    traded = Instrument.objects.filter(venue__iexact=account.exchange)
    return list(traded.order_by("symbol").values_list("symbol", flat=True))


def venues() -> Mapping[str, bool]:
    """The real exchanges by name, and whether each offers play money."""
    return {name: terms.has_sandbox for name, terms in sorted(VENUES.items())}


def try_connection(  # noqa: PLR0913 - these are the facts of a connection
    *,
    account_id: UUID,
    venue: str,
    credentials: Credentials,
    base_currency: str,
    sandbox: bool,
    base_url: str,
    clock: Clock,
) -> Connection:
    """Ask a venue with a key that somebody has just typed what it opens; nothing is stored.

    Raises ExchangeUnavailable, MayWithdraw for a key that could take money out, and Misconfigured.
    """
    exchange = CcxtExchange(
        venue=venue,
        credentials=credentials,
        base_currency=base_currency,
        sandbox=sandbox,
        base_url=base_url,
        clock=clock,
        account_id=account_id,
    )
    may_withdraw = exchange.withdrawal_allowed()
    if may_withdraw:
        raise MayWithdraw
    return Connection(
        exchange=venue,
        sandbox=sandbox,
        base_url=base_url,
        balances=exchange.balances(account_id=account_id),
        clock_offset=exchange.clock_offset(account_id=account_id),
        can_withdraw=may_withdraw,
    )
