"""The emergency stop: one commit after which nothing is sent, then steps that can be resumed.

It needs PostgreSQL and the exchange, nothing else. Whoever finds an unfinished run goes on with
it: the command that asked, a page, or the sender after a crash. Each step is safe to repeat.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db.models import F

from trading.domain.exchange import Exchange, FoundOrder, Sent
from trading.domain.requests import OrderRequest
from trading.domain.states import (
    AT_WORK,
    ExitReason,
    Side,
    Source,
    StopMode,
)
from trading.models import Account, PositionShare, StopRun
from trading.selectors.books import LockedAccount, know_calendars, lock_account
from trading.services.barrier import halt, own_barrier
from trading.services.decisions import decide_locked
from trading.services.recovery import expire_stale, follow_up
from tradingfarm.kernel.journal import account_stream, record, transaction

FLAT_TWICE = 2
AFTER_DENIAL = timedelta(seconds=5)
"""A liquidation that the gate refused is tried again after this, wall time."""
STRENGTH = [StopMode.KEEP, StopMode.CANCEL, StopMode.FLATTEN]


def stop_account(
    *, account_id: UUID, mode: StopMode, requested_by: str, reason: str, at: datetime
) -> StopRun:
    """Halt the account: from this commit on no entry is claimed. Returns the run to be advanced.

    An unfinished run is taken over; asking for more (cancel, then flatten) strengthens it. Words
    that are too long for their column are cut: no stop fails over its reason.
    """
    requested_by, reason = requested_by[:120], reason[:200]
    with transaction():
        account = own_barrier(account_id=account_id)
        halt(account, reason=reason or f"Emergency stop by {requested_by}")
        run = _run(account, mode, requested_by=requested_by, reason=reason, at=at)
        _journal(run, "account.halted", actor=requested_by, at=at)
    return run


def _run(
    account: Account, mode: StopMode, *, requested_by: str, reason: str, at: datetime
) -> StopRun:
    run = account.stops.exclude(step=StopRun.Step.DONE).first()
    if run is None:
        return StopRun.objects.create(
            id=uuid5(account.id, f"stop:{account.epoch}"),
            account=account,
            mode=mode,
            step=StopRun.Step.HALTED,
            epoch=account.epoch,
            requested_by=requested_by,
            reason=reason,
            at=at,
        )
    if STRENGTH.index(mode) > STRENGTH.index(StopMode(run.mode)):
        run.mode = mode
    run.step, run.epoch, run.confirmations = StopRun.Step.HALTED, account.epoch, 0
    run.save(update_fields=["mode", "step", "epoch", "confirmations"])
    return run


def advance_stop(*, run_id: UUID, exchange: Exchange, now: datetime, at: datetime) -> StopRun:
    """Do what the run's step asks for, once. Call again until its step is DONE.

    `now` is market time, `at` wall time. Raises ExchangeUnavailable; the step then stays.
    """
    run = StopRun.objects.select_related("account").get(id=run_id)
    expire_stale(account=run.account, at=at)
    if run.step != StopRun.Step.HALTED and run.step != StopRun.Step.DONE:
        follow_up(account=run.account, exchange=exchange, at=at)
    match run.step:
        case StopRun.Step.HALTED:
            _go(run, _DONE if run.mode == StopMode.KEEP else StopRun.Step.CANCELING, at=at)
        case StopRun.Step.CANCELING:
            _cancel(run, exchange, at=at)
        case StopRun.Step.SETTLING:
            _settle(run, exchange, at=at)
        case StopRun.Step.FLATTENING:
            _flatten(run, exchange, now=now, at=at)
    return run


_DONE = StopRun.Step.DONE


def _cancel(run: StopRun, exchange: Exchange, *, at: datetime) -> None:
    for found in exchange.open_orders(account_id=run.account_id):
        exchange.cancel(order=_found(run.account, found))
    follow_up(account=run.account, exchange=exchange, at=at)
    _go(run, StopRun.Step.SETTLING, at=at)


def _found(account: Account, found: FoundOrder) -> Sent:
    """An order at the exchange, ours or not, as what its cancel is asked by."""
    return Sent(
        account_id=account.id,
        client_order_id=found.client_order_id,
        exchange_order_id=found.exchange_order_id,
        symbol=found.symbol,
        since=found.placed_at,
    )


def _settle(run: StopRun, exchange: Exchange, *, at: datetime) -> None:
    """Wait until nothing is in flight and nothing rests, at the exchange and in our book."""
    if exchange.open_orders(account_id=run.account_id):
        _go(run, StopRun.Step.CANCELING, at=at)
        return
    if _at_work(run.account):
        return
    _go(run, StopRun.Step.FLATTENING if run.mode == StopMode.FLATTEN else _DONE, at=at)


def _at_work(account: Account) -> bool:
    return account.orders.filter(state__in=sorted(AT_WORK)).exists()


def _flatten(run: StopRun, exchange: Exchange, *, now: datetime, at: datetime) -> None:
    """Sell every share that is left; done when found flat, nothing at work, twice in a row."""
    if exchange.open_orders(account_id=run.account_id):
        return
    if _was_denied(run, since=at - AFTER_DENIAL):
        return
    know_calendars()
    with transaction():
        account = lock_account(account_id=run.account_id, now=now)
        if _at_work(run.account):
            return
        if not _sell_all(run, account, now=now, at=at):
            _confirm_flat(run, at=at)
    if run.confirmations >= FLAT_TWICE:
        _go(run, _DONE, at=at)


def _sell_all(run: StopRun, account: LockedAccount, *, now: datetime, at: datetime) -> bool:
    """One round of liquidation, under the account's lock; whether there was anything to sell."""
    shares = list(
        PositionShare.objects.filter(position__account=run.account, quantity__gt=0)
        .select_related("position")
        .order_by("id")
    )
    if shares:
        StopRun.objects.filter(id=run.id).update(rounds=F("rounds") + 1, confirmations=0)
        run.refresh_from_db(fields=["rounds", "confirmations"])
    for share in shares:
        request = _liquidation(run, share)
        decide_locked(account=account, request=request, actor=run.requested_by, now=now, at=at)
    return bool(shares)


