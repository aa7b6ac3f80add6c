"""The one place that knows which exchange an account trades on."""

from trading.domain.exchange import Exchange
from trading.exchanges.paper import PaperExchange
from trading.models import Account
from tradingfarm.kernel.errors import FarmError


class NoSuchExchange(FarmError):
    """The account names an exchange that this release does not have."""

    def __init__(self, account: Account) -> None:
        super().__init__(
            f"Account {account.name} trades on {account.exchange!r}; only 'paper' exists yet.",
            permanent=True,
        )


def exchange_for(account: Account) -> Exchange:
    """The account's exchange. Raises NoSuchExchange."""
    if account.kind == Account.Kind.PAPER and account.exchange == "paper":
        return PaperExchange()
    raise NoSuchExchange(account)
