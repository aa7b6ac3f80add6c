"""What a random course of an account chooses from."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from tests.trading.bookkeeping import AGENTS, COIN, STOCK

FEE_NAMES = ("", "USD", "BNB", "XYZ", "of the asset")
FEE_PARTS = tuple(Decimal(number) for number in ("0", "0.001", "0.0007", "-0.0002", "0.03"))
RATIOS = tuple(Fraction(*pair) for pair in ((2, 1), (3, 2), (7, 1), (1, 3), (2, 5), (1, 10_000)))

pick = st.integers(0, 10_000)
keys = st.sampled_from((COIN, STOCK))
agents = st.sampled_from(AGENTS)
parts = st.sampled_from((1, 1, 3, 10, 100))
betters = st.integers(0, 40)
fees = st.sampled_from(FEE_PARTS)
fee_names = st.sampled_from(FEE_NAMES)
