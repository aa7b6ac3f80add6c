"""An account compared with its exchange: at the start, before anything trades, and from then on.

Start and crash recovery are this one path. A difference is never traded away: the account only
reduces from then on, and a person decides.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Max, Q

from trading.domain.exchange import Exchange, FoundOrder, FoundTrade, asset_of
from trading.domain.reconciling import (
    Difference,
    Held,
    compare,
    foreign_orders,
    foreign_trades,
    persisted,
)
from trading.domain.states import TERMINAL, BreakerKind, OrderState, Source
from trading.models import Account, Balance, Fill, Order, Position, Reconciliation
from trading.services.adopting import Strange, adopt_order, adopt_trades
from trading.services.barrier import close_barrier
from trading.services.breakers import trip
from trading.services.leases import Ownership
from trading.services.orders import lock_owned, sent
from trading.services.recovery import (
    expire_stale,
    follow_up,
    ingest_or_halt,
    look_for_tombstones,
)
from tradingfarm.kernel.journal import account_stream, record, transaction

LOOK_BACK = timedelta(hours=24)
"""Trades are asked for from this long before the last time that the two books agreed."""
APART = timedelta(seconds=5)
"""Two readings this far apart must find the same difference before it counts."""
CASH_STEP = Decimal("0.00000001")
ON_ITS_WAY = (OrderState.SUBMITTING, OrderState.UNKNOWN)


@dataclass(frozen=True)
class Reading:
    """What one comparison found. `is_final` says that it was stored as the account's state."""

    differences: tuple[Difference, ...]
    adopted: int
    is_final: bool
    strange: tuple[Strange, ...] = ()

    @property
    def agrees(self) -> bool:
        return not self.differences


def reconcile(
    *,
    account: Account,
    exchange: Exchange,
    ownership: Ownership,
    kind: Reconciliation.Kind,
    now: datetime,
    at: datetime,
) -> Reading:
    """Bring the account to what its exchange says of it, and compare the two books.

    It is READY when they agree. When two readings some seconds apart find the same difference, it
    only reduces from then on, and says so. `now` is market time, `at` wall time. Raises
    ExchangeUnavailable: what was not answered changes nothing, and nobody becomes ready by it.
    Raises OwnershipLost.
    """
    token = ownership.token
    expire_stale(account=account, at=at)
    follow_up(account=account, exchange=exchange, at=at, token=token)
    look_for_tombstones(account=account, exchange=exchange, at=at, token=token)
    adopted, strange = _adopt_foreign(account, exchange, token, now=now, at=at)
    seen = _activity(account)
    theirs = exchange.balances(account_id=account.id)
    differences = compare(ours=_ours(account), theirs=theirs)
    if seen != _activity(account):
        return Reading(differences, adopted, is_final=False)
    found = Reading(differences, adopted, is_final=True, strange=tuple(strange))
    return _store(found, ownership, kind, now=now, at=at)


def _adopt_foreign(
    account: Account, exchange: Exchange, token: int, *, now: datetime, at: datetime
) -> tuple[int, list[Strange]]:
    since = (account.reconciled_at or account.created_at) - LOOK_BACK
    resting = exchange.open_orders(account_id=account.id)
    traded = _unbooked(account, exchange.trades(account_id=account.id, since=since))
    ours, external = _known(account, resting, traded)
    adopted = [
        adopt_order(account=account, found=found, token=token, now=now, at=at)
        for found in foreign_orders(resting, ours=ours)
        if found.exchange_order_id not in external
    ]
    rests = {each.exchange_order_id for each in resting}
    for order_id, trades in foreign_trades(traded, ours=ours).items():
        if order_id not in rests:
            adopted.append(
                adopt_trades(account=account, trades=trades, token=token, now=now, at=at)
            )
    _book_late(account, exchange, token, {each.client_order_id for each in traded} & ours, at=at)
    strange = [each for each in adopted if isinstance(each, Strange)]
    return len(adopted) - len(strange), strange


def _known(
    account: Account, resting: Sequence[FoundOrder], traded: Sequence[FoundTrade]
) -> tuple[frozenset[str], frozenset[str]]:
    """Of what the exchange named: client ids of orders made here, its ids of those adopted."""
    found: list[FoundOrder | FoundTrade] = [*resting, *traded]
    named = Order.objects.filter(
        Q(client_order_id__in={each.client_order_id for each in found})
        | Q(exchange_order_id__in={each.exchange_order_id for each in found}),
        account=account,
    )
    made = named.exclude(source=Source.EXTERNAL).values_list("client_order_id", flat=True)
    adopted = named.filter(source=Source.EXTERNAL).values_list("exchange_order_id", flat=True)
    return frozenset(made), frozenset(adopted)


