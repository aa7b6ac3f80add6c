"""One venue's way of being asked, for each of them."""

from collections.abc import Mapping

from trading.exchanges.ccxt.desks.binance import BinanceDesk
from trading.exchanges.ccxt.desks.bybit import BybitDesk
from trading.exchanges.ccxt.desks.coinbase import CoinbaseDesk
from trading.exchanges.ccxt.desks.desk import Desk
from trading.exchanges.ccxt.desks.hyperliquid import HyperliquidDesk
from trading.exchanges.ccxt.desks.kraken import KrakenDesk
from trading.exchanges.ccxt.desks.okx import OkxDesk

__all__ = ["DESKS", "Desk"]

DESKS: Mapping[str, type[Desk]] = {
    "binance": BinanceDesk,
    "kraken": KrakenDesk,
    "coinbase": CoinbaseDesk,
    "bybit": BybitDesk,
    "okx": OkxDesk,
    "hyperliquid": HyperliquidDesk,
}
