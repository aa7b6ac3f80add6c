"""What is known of the world, as rows."""

from market.models.candles import Candle
from market.models.feeds import Feed, Quote, Replay
from market.models.instruments import Instrument, Split
from market.models.statistics import Statistics

__all__ = ["Candle", "Feed", "Instrument", "Quote", "Replay", "Split", "Statistics"]
