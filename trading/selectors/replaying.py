"""Whether what is stored of an account follows from the events of its journal alone."""

from collections.abc import Iterator
from uuid import UUID

from django.db.transaction import atomic

from trading.domain.booking import Share
from trading.domain.ledger import Lot, Oversold
from trading.domain.replaying import (
    MOVES_MONEY,
    AccountState,
    Event,
    Reservation,
    Unrecorded,
    differences,
    replay,
)
from trading.domain.states import AT_WORK, Side, Source
from trading.models import Account, Balance, Order, Position, PositionShare
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent

CHUNK = 2_000


def is_replayed() -> bool:
    """True when no account differs from its journal by a single decimal."""
    accounts = Account.objects.order_by("id").values_list("id", flat=True)
    return not any(replay_differences(account_id=account_id) for account_id in accounts)


def replay_differences(*, account_id: UUID) -> tuple[str, ...]:
    """One sentence for each stored number of the account that its journal does not give.

    Cash, what is reserved of it and by which order, every position, share and balance. Reads all
    of the stream, under the account's lock, so that nothing moves meanwhile.
    """
    with atomic():
        account = Account.objects.select_for_update(no_key=True).get(id=account_id)
        try:
            replayed = replay(_events(account_id))
        except (Oversold, Unrecorded) as error:
            return (f"the journal is impossible: {error}",)
        return differences(replayed=replayed, stored=_stored(account))


def _events(account_id: UUID) -> Iterator[Event]:
    events = JournalEvent.objects.filter(
        stream=account_stream(account_id), kind__in=sorted(MOVES_MONEY)
    ).order_by("seq")
    for event in events.iterator(chunk_size=CHUNK):
        yield Event(event.kind, event.subject, event.payload)


def _stored(account: Account) -> AccountState:
    shares = PositionShare.objects.filter(position__account=account).select_related("position")
    orders = Order.objects.filter(account=account, state__in=sorted(AT_WORK))
    balances = Balance.objects.filter(account=account)
    return AccountState(
        cash=account.cash,
        reserved=account.reserved,
        positions={
            position.instrument_id: _lot(position)
            for position in Position.objects.filter(account=account)
        },
        shares={
            (share.position.instrument_id, share.permission_id): Share(
                _lot(share), share.reserved_quantity
            )
            for share in shares
        },
        balances=dict(balances.values_list("currency", "quantity")),
        # One that people made at the exchange itself was approved by nobody, and reserves nothing.
        orders={order.id: _reservation(order) for order in orders.exclude(source=Source.EXTERNAL)},
    )


def _lot(row: Position | PositionShare) -> Lot:
    return Lot(row.quantity, row.cost, row.realised, row.fees)


def _reservation(order: Order) -> Reservation:
    return Reservation(
        owner=(order.instrument_id, order.permission_id),
        side=Side(order.side),
        left=order.quantity - order.filled_quantity,
        cash=order.reserved_cash,
    )
