"""How amounts, prices, times and agents look: the same on every page."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from django import template
from django.template import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tradingfarm.kernel.money import CENT, plain

register = template.Library()

MISSING, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
COLOURS = frozenset(
    {
        *("blue", "azure", "indigo", "purple", "pink", "red"),
        *("orange", "yellow", "lime", "green", "teal", "cyan"),
    }
)
ICONS = frozenset(
    {
        *("alert-triangle", "arrows-exchange", "bolt", "briefcase", "building-bank"),
        *("chart-candle", "chart-line", "eye", "message", "mood-smile", "news"),
        *("report-money", "robot", "shield", "shield-check", "target", "users", "world"),
    }
)
FORMATS = {"full": "%-d %b %Y, %H:%M", "short": "%-d %b, %H:%M", "seconds": "%-d %b %Y, %H:%M:%S"}


@register.filter
def money(value: Decimal | None) -> str:
    """An amount with separated thousands and two places: '100,000.00'."""
    return MISSING if value is None else _places(value, CENT)


@register.filter
def stepped(value: Decimal | None, step: Decimal) -> str:
    """A price or quantity with separated thousands, as precise as its instrument's step."""
    return MISSING if value is None else _places(value, step)


@register.filter
def percent(value: Decimal | None) -> str:
    """A percentage with two places and without its unit: '12.30'."""
    return MISSING if value is None else _places(value, CENT)


@register.simple_tag
def pnl(value: Decimal | None, unit: str = "") -> SafeString:
    """A profit or loss with sign, arrow and colour; zero has none. `unit` follows the number."""
    if value is None:
        return format_html('<span class="pnl">{}</span>', MISSING)
    way, arrow, sign = _direction(value.quantize(CENT, rounding=ROUND_HALF_EVEN))
    text = f"{sign}{_places(abs(value), CENT)}{unit}"
    return format_html(
        '<span class="pnl {}"><span class="arrow" aria-hidden="true">{}</span>{}</span>',
        way,
        arrow,
        text,
    )


@register.simple_tag(takes_context=True)
def moment(context: Context, value: datetime | None, zone: str, look: str = "full") -> SafeString:
    """A time in the account's zone, with UTC on hover and for machines.

    A `short` one has no year while that is the year of the market that the page shows.
    """
    if value is None:
        return format_html('<span class="time">{}</span>', MISSING)
    local, utc = value.astimezone(ZoneInfo(zone)), value.astimezone(UTC)
    if look == "short" and local.year != _present_year(context, zone):
        look = "full"
    return format_html(
        '<time class="time" datetime="{}" title="{}">{}</time>',
        utc.isoformat(),
        f"{utc:%Y-%m-%d %H:%M:%S} UTC",
        f"{local:{FORMATS[look]}}",
    )


def _present_year(context: Context, zone: str) -> int | None:
    """The year on the clock in the top bar; none where the page has no market."""
    frame = context.get("frame")
    page = frame.page if frame else None
    present: datetime | None = page.clock.as_of if page else None
    return present.astimezone(ZoneInfo(zone)).year if present else None


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of static/icons.svg; without a label it is hidden from screen readers."""
    address = f"{static('icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, address
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', address)


@register.inclusion_tag("frame/_rail_entry.html", takes_context=True)
def rail_entry(
    context: Context, name: str, image: str, label: str, *, rest: bool = False
) -> dict[str, object]:
    """One place of the farm; it is the current one for each address of its section.

    A view names its section in `section` where its address does not begin with it. On a phone
    there is no room for the `rest`, which unfolds.
    """
    match = context["request"].resolver_match
    section = context.get("section") or (match.url_name if match else "")
    return {
        "address": reverse(name),
        "image": image,
        "label": label,
        "rest": rest,
        "current": section == name or section.removesuffix("s") == name.removesuffix("s"),
    }


@register.filter
def agent_icon(name: str) -> str:
    """An icon that exists: an unknown one is drawn as a robot."""
    return name if name in ICONS else "robot"


@register.filter
def agent_class(colour: str) -> str:
    """The class of an agent's colour; without a known one it stays neutral."""
    return f"agent-{colour}" if colour in COLOURS else "agent-none"


@register.filter
def zone_words(zone: str) -> str:
    """A time zone for people: 'America/New_York' is 'New York'."""
    return zone.rpartition("/")[2].replace("_", " ")


@register.filter
def joined(items: tuple[str, ...], separator: str = ", ") -> str:
    """Texts in one line."""
    return separator.join(items)


def _places(value: Decimal, step: Decimal) -> str:
    """As many places as the step has; a number that rounds to nothing has no sign."""
    text = plain(step)
    places = len(text.partition(".")[2])
    shown = f"{value:,.{places}f}"
    if not shown.strip("-0.,"):
        shown = shown.lstrip("-")
    return shown.replace("-", MINUS)


def _direction(rounded: Decimal) -> tuple[str, str, str]:
    if rounded > 0:
        return "up", "▲", "+"
    if rounded < 0:
        return "down", "▼", MINUS
    return "flat", "", ""
