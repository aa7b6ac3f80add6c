"""Changing the limits of a whole account. A lowered one counts at the next decision."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError

from trading.domain.account_limits import NAMES, unsound
from trading.models import Account
from trading.selectors.turns import await_turn
from trading.services.accounts import MOVED
from tradingfarm.kernel.journal import account_stream, record, transaction


def limits_of_account(account: Account) -> dict[str, object]:
    """The account's limits by name."""
    return {name: getattr(account, name) for name in NAMES}


def change_account_limits(
    *,
    account_id: UUID,
    limits: Mapping[str, object],
    judged: Mapping[str, object],
    actor: str,
    at: datetime,
) -> tuple[str, ...]:
    """Set the account's limits; returns the names of those that changed. Journaled.

    `judged` is what the account had when somebody decided whether `limits` are looser: where it
    has moved, ValidationError is raised, as for what cannot be a limit. `at` is wall time.
    """
    with transaction():
        await_turn(account_id=account_id)
        account = Account.objects.select_for_update(no_key=True).get(id=account_id)
        before = limits_of_account(account)
        if before != dict(judged):
            raise ValidationError(MOVED)
        after = before | dict(limits)
        if problems := unsound(after):
            raise ValidationError(problems)
        changed = tuple(name for name in NAMES if after[name] != before[name])
        if changed:
            _store(account, {name: after[name] for name in changed}, before, actor=actor, at=at)
    return changed


def _store(
    account: Account,
    changed: Mapping[str, object],
    before: Mapping[str, object],
    *,
    actor: str,
    at: datetime,
) -> None:
    for name, value in changed.items():
        setattr(account, name, value)
    account.save(update_fields=list(changed))
    record(
        stream=account_stream(account.id),
        kind="account.limits_changed",
        actor=actor,
        subject=f"account:{account.id}",
        payload={name: {"from": before[name], "to": value} for name, value in changed.items()},
        at=at,
    )
