"""Money that comes to an account or leaves it: deposits and withdrawals, no profit and no loss.

Each names itself by a reference, so that one that is told twice is booked once.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from trading.domain.ledger import PRECISION
from trading.models import Account, Balance, CashMovement
from trading.selectors.books import NoSuchAccount
from trading.selectors.turns import await_turn
from trading.services.days import shift_baselines
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import ZERO, floor_to_step, plain

SMALLEST = Decimal("1E-18")
"""The last decimal place of a balance in another currency."""


class BadMovement(FarmError):
    """The amount or the reference of a deposit or withdrawal is none."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class NotEnoughMoney(FarmError):
    """More was to be withdrawn than is there and not reserved. `free` is what could be."""

    def __init__(self, *, amount: Decimal, free: Decimal, currency: str) -> None:
        super().__init__(
            f"{plain(amount)} {currency} cannot be withdrawn: {plain(free)} are free.",
            permanent=False,
        )
        self.free = free


class ReferenceTaken(FarmError):
    """Another movement of the account has this reference already."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"Another deposit or withdrawal is called {reference!r} already.", permanent=True
        )


@dataclass(frozen=True)
class _Movement:
    """A movement as it is asked for; negative when money leaves. No currency is the account's."""

    amount: Decimal
    currency: str
    reference: str
    reason: str


def deposit(  # noqa: PLR0913 - what a deposit is made of
    *,
    account_id: UUID,
    amount: Decimal,
    reference: str,
    reason: str,
    actor: str,
    at: datetime,
    currency: str = "",
) -> bool:
    """Add `amount` to the account's cash, or to its balance in another `currency`.

    False when this reference was booked before. `at` is wall time. Raises BadMovement,
    ReferenceTaken and NoSuchAccount.
    """
    _refuse_bad(amount, reference)
    movement = _Movement(amount, currency, reference, reason)
    return _book(account_id, movement, actor=actor, at=at)


def withdraw(  # noqa: PLR0913 - what a withdrawal is made of
    *,
    account_id: UUID,
    amount: Decimal,
    reference: str,
    reason: str,
    actor: str,
    at: datetime,
    currency: str = "",
) -> bool:
    """Take a positive `amount` from the account's cash, or from its balance in another `currency`.

    What buys at work have reserved stays. As `deposit` otherwise; raises NotEnoughMoney too.
    """
    _refuse_bad(amount, reference)
    movement = _Movement(-amount, currency, reference, reason)
    return _book(account_id, movement, actor=actor, at=at)


def _refuse_bad(amount: Decimal, reference: str) -> None:
    if not amount.is_finite() or amount <= 0:
        raise BadMovement(f"An amount to move is positive, not {amount}.")
    if not 0 < len(reference) <= 120:
        raise BadMovement("A movement needs a reference of at most 120 characters.")


def _book(account_id: UUID, movement: _Movement, *, actor: str, at: datetime) -> bool:
    with transaction():
        account = _lock(account_id)
        own = movement.currency in ("", account.base_currency)
        currency = "" if own else movement.currency
        if _is_booked(account, movement, currency):
            return False
        _refuse_fractions(movement, PRECISION if own else SMALLEST)
        after = _move_cash(account, movement) if own else _move_balance(account, movement)
        CashMovement.objects.create(
            account=account,
            amount=movement.amount,
            currency=currency,
            reference=movement.reference,
            reason=movement.reason,
            at=at,
        )
        record(
            stream=account_stream(account.id),
            kind="cash.moved",
            actor=actor,
            subject=f"account:{account.id}",
            payload={
                "amount": movement.amount,
                "currency": currency,
                "reference": movement.reference,
                "reason": movement.reason,
                "after": after,
            },
            at=at,
        )
    return True


def _lock(account_id: UUID) -> Account:
    await_turn(account_id=account_id)
    try:
        return Account.objects.select_for_update(no_key=True).get(id=account_id)
    except Account.DoesNotExist:
        raise NoSuchAccount(f"There is no account {account_id}.") from None


def _is_booked(account: Account, movement: _Movement, currency: str) -> bool:
    """Whether it was booked before; raises ReferenceTaken when that was another one."""
    booked = CashMovement.objects.filter(account=account, reference=movement.reference).first()
    if booked and (booked.amount, booked.currency) != (movement.amount, currency):
        raise ReferenceTaken(movement.reference)
    return booked is not None


def _refuse_fractions(movement: _Movement, step: Decimal) -> None:
    if floor_to_step(movement.amount, step) != movement.amount:
        places = -int(step.normalize().as_tuple().exponent)
        raise BadMovement(f"{plain(movement.amount)} has more than {places} decimal places.")


def _move_cash(account: Account, movement: _Movement) -> Decimal:
    """The cash afterwards. What the account is measured against moves along: it is no P&L."""
    free: Decimal = account.cash - account.reserved
    if free + movement.amount < 0:
        raise NotEnoughMoney(
            amount=-movement.amount, free=max(free, ZERO), currency=account.base_currency
        )
    after: Decimal = account.cash + movement.amount
    account.cash = after
    account.save(update_fields=["cash"])
    shift_baselines(account=account, amount=movement.amount)
    return after


def _move_balance(account: Account, movement: _Movement) -> Decimal:
    balance, _ = Balance.objects.get_or_create(account=account, currency=movement.currency)
    held: Decimal = balance.quantity
    after = held + movement.amount
    if movement.amount < 0 and after < 0:
        raise NotEnoughMoney(
            amount=-movement.amount, free=max(held, ZERO), currency=movement.currency
        )
    balance.quantity = after
    balance.save(update_fields=["quantity"])
    return after
