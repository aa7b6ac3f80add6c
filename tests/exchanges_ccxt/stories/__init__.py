"""What each of the six venues says, by its name in ccxt."""

from tests.exchanges_ccxt.stories.binance import BinanceStory
from tests.exchanges_ccxt.stories.bybit import BybitStory
from tests.exchanges_ccxt.stories.coinbase import CoinbaseStory
from tests.exchanges_ccxt.stories.hyperliquid import HyperliquidStory
from tests.exchanges_ccxt.stories.kraken import KrakenStory
from tests.exchanges_ccxt.stories.okx import OkxStory
from tests.exchanges_ccxt.stories.story import Story, Told, Trade

STORIES: dict[str, type[Story]] = {
    story.venue: story
    for story in (
        BinanceStory,
        KrakenStory,
        CoinbaseStory,
        BybitStory,
        OkxStory,
        HyperliquidStory,
    )
}

__all__ = ["STORIES", "HyperliquidStory", "Story", "Told", "Trade"]
