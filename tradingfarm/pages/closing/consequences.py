"""What closing a position or canceling an order by hand would do, read at this moment."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q

from market.models import Instrument, Quote
from market.selectors.calendars import calendar_of
from market.selectors.clocks import market_time
from trading.domain.states import HaltState, ProtectionState
from trading.models import Account, PositionShare
from tradingfarm.kernel.journal import account_stream, heads_of
from tradingfarm.kernel.money import ZERO


@dataclass(frozen=True)
class ShareToClose:
    """One agent's part, or a person's own; `free` is what no order at work offers already."""

    id: int
    owner: str
    quantity: Decimal
    free: Decimal
    cost: Decimal
    protections: int


@dataclass(frozen=True)
class PositionToClose:
    """A position with what selling it would bring, estimated at the last price.

    `request_key` names the state of the account that the person sees: whoever confirms the same
    state again, by a second click or at a second screen, confirms the same sale.
    """

    account: Account
    instrument: Instrument
    shares: tuple[ShareToClose, ...]
    last: Decimal | None
    market_is_open: bool
    request_key: str

    @property
    def quantity(self) -> Decimal:
        return sum((share.quantity for share in self.shares), ZERO)

    @property
    def free(self) -> Decimal:
        return sum((share.free for share in self.shares), ZERO)

    @property
    def offered(self) -> Decimal:
        return self.quantity - self.free

    @property
    def protections(self) -> int:
        return sum(share.protections for share in self.shares)

    @property
    def worth(self) -> Decimal | None:
        return None if self.last is None else self.free * self.last

    @property
    def fees(self) -> Decimal | None:
        return None if self.worth is None else self.worth * self.account.fee_rate

    @property
    def profit(self) -> Decimal | None:
        """What it would realise, net of fees, where nothing is offered already."""
        if self.worth is None or self.fees is None or self.offered:
            return None
        return self.worth - self.fees - sum((share.cost for share in self.shares), ZERO)

    @property
    def is_halted(self) -> bool:
        return bool(self.account.halt_state == HaltState.HALTED)


def position_to_close(
    *, owner_id: int, account_id: UUID, instrument_id: UUID, at: datetime
) -> PositionToClose | None:
    """Six queries; None without such an account or instrument of the owner. `at` is wall time.

    A position that is flat has no shares.
    """
    account = Account.objects.filter(owner_id=owner_id, id=account_id).first()
    instrument = Instrument.objects.filter(id=instrument_id).first()
    if account is None or instrument is None:
        return None
    seq = heads_of([account_stream(account_id)]).get(account_stream(account_id), 0)
    now = market_time(feed_name=account.feed_id, at=at)
    quotes = Quote.objects.filter(feed=account.feed_id, instrument=instrument)
    return PositionToClose(
        account=account,
        instrument=instrument,
        shares=tuple(map(_share, _shares(account_id, instrument_id))),
        last=quotes.values_list("last", flat=True).first(),
        market_is_open=calendar_of(instrument.calendar).session_of(now) is not None,
        request_key=str(seq),
    )


def _shares(account_id: UUID, instrument_id: UUID) -> Collection[PositionShare]:
    working = Q(protections__state__in=[ProtectionState.ARMED, ProtectionState.FIRED])
    return (
        PositionShare.objects.filter(
            position__account=account_id, position__instrument=instrument_id, quantity__gt=0
        )
        .select_related("permission")
        .annotate(working=Count("protections", filter=working))
        .order_by("id")
    )


def _share(share: PositionShare) -> ShareToClose:
    return ShareToClose(
        id=share.id,
        owner=share.permission.agent_name if share.permission else "By hand",
        quantity=share.quantity,
        free=share.quantity - share.reserved_quantity,
        cost=share.cost,
        protections=vars(share)["working"],
    )
