"""The steps of an account that gets into trouble, each one call."""

from decimal import Decimal

from tests.factories import NOW, make_desk, wall
from tests.trading.steps import sent
from tests.trading.venues import RecordingExchange
from trading.domain.breakers import EFFECTS
from trading.domain.exchange import Outcome, OutcomeKind
from trading.models import Account, Breaker, Position, PositionShare
from trading.selectors.books import lock_account
from trading.services.breakers import check_breakers, trip
from tradingfarm.kernel.journal import account_stream, transaction
from tradingfarm.kernel.models import JournalEvent

REJECTED = Outcome(OutcomeKind.REJECTED, problem="No.")


def checked(desk, *, now=NOW, at=None):
    """What a check of the account's breakers tripped, by kind."""
    found = check_breakers(account_id=desk.account.id, now=now, at=at or wall())
    return [each.kind for each in found]


def begun(**options):
    """A desk whose day has begun at 100,000, the most that it was worth."""
    desk = make_desk(**options)
    assert checked(desk) == []
    desk.account.refresh_from_db()
    desk.permission.refresh_from_db()
    return desk


def worth(desk, cash):
    """The account is worth this now."""
    Account.objects.filter(id=desk.account.id).update(cash=Decimal(cash))


def agent_lost(desk, amount):
    """The agent has realised this loss today."""
    position, _ = Position.objects.get_or_create(account=desk.account, instrument=desk.instrument)
    PositionShare.objects.update_or_create(
        position=position,
        permission=desk.permission,
        defaults={"realised": -Decimal(amount)},
    )


def rejected(desk, quantity):
    """An order that the exchange rejected."""
    exchange = RecordingExchange(outcome=REJECTED)
    return sent(desk, desk.buy(quantity, key=f"reject {quantity}"), exchange)


def tripped(desk, kind, *, now=NOW, number="much", limit="little", **subject):
    """Whether tripping it was news."""
    with transaction():
        lock_account(account_id=desk.account.id, now=now)
        return trip(
            account=Account.objects.get(id=desk.account.id),
            kind=kind,
            number=number,
            limit=limit,
            now=now,
            at=wall(),
            **subject,
        )


def breaker(**looked_for):
    """The only one of that description."""
    return Breaker.objects.get(**looked_for)


def account_of(desk):
    return Account.objects.get(id=desk.account.id)


def events(desk, kind):
    """What was journaled of that kind about the account, oldest first."""
    found = JournalEvent.objects.filter(stream=account_stream(desk.account.id), kind=kind)
    return list(found.order_by("seq"))


def subject_of(desk, kind):
    """What a breaker of this kind is tripped for."""
    return {
        "account": {},
        "permission": {"permission_id": desk.permission.id},
        "instrument": {"instrument_id": desk.instrument.id},
    }[EFFECTS[kind].scope.value]
