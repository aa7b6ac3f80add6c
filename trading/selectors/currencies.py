"""In which currencies an account can be charged a fee, and what the third ones are worth."""

from collections.abc import Collection
from decimal import Decimal

from market.models import Instrument, Quote
from trading.domain.exchange import asset_of
from trading.domain.fees import Currencies
from trading.models import Account


def currencies_of(
    *, account: Account, instrument: Instrument, named: Collection[str]
) -> Currencies:
    """The currencies of a trade in `instrument`, with the newest rates of those that are `named`.

    One query, and none when no third currency is among them.
    """
    own = frozenset({account.base_currency, instrument.currency})
    known = Currencies(own=own, asset=asset_of(instrument.symbol))
    third = {name for name in named if known.is_third(name)}
    if not third:
        return known
    return Currencies(own=own, asset=known.asset, rates=_rates(account, third))


def _rates(account: Account, names: Collection[str]) -> dict[str, Decimal]:
    """The last price of each on the account's feed, the newest where several venues quote it."""
    symbols = [f"{name}/{account.base_currency}" for name in names]
    quotes = Quote.objects.filter(feed_id=account.feed_id, instrument__symbol__in=symbols)
    prices = quotes.order_by("as_of").values_list("instrument__symbol", "last")
    return {asset_of(symbol): last for symbol, last in prices}
