"""The paper exchange: one like any other, with tables and committed transactions of its own.

Orders wait until `match` runs at the quotes of their feed; what an order then makes of a quote is
decided by `trading.domain.matching`.
"""

from trading.exchanges.paper.adapter import PaperExchange
from trading.exchanges.paper.matching import match

__all__ = ["PaperExchange", "match"]