def _was_denied(run: StopRun, *, since: datetime) -> bool:
    """Whether the gate refused a sale a moment ago, as while the market is closed."""
    return run.account.assessments.filter(
        intent_key__startswith=f"stop:{run.id}:", approved=False, at__gt=since
    ).exists()


def _confirm_flat(run: StopRun, *, at: datetime) -> None:
    """Count one finding, under the account's lock: of two runners neither forgets the other's."""
    found = StopRun.objects.filter(id=run.id, step=run.step)
    if found.update(confirmations=F("confirmations") + 1):
        run.refresh_from_db(fields=["confirmations"])
        _journal(run, "account.flat", actor="emergency", at=at)


def _liquidation(run: StopRun, share: PositionShare) -> OrderRequest:
    return OrderRequest(
        intent_key=f"stop:{run.id}:{share.id}:{run.rounds}",
        source=Source.LIQUIDATION,
        instrument_id=share.position.instrument_id,
        side=Side.SELL,
        quantity=share.quantity,
        permission_id=share.permission_id,
        reason=ExitReason.EMERGENCY_EXIT.value,
        reasoning=f"Emergency stop by {run.requested_by}: flatten.",
    )


def _go(run: StopRun, step: StopRun.Step, *, at: datetime) -> None:
    """Commit the next step, unless another runner has gone on already."""
    with transaction():
        moved = StopRun.objects.filter(id=run.id, step=run.step).update(
            step=step, ended_at=at if step == _DONE else None
        )
        run.step = step
        if moved:
            _journal(run, "account.stop", actor="emergency", at=at)


def _journal(run: StopRun, kind: str, *, actor: str, at: datetime) -> None:
    record(
        stream=account_stream(run.account_id),
        kind=kind,
        actor=actor,
        subject=f"account:{run.account_id}",
        payload={
            "mode": run.mode,
            "step": run.step,
            "epoch": run.epoch,
            "confirmations": run.confirmations,
            "reason": run.reason,
        },
        at=at,
    )