def _unbooked(account: Account, traded: Sequence[FoundTrade]) -> list[FoundTrade]:
    """A trade's id is unique within its instrument only."""
    named = {each.trade.trade_id for each in traded}
    booked = frozenset(
        Fill.objects.filter(account=account, trade_id__in=named).values_list(
            "instrument__symbol", "trade_id"
        )
    )
    return [each for each in traded if (each.symbol, each.trade.trade_id) not in booked]


def _book_late(
    account: Account, exchange: Exchange, token: int, names: Collection[str], *, at: datetime
) -> None:
    """Trades that show after their order was told to have ended: nobody else asks about it."""
    ended = account.orders.filter(client_order_id__in=names, state__in=sorted(TERMINAL))
    orders = list(ended.select_related("instrument").order_by("approved_at", "id"))
    reports = exchange.reports(orders=[sent(order) for order in orders]) if orders else {}
    for order in orders:
        if order.client_order_id in reports:
            told = reports[order.client_order_id]
            ingest_or_halt(order=order, report=told, at=at, token=token)


def _activity(account: Account) -> tuple[object, ...]:
    """What changes whenever our own book does: a comparison across a change proves nothing."""
    newest = Fill.objects.filter(account=account).aggregate(newest=Max("id"))["newest"]
    cash = Account.objects.values_list("cash", flat=True).get(id=account.id)
    on_its_way = account.orders.filter(state__in=ON_ITS_WAY).count()
    return newest, cash, on_its_way


def _ours(account: Account) -> list[Held]:
    cash = Account.objects.values_list("cash", flat=True).get(id=account.id)
    positions = Position.objects.filter(account=account).select_related("instrument")
    balances = Balance.objects.filter(account=account)
    return [
        Held(account.base_currency, cash, CASH_STEP),
        *(
            Held(
                asset_of(position.instrument.symbol),
                position.quantity,
                position.instrument.lot_size,
            )
            for position in positions.order_by("id")
        ),
        *(Held(each.currency, each.quantity, CASH_STEP) for each in balances.order_by("id")),
    ]


def _store(
    found: Reading,
    ownership: Ownership,
    kind: Reconciliation.Kind,
    *,
    now: datetime,
    at: datetime,
) -> Reading:
    with transaction():
        if found.differences:
            # What differs for long halts the account: no claim may be under way meanwhile.
            close_barrier(account_id=ownership.account_id)
        locked = lock_owned(account_id=ownership.account_id, token=ownership.token)
        lasting = _lasting(locked, found.differences, at=at)
        words = _words(found)
        was_ready = locked.is_ready
        if found.agrees:
            locked.is_ready, locked.reconciled_at = True, at
        elif lasting:
            locked.is_ready = True
        locked.reconciliation = words
        locked.save(update_fields=["is_ready", "reconciled_at", "reconciliation"])
        if kind == Reconciliation.Kind.START or not found.agrees or found.adopted:
            _journal(locked, found, kind, ownership, words, at=at)
        if lasting:
            trip(
                account=locked,
                kind=BreakerKind.DIFFERENCE,
                number=lasting[0].sentence[:60],
                limit="no difference",
                now=now,
                at=at,
            )
        is_final = found.agrees or bool(lasting) or was_ready
    return replace(found, is_final=is_final)


def _lasting(
    account: Account, differences: tuple[Difference, ...], *, at: datetime
) -> tuple[Difference, ...]:
    """Differences that an earlier reading found too, with nothing traded in between."""
    if not differences:
        return ()
    earlier = account.reconciliations.filter(at__lte=at - APART).order_by("-at", "-id").first()
    if earlier is None or Fill.objects.filter(account=account, at__gt=earlier.at).exists():
        return ()
    return persisted(differences, before=[_stored(each) for each in earlier.differences])


def _stored(row: dict[str, str]) -> Difference:
    return Difference(row["asset"], Decimal(row["ours"]), Decimal(row["theirs"]))


def _words(found: Reading) -> str:
    sentences = [each.sentence for each in found.differences] + [
        f"{each.symbol}: an order in what is no instrument here" for each in found.strange
    ]
    return "; ".join(sentences)[:300]


def _journal(
    account: Account,
    found: Reading,
    kind: Reconciliation.Kind,
    ownership: Ownership,
    words: str,
    *,
    at: datetime,
) -> None:
    differences = [
        {"asset": each.asset, "ours": str(each.ours), "theirs": str(each.theirs)}
        for each in found.differences
    ]
    Reconciliation.objects.create(
        account=account,
        kind=kind,
        agreed=found.agrees,
        differences=differences,
        adopted=found.adopted,
        fencing_token=ownership.token,
        at=at,
    )
    record(
        stream=account_stream(account.id),
        kind="account.reconciled" if found.agrees else "account.differs",
        actor="sender",
        subject=f"account:{account.id}",
        payload={
            "kind": kind,
            "differences": differences,
            "adopted": found.adopted,
            "words": words,
        },
        at=at,
    )
