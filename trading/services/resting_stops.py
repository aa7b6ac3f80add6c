"""Stops that rest at the exchange itself, so that they sell while nobody here is alive.

For a live account on a venue that keeps stop orders, every share with a stop has one there: reduce
only, for all of the share that nothing else offers, at the price of its highest stop. It is an
order like any other, made by the gate and sent by the account's sender. The engine goes on
watching the same price: when the venue cancels or refuses the stop, or does not trade there, the
engine's own exit is made.

Never two of them for one share: a change is a cancel, and a new order when that is confirmed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from uuid import UUID

from django.db.models import F, Prefetch, QuerySet, Sum

from market.models import Quote
from market.selectors.calendars import calendar_of
from market.selectors.quotes import quotes
from trading.domain.checks.case import PERSONS_COLLAR
from trading.domain.exchange import Capabilities, Exchange
from trading.domain.protection import (
    STOPS,
    AtExchange,
    Step,
    effective_stop,
    next_step,
    resting_limit,
)
from trading.domain.requests import OrderRequest
from trading.domain.states import (
    AT_WORK,
    TERMINAL,
    CancelState,
    ExitReason,
    OrderState,
    OrderType,
    ProtectionKind,
    ProtectionState,
    Side,
    Source,
    StopMode,
    TimeInForce,
)
from trading.models import Account, Assessment, Order, PositionShare, Protection, StopRun
from trading.selectors.books import know_calendars, lock_account
from trading.selectors.ceilings import ceilings
from trading.services.arming import WORKING, journal
from trading.services.canceling import cancel_order
from trading.services.decisions import decide_locked
from trading.services.splits import waiting_for_splits
from tradingfarm.kernel.journal import transaction
from tradingfarm.kernel.money import ZERO, floor_to_step, plain

ACTOR = "protection"
STOP_TYPES = (OrderType.STOP, OrderType.STOP_LIMIT)
TRY_AGAIN = timedelta(seconds=30)
"""After a stop that the gate, or the venue by itself, refused or ended, wall time."""
GIVES_WAY = timedelta(seconds=15)
"""How long a share is left to the exit that a stop was canceled for, wall time."""

Place = tuple[UUID, UUID | None]
"""An instrument and the permission of a share of it: where an order of the account belongs."""


@dataclass(frozen=True)
class _Wanted:
    """The stop order that should rest for a share."""

    protection: Protection
    stop: AtExchange


def rest_stops(*, account: Account, exchange: Exchange, at: datetime, now: datetime) -> int:
    """One pass over the account's shares; returns how many stops were ordered or are to be ended.

    Asks the exchange nothing: what is decided here is sent and canceled like any order. `now` is
    market time, `at` wall time. Does nothing on paper, where a venue keeps no stops, and while an
    emergency stop cancels.
    """
    if account.kind != Account.Kind.LIVE or not exchange.capabilities.resting_stops:
        return 0
    resting = {_place_of(order): order for order in _resting(account)}
    shares = {_place(share): share for share in _shares(account)}
    if not (resting or shares) or _is_stopping(account):
        return 0
    offered = _offered_otherwise(account)
    divided = cache(lambda: waiting_for_splits(account=account, on=now.date()))
    steps = 0
    for place in sorted(resting.keys() | shares.keys(), key=str):
        order, share = resting.get(place), shares.get(place)
        wanted = None if share is None else _wanted(share, order, offered[place])
        match next_step(
            resting=None if order is None else _at_exchange(order),
            wanted=None if wanted is None else wanted.stop,
        ):
            case Step.CANCEL if order is not None:
                steps += _cancel(order, at=at)
            case Step.PLACE if wanted is not None and place[0] not in divided():
                steps += _place_stop(account, wanted, exchange.capabilities, now=now, at=at)
    return steps


def make_way(
    *,
    account_id: UUID,
    instrument_id: UUID,
    permission_id: UUID | None,
    requested_by: str,
    at: datetime,
) -> bool:
    """For an exit of an agent or a person: have the share's stop at the exchange canceled first.

    True when none rests there, so that the gate may be asked; else ask again in a moment. What was
    canceled so leaves the share to that exit for 15 s of wall time; the engine watches meanwhile.
    """
    orders = list(
        _stop_orders().filter(
            account=account_id,
            instrument=instrument_id,
            permission=permission_id,
        )
    )
    for order in orders:
        if order.cancel_state == CancelState.NONE:
            cancel_order(order_id=order.id, requested_by=requested_by, at=at)
        elif order.cancel_requested_by == ACTOR:
            Order.objects.filter(id=order.id).update(cancel_requested_by=requested_by[:120])
    return not orders


def _stop_orders() -> QuerySet[Order]:
    """The stop orders of protections that may be at an exchange, or on their way there."""
    return Order.objects.filter(
        source=Source.PROTECTION, order_type__in=STOP_TYPES, state__in=sorted(AT_WORK)
    ).order_by("approved_at", "id")


def _resting(account: Account) -> list[Order]:
    return list(_stop_orders().filter(account=account))


def _shares(account: Account) -> list[PositionShare]:
    """Shares that are held and have a stop that is armed or has fired."""
    working = Protection.objects.filter(state__in=WORKING).select_related("resting")
    stopped = PositionShare.objects.filter(
        position__account=account,
        quantity__gt=0,
        protections__kind__in=sorted(STOPS),
        protections__state__in=WORKING,
    )
    rows = stopped.select_related("position__instrument").distinct().order_by("id")
    return list(rows.prefetch_related(Prefetch("protections", working, to_attr="working")))


def _is_stopping(account: Account) -> bool:
    """Whether an emergency stop is canceling what rests; nothing is laid there meanwhile."""
    runs = account.stops.exclude(step=StopRun.Step.DONE)
    return runs.exclude(mode=StopMode.KEEP).exists()


def _offered_otherwise(account: Account) -> dict[Place, Decimal]:
    """What other sells at work offer of each share."""
    others = account.orders.filter(reduce_only=True, state__in=sorted(AT_WORK)).exclude(
        source=Source.PROTECTION, order_type__in=STOP_TYPES
    )
    left = others.values_list("instrument_id", "permission_id").annotate(
        left=Sum(F("quantity") - F("filled_quantity"))
    )
    found: dict[Place, Decimal] = defaultdict(lambda: ZERO)
    for instrument_id, permission_id, quantity in left.order_by():
        found[instrument_id, permission_id] = quantity
    return found


def _place(share: PositionShare) -> Place:
    return share.position.instrument_id, share.permission_id


def _place_of(order: Order) -> Place:
    return order.instrument_id, order.permission_id


def _wanted(share: PositionShare, order: Order | None, offered: Decimal) -> _Wanted | None:
    """The stop order that should rest for the share; none while another exit is going on."""
    working: Sequence[Protection] = vars(share)["working"]
    if any(each.state == ProtectionState.FIRED and not _is_exit(order, each) for each in working):
        return None
    highest = _highest(working)
    quantity = floor_to_step(share.quantity - offered, share.position.instrument.lot_size)
    if highest is None or quantity <= 0:
        return None
    stop = AtExchange(ProtectionKind(highest.kind), highest.price, quantity)
    return _Wanted(highest, stop)


def _is_exit(order: Order | None, protection: Protection) -> bool:
    """Whether the stop at the exchange is what the protection fired with: it trades in parts."""
    return order is not None and protection.exit_id == order.id


def _highest(working: Iterable[Protection]) -> Protection | None:
    stops = {
        AtExchange(ProtectionKind(each.kind), each.price, ZERO): each
        for each in working
        if each.kind in STOPS
    }
    highest = effective_stop(stops)
    return None if highest is None else stops[highest]


def _at_exchange(order: Order) -> AtExchange:
    return AtExchange(
        ProtectionKind.STOP_LOSS, order.stop_price or ZERO, order.quantity - order.filled_quantity
    )


def _cancel(order: Order, *, at: datetime) -> bool:
    """Wish its cancel, once; the sender asks the exchange until the order has ended."""
    if order.cancel_state != CancelState.NONE:
        return False
    cancel_order(order_id=order.id, requested_by=ACTOR, at=at)
    return True


def _place_stop(
    account: Account, wanted: _Wanted, offers: Capabilities, *, now: datetime, at: datetime
) -> bool:
    """Order the stop, unless it would trade at once or was refused a moment ago."""
    protection = wanted.protection
    quote = quotes(feed=account.feed_id, instruments=[protection.instrument_id]).get(
        protection.instrument_id
    )
    if quote is None or not _can_rest(wanted, quote, now=now):
        return False
    if _was_refused(protection, at=at):
        return False
    know_calendars()
    with transaction():
        locked = lock_account(account_id=account.id, now=now)
        rows = Protection.objects.select_related("share__permission", "resting")
        protection = rows.get(id=protection.id)
        if protection.state != ProtectionState.ARMED or _is_at_work(protection.resting):
            return False
        verdict = decide_locked(
            account=locked,
            request=_request(protection, wanted.stop, offers, quote),
            actor=ACTOR,
            now=now,
            at=at,
        )
        protection.attempts += 1
        if verdict.approved:
            protection.resting_id = verdict.order_id
        protection.save(update_fields=["attempts", "resting"])
        journal(protection, "protection.resting", at=at, as_of=now, order=verdict.order_id)
    return True


def _can_rest(wanted: _Wanted, quote: Quote, *, now: datetime) -> bool:
    """Below the market, which is open: at the bid and above it the engine exits instead."""
    calendar = calendar_of(quote.instrument.calendar)
    is_below = wanted.stop.price < min(quote.bid, quote.last)
    return is_below and calendar.session_of(now) is not None


def _was_refused(protection: Protection, *, at: datetime) -> bool:
    """Whether the newest try failed a moment ago, by the gate or by the venue's own doing."""
    order = protection.resting
    if order is not None and _intent(protection, protection.attempts) == order.intent_key:
        return order.ended_at is not None and at - order.ended_at < _pause(order)
    denied = Assessment.objects.filter(
        account=protection.account_id,
        intent_key=_intent(protection, protection.attempts),
        approved=False,
        at__gt=at - TRY_AGAIN,
    )
    return denied.exists()


