"""What a snapshot keeps as JSON of how far a scope was measured; the next one goes on from it.

Amounts and growth are text to the last digit, moments ISO 8601, lengths of time microseconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from trading.domain.daily_curves import Course, Curve
from trading.domain.equity_curves import MICROSECOND
from trading.domain.ledger import Lot
from trading.domain.measured_days import Measured
from trading.domain.track_records import OpenTrip, TrackRecord
from tradingfarm.kernel.money import plain

Kept = Mapping[str, Any]
Flat = Curve | Lot | OpenTrip | TrackRecord

READ: Mapping[object, Callable[[Any], object]] = {
    int: int,
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    datetime | None: lambda text: text and datetime.fromisoformat(text),
    timedelta: lambda length: timedelta(microseconds=length),
}
"""How a field of each type is read. A type that is missing is no flat value."""


def kept(measured: Measured) -> dict[str, Any]:
    """How far a scope was measured, as JSON."""
    return {
        "record": _record(measured.record),
        "course": measured.course and _course(measured.course),
        "allotted": _flat(measured.allotted),
    }


def measured_of(found: Kept) -> Measured:
    """What was kept."""
    return Measured(
        record=_record_of(found["record"]),
        course=found["course"] and _course_of(found["course"]),
        allotted=Decimal(found["allotted"]),
    )


def _course(course: Course) -> Kept:
    return {
        "day": _flat(course.day),
        "curve": _columns(course.curve),
        "before": course.before and _columns(course.before),
        "returns": list(course.returns),
        "paid_in": _flat(course.paid_in),
        "weeks": [[name, _flat(pnl)] for name, pnl in course.weeks],
    }


def _course_of(found: Kept) -> Course:
    return Course(
        day=datetime.fromisoformat(found["day"]),
        curve=_curve(found["curve"]),
        before=found["before"] and _curve(found["before"]),
        returns=tuple(found["returns"]),
        paid_in=Decimal(found["paid_in"]),
        weeks=tuple((name, Decimal(pnl)) for name, pnl in found["weeks"]),
    )


def _record(record: TrackRecord) -> Kept:
    trips = {
        str(instrument): _columns(trip) | {"lot": _columns(trip.lot)}
        for instrument, trip in record.at_work.items()
    }
    return _columns(record) | {"at_work": trips}


def _record_of(found: Kept) -> TrackRecord:
    trips = {
        UUID(instrument): OpenTrip(**_values(OpenTrip, trip), lot=Lot(**_values(Lot, trip["lot"])))
        for instrument, trip in found["at_work"].items()
    }
    return replace(TrackRecord(**_values(TrackRecord, found)), at_work=trips)


def _curve(found: Kept) -> Curve:
    return Curve(**_values(Curve, found))


def _columns(value: Flat) -> dict[str, object]:
    """The flat fields of a dataclass."""
    return {
        field.name: _flat(getattr(value, field.name))
        for field in fields(value)
        if field.type in READ
    }


def _values(kind: type[Flat], found: Kept) -> dict[str, Any]:
    return {
        field.name: READ[field.type](found[field.name])
        for field in fields(kind)
        if field.type in READ
    }


def _flat(value: object) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value // MICROSECOND if isinstance(value, timedelta) else value
