"""Decimal arithmetic: one context, steps of an instrument, and nothing that rounds in silence."""

from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    InvalidOperation,
    Overflow,
)

ZERO = Decimal(0)
CENT = Decimal("0.01")

MONEY = Context(
    prec=38,
    rounding=ROUND_HALF_EVEN,
    traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation],
)
"""Precision of PostgreSQL's numeric(38, 18); a float in money arithmetic raises."""


class NotAnAmount(ValueError):
    """The text is no finite decimal number."""


def amount(text: str | int | Decimal) -> Decimal:
    """A finite Decimal from text. Floats, NaN and infinities are refused: raises NotAnAmount."""
    if isinstance(text, float):
        raise NotAnAmount(f"{text!r} is a float; give money as text, such as '0.1'.")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise NotAnAmount(f"{text!r} is not a number.") from None
    if not value.is_finite():
        raise NotAnAmount(f"{text!r} is not a finite number.")
    return value


def floor_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`."""
    return _to_step(value, step, ROUND_FLOOR)


def ceil_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value`."""
    return _to_step(value, step, ROUND_CEILING)


def round_half_even(value: Decimal, step: Decimal) -> Decimal:
    """The multiple of `step` nearest to `value`; ties go to the even one."""
    return _to_step(value, step, ROUND_HALF_EVEN)


def _to_step(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    if step <= 0:
        raise ValueError(f"A step is positive, not {step}.")
    steps = MONEY.divide(value, step).quantize(Decimal(1), rounding=rounding, context=MONEY)
    return MONEY.multiply(steps, step)


def plain(value: Decimal) -> str:
    """`value` as text without exponent or trailing zeros: '100', '0.5', '-3.25'."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