def _pause(order: Order) -> timedelta:
    """How long after the end of this stop the next one waits: not at all after one of ours."""
    if order.state == OrderState.FILLED or order.cancel_requested_by == ACTOR:
        return timedelta(0)
    return GIVES_WAY if order.cancel_requested_by else TRY_AGAIN


def _is_at_work(order: Order | None) -> bool:
    return order is not None and order.state not in TERMINAL


def _intent(protection: Protection, number: int) -> str:
    return f"resting:{protection.id}:{number}"


def _collar(protection: Protection) -> Decimal:
    """How far the gate lets a limit give way, percent."""
    permission = protection.share.permission
    if permission is None:
        return PERSONS_COLLAR
    return min(permission.price_collar_pct, ceilings().price_collar_pct)


def _request(
    protection: Protection, stop: AtExchange, offers: Capabilities, quote: Quote
) -> OrderRequest:
    is_market = OrderType.STOP in offers.order_types
    limit = resting_limit(
        stop=stop.price, collar=_collar(protection), tick_size=quote.instrument.tick_size
    )
    return OrderRequest(
        intent_key=_intent(protection, protection.attempts + 1),
        source=Source.PROTECTION,
        instrument_id=protection.instrument_id,
        side=Side.SELL,
        quantity=stop.quantity,
        permission_id=protection.share.permission_id,
        order_type=OrderType.STOP if is_market else OrderType.STOP_LIMIT,
        stop_price=stop.price,
        limit_price=None if is_market else limit,
        time_in_force=TimeInForce.GTC,
        reason=ExitReason.STOP_ON_EXCHANGE.value,
        reasoning=f"The {protection.kind.replace('_', '-')} at {plain(stop.price)} rests there.",
    )
