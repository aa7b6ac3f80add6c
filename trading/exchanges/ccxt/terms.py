"""What has to be known of a venue before an order goes there: values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from trading.domain.exchange import Capabilities, Delays
from trading.domain.states import OrderState


class Expiry(StrEnum):
    """How the venue is told to refuse an order request that reaches it late.

    A window counts from the request's own timestamp, in milliseconds; a deadline is a moment.
    SIGNED: a deadline within what is signed. NONE: not at all.
    """

    WINDOW_PARAMETER = "window_parameter"
    WINDOW_HEADER = "window_header"
    DEADLINE_PARAMETER = "deadline_parameter"
    DEADLINE_HEADER = "deadline_header"
    SIGNED = "signed"
    NONE = "none"


class Naming(StrEnum):
    """The form in which the venue wants a client order id: our text, or the order's 128 bits."""

    PLAIN = "plain"
    UUID = "uuid"
    HEX = "hex"


@dataclass(frozen=True)
class Refusals:
    """Answers that prove that an order was refused: code to a sentence, with the HTTP statuses.

    A code is the venue's own, or its own text where it has no codes; `beginnings` are texts of
    which only the beginning is fixed. What is not listed proves nothing.
    """

    statuses: frozenset[int]
    codes: Mapping[str, str]
    beginnings: Mapping[str, str] = field(default_factory=dict)

    def sentence(self, code: str, *, status: int) -> str:
        """Why the order was refused; empty when this answer does not prove it."""
        if status not in self.statuses:
            return ""
        if code in self.codes:
            return self.codes[code]
        return next(
            (said for begins, said in self.beginnings.items() if code.startswith(begins)), ""
        )


@dataclass(frozen=True)
class Shape:
    """What a proper answer holds: a list or an object under `keys`, and `required` in each row.

    An object is one row itself, unless it is `by_id`: then its values are rows.
    """

    kind: type
    keys: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    by_id: bool = False


@dataclass(frozen=True)
class VenueTerms:
    """One venue, its spot markets only."""

    ccxt_id: str
    title: str
    capabilities: Capabilities
    delays: Delays
    expiry: Expiry
    naming: Naming
    client_id_parameter: str
    """By which a question names an order of ours."""
    client_id_pattern: str
    order_path: str
    """How the address of an order request ends."""
    refusals: Refusals
    rate_limits: Refusals
    absent: Refusals
    """Answers that an order is not known."""
    too_late_to_cancel: Refusals
    shapes: Mapping[str, Shape]
    """By patterns of paths; the first that fits counts."""
    endings: Mapping[str, OrderState]
    """The words of orders that have ended. Any other word is of an order at work."""
    state_key: str
    rate: float
    """Questions a second that we allow ourselves, at most four fifths of the venue's."""
    burst: int
    action_rate: float
    """Orders and cancels a second; venues count them apart from questions."""
    action_burst: int
    actions: tuple[str, ...]
    """Patterns of method and path that are orders and cancels."""
    shortest_expiry: timedelta = timedelta(milliseconds=100)
    """A request that expires sooner is not sent."""
    stops_only_rest: bool = False
    """Once triggered, a stop cannot be immediate or canceled."""
    client_id_on_order: str = "clientOrderId"
    client_id_in_order: str = ""
    """A key of the venue's own rows; empty where ccxt's reading serves."""
    client_id_in_trade: str = ""
    """A key of the venue's own rows; empty where a trade does not name it."""
    order_parameters: Mapping[str, object] = field(default_factory=dict)
    topic_key: str = ""
    """What tells questions apart in their body, where they all have one path."""
    has_sandbox: bool = False
    clock_step: timedelta = timedelta(milliseconds=1)
    """The resolution of the time that the venue tells."""
    trade_window: timedelta | None = None
    """The longest interval that one question for trades may span."""
    trades_need_symbol: bool = False
    page: int = 100
    """Rows of a full answer."""
    needs_password: bool = False
    needs_wallet: bool = False
    fetches_currencies: bool = False
    options: Mapping[str, object] = field(default_factory=dict)
    """Of ccxt."""

    def shape_of(self, path: str) -> Shape | None:
        """What an answer of this path must hold; None for a path that nobody reviewed."""
        fitting = (shape for wanted, shape in self.shapes.items() if fnmatchcase(path, wanted))
        return next(fitting, None)
