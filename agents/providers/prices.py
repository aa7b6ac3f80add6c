"""What a call costs, from the price list that genai-prices maintains."""

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from agents.domain.asking import ProviderFailed
from tradingfarm.kernel.money import MONEY

MICRODOLLAR = Decimal("0.000001")


@dataclass(frozen=True)
class Tokens:
    """Tokens of one call. `read` is all input, with what came from a cache or went into one."""

    read: int
    written: int
    from_cache: int = 0
    to_cache: int = 0


class NoPrice(ProviderFailed):
    """What a model costs is not known, so no budget can hold it."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"There is no price for the model {model[:80]!r}, so it is not asked: correct its"
            " name, choose another model, or update genai-prices.",
            permanent=True,
        )


def dollars(*, service: str, model: str, tokens: Tokens) -> Decimal:
    """The price of a call now, to the millionth of a dollar, rounded up. Raises NoPrice."""
    from genai_prices import Usage, calc_price  # a third of a second, on first use

    usage = Usage(
        input_tokens=tokens.read,
        output_tokens=tokens.written,
        cache_read_tokens=tokens.from_cache,
        cache_write_tokens=tokens.to_cache,
    )
    try:
        price = calc_price(usage, model, provider_id=service)
    except LookupError:
        raise NoPrice(model) from None
    total: Decimal = price.total_price
    return total.quantize(MICRODOLLAR, rounding=ROUND_UP, context=MONEY)
