"""What an emergency stop would do to accounts, in numbers read at this moment."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Subquery

from market.models import Quote
from trading.domain.states import AT_WORK, HaltState, OrderState, ProtectionState
from trading.models import Account, Order, Position, Protection, StopRun
from tradingfarm.kernel.money import ZERO

IN_FLIGHT = (OrderState.SUBMITTING, OrderState.UNKNOWN)
AT_EXCHANGE = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)


@dataclass(frozen=True)
class HeldPosition:
    """A position at its last price, at its cost where there is none; in the account's currency."""

    symbol: str
    quantity: Decimal
    lot_size: Decimal
    value: Decimal


@dataclass(frozen=True)
class Consequences:
    """One account before a stop: what waits, what is on its way, what is held and protected.

    `unsent` orders never leave, whatever is chosen; `in_flight` ones are waited for; `resting`
    ones are at the exchange. `is_being_stopped` while a stop is carried out. `fees` is what
    selling everything would cost, estimated.
    """

    account_id: UUID
    name: str
    kind: str
    currency: str
    halt_state: HaltState
    is_being_stopped: bool
    unsent: int
    in_flight: int
    resting: int
    positions: tuple[HeldPosition, ...]
    protections: int
    fees: Decimal

    @property
    def worth(self) -> Decimal:
        return sum((position.value for position in self.positions), ZERO)

    @property
    def is_halted(self) -> bool:
        return self.halt_state is HaltState.HALTED


def consequences_of(*, owner_id: int, account_id: UUID | None) -> tuple[Consequences, ...]:
    """One account of the owner, or all of them in the order of their opening: four queries.

    Empty where there is no such account.
    """
    unfinished = StopRun.objects.filter(account=OuterRef("pk")).exclude(step=StopRun.Step.DONE)
    accounts = (
        Account.objects.filter(owner_id=owner_id)
        .annotate(unfinished=Exists(unfinished))
        .order_by("created_at", "id")
    )
    chosen = list(accounts if account_id is None else accounts.filter(id=account_id))
    ids = [account.id for account in chosen]
    states, held, protections = _orders(ids), _positions(ids), _protections(ids)
    return tuple(
        _consequences(
            account, states[account.id], tuple(held[account.id]), protections.get(account.id, 0)
        )
        for account in chosen
    )


def _consequences(
    account: Account,
    states: Mapping[str, int],
    held: tuple[HeldPosition, ...],
    protections: int,
) -> Consequences:
    worth = sum((position.value for position in held), ZERO)
    return Consequences(
        account_id=account.id,
        name=account.name,
        kind=account.kind,
        currency=account.base_currency,
        halt_state=HaltState(account.halt_state),
        is_being_stopped=vars(account)["unfinished"],
        unsent=states.get(OrderState.APPROVED, 0),
        in_flight=sum(states.get(state, 0) for state in IN_FLIGHT),
        resting=sum(states.get(state, 0) for state in AT_EXCHANGE),
        positions=held,
        protections=protections,
        fees=worth * account.fee_rate,
    )


def _orders(ids: Sequence[UUID]) -> dict[UUID, Counter[str]]:
    counted: dict[UUID, Counter[str]] = {key: Counter() for key in ids}
    orders = Order.objects.filter(account__in=ids, state__in=sorted(AT_WORK)).order_by()
    for key, state, number in orders.values_list("account", "state").annotate(Count("id")):
        counted[key][state] = number
    return counted


def _positions(ids: Sequence[UUID]) -> dict[UUID, list[HeldPosition]]:
    found: dict[UUID, list[HeldPosition]] = {key: [] for key in ids}
    quotes = Quote.objects.filter(
        feed=OuterRef("account__feed"), instrument=OuterRef("instrument")
    )
    positions = (
        Position.objects.filter(account__in=ids, quantity__gt=0)
        .annotate(symbol=F("instrument__symbol"), lot_size=F("instrument__lot_size"))
        .annotate(last=Subquery(quotes.values("last")[:1]))
        .order_by("symbol")
    )
    for key, symbol, quantity, lot_size, cost, last in positions.values_list(
        "account", "symbol", "quantity", "lot_size", "cost", "last"
    ):
        value = cost if last is None else quantity * last
        found[key].append(HeldPosition(symbol, quantity, lot_size, value))
    return found


def _protections(ids: Sequence[UUID]) -> dict[UUID, int]:
    working = Protection.objects.filter(
        account__in=ids, state__in=[ProtectionState.ARMED, ProtectionState.FIRED]
    )
    return dict(working.order_by().values_list("account").annotate(Count("id")))
