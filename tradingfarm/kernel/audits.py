"""The record of what people did with the records: taking them out, having them verified."""

from collections.abc import Mapping
from datetime import datetime

from tradingfarm.kernel.journal import record, transaction


def record_export(
    *, stream: str, actor: str, what: str, filters: Mapping[str, str], at: datetime
) -> None:
    """Journal that `actor` takes a list out of the farm; `filters` say which part of it."""
    with transaction():
        record(
            stream=stream,
            kind="user.exported",
            actor=actor,
            subject=stream,
            payload={"list": what, "filters": dict(filters)},
            at=at,
        )


def record_verification(*, stream: str, actor: str, seq: int, problem: str, at: datetime) -> None:
    """Journal that `actor` had a stream verified up to `seq`; `problem` is '' when it holds."""
    with transaction():
        record(
            stream=stream,
            kind="user.verified",
            actor=actor,
            subject=stream,
            payload={"seq": seq, "problem": problem},
            at=at,
        )
