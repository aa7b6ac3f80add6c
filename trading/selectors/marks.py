"""What an account was worth at the end of each market day, and what each part of it is now."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from django.db.models import F, OuterRef, Subquery

from market.models import Quote
from trading.domain.daily_curves import Course, begun, placed
from trading.domain.days import day_of, following
from trading.domain.measured_days import Mark, Part, Scope
from trading.models import Account, CashMovement, EquitySnapshot, PositionShare
from tradingfarm.kernel.money import ZERO


@dataclass(frozen=True)
class Marks:
    """What came since the newest snapshot: a mark for each market day, the running one last.

    `course` is what the first of them continues; `last_movement` is the newest one seen.
    """

    course: Course | None
    days: tuple[Mark, ...]
    last_movement: int


@dataclass(frozen=True)
class _Seen:
    """Equity and cash at a moment of market time."""

    moment: datetime
    equity: Decimal
    cash: Decimal


@dataclass(frozen=True)
class _Paid:
    """A deposit, or a withdrawal (negative), at a moment of wall time."""

    id: int
    amount: Decimal
    at: datetime


def marks_since(
    *, account: Account, course: Course | None, last_movement: int, now: datetime
) -> Marks:
    """The marks from where the account's course stands up to market time `now`: three queries.

    A course that has not begun yet begins with the deposits that the account was opened with.
    """
    since = course.curve.moment if course else None
    seen, paid = _equity(account, since), _movements(account, last_movement)
    now = max(filter(None, (now, since, seen[-1].moment if seen else None)))
    whole, parts = _worth(account, now)
    if not seen or seen[-1].moment < now:
        seen.append(whole)
    if course is None:
        opening = [each for each in paid if each.at <= account.created_at]
        paid = paid[len(opening) :]
        course = _opened(account, seen[0].moment, opening) if opening else None
        last_movement = opening[-1].id if opening else last_movement
    days = _days(account, course, seen, [each.amount for each in paid])
    return Marks(
        course=course,
        days=(*days[:-1], replace(days[-1], parts=parts)),
        last_movement=paid[-1].id if paid else last_movement,
    )


def _days(
    account: Account, course: Course | None, seen: Sequence[_Seen], amounts: Sequence[Decimal]
) -> list[Mark]:
    """The newest of each day, with what was paid in since the one before."""
    closes = {_end_of_day(account, course, each.moment): each for each in seen}
    equity = [course.curve.equity if course else seen[0].equity]
    equity += [close.equity for close in closes.values()]
    paid_in = placed([after - before for before, after in pairwise(equity)], amounts)
    return [
        Mark(day, close.moment, close.equity, close.cash, paid_in=paid)
        for (day, close), paid in zip(closes.items(), paid_in, strict=True)
    ]


def _end_of_day(account: Account, course: Course | None, moment: datetime) -> datetime:
    """The end of the day of a moment; another time zone counts from the next day on."""
    if course is not None and moment < course.day:
        return course.day
    return following(day_of(moment, zone=account.time_zone)).began_at


def _opened(account: Account, first: datetime, opening: Iterable[_Paid]) -> Course:
    """A course that begins with the market day of the first moment known, and ended before it."""
    began_at = day_of(first, zone=account.time_zone).began_at
    moment = min(began_at, first - datetime.resolution)
    equity = sum((each.amount for each in opening), ZERO)
    return Course(day=moment, curve=begun(moment=moment, equity=equity))


def _equity(account: Account, since: datetime | None) -> list[_Seen]:
    snapshots = EquitySnapshot.objects.filter(account=account)
    if since is not None:
        snapshots = snapshots.filter(as_of__gt=since)
    rows = snapshots.order_by("as_of").values_list("as_of", "equity", "cash")
    return [_Seen(*row) for row in rows]


def _movements(account: Account, last_id: int) -> list[_Paid]:
    """Those of the account's own currency: others move a balance, which is no equity."""
    movements = CashMovement.objects.filter(account=account, currency="", id__gt=last_id)
    return [_Paid(*row) for row in movements.order_by("id").values_list("pk", "amount", "at")]


def _worth(account: Account, now: datetime) -> tuple[_Seen, dict[Scope, Part]]:
    """The account at its newest prices, and what agents hold of it: all as one moment shows it."""
    quotes = Quote.objects.filter(
        feed=OuterRef("position__account__feed"), instrument=OuterRef("position__instrument")
    )
    shares = PositionShare.objects.filter(position__account=account).annotate(
        last=Subquery(quotes.values("last")[:1]), account_cash=F("position__account__cash")
    )
    cash, whole, parts = account.cash, Part(), defaultdict[UUID | None, Part](Part)
    for share in shares:
        last, cash = vars(share)["last"], vars(share)["account_cash"]
        value = share.cost if last is None else share.quantity * last
        part = Part(value, share.cost, share.realised, share.fees)
        whole += part
        parts[share.permission_id] += part
    # Whatever people hold by hand is in the whole alone.
    return _Seen(now, cash + whole.value, cash), {**parts, None: whole}
