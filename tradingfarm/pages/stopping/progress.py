"""How far the emergency stops of accounts have come, and what is left of each account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery

from trading.domain.states import Source, StopMode
from trading.models import Assessment, StopRun
from tradingfarm.kernel.models import Heartbeat
from tradingfarm.pages.dashboard.refusals import sentences_of
from tradingfarm.pages.stopping.consequences import Consequences

Step = StopRun.Step
SILENT_AFTER = timedelta(seconds=10)
REFUSED_LATELY = timedelta(seconds=30)
STEPS: Mapping[str, Sequence[Step]] = {
    StopMode.KEEP: (Step.HALTED, Step.DONE),
    StopMode.CANCEL: (Step.HALTED, Step.CANCELING, Step.SETTLING, Step.DONE),
    StopMode.FLATTEN: tuple(Step),
}
WORDS = {
    Step.HALTED: "Nothing new is sent",
    Step.CANCELING: "Cancel orders",
    Step.SETTLING: "Wait for orders in flight",
    Step.FLATTENING: "Sell positions",
    Step.DONE: "Done",
}


@dataclass(frozen=True)
class StepRow:
    """One step of a stop; `state` is done, now or later."""

    name: str
    state: str


@dataclass(frozen=True)
class Progress:
    """The newest stop of one account. `refusals` say why its sales wait, in sentences."""

    account: Consequences
    run: StopRun
    steps: tuple[StepRow, ...]
    refusals: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        return self.run.step == Step.DONE


@dataclass(frozen=True)
class Stops:
    """The newest stops of one account or of all; accounts that were never stopped are left out.

    `sender_silent` is for how many whole seconds the sender, which carries them out, has said
    nothing; None while it works.
    """

    accounts: tuple[Progress, ...]
    sender_silent: int | None

    @property
    def are_done(self) -> bool:
        return all(progress.is_done for progress in self.accounts)


def stops_of(*, accounts: Sequence[Consequences], now: datetime) -> Stops:
    """The newest stop of each of these accounts: three queries. `now` is wall time."""
    runs = _newest_runs([account.account_id for account in accounts])
    refusals = _refusals(list(runs.values()), now)
    return Stops(
        tuple(
            _progress(account, runs[account.account_id], refusals.get(account.account_id, ()))
            for account in accounts
            if account.account_id in runs
        ),
        _silent_seconds(now),
    )


def _progress(account: Consequences, run: StopRun, refusals: tuple[str, ...]) -> Progress:
    steps = STEPS[run.mode]
    here = steps.index(Step(run.step)) if run.step in steps else 0
    rows = tuple(
        StepRow(WORDS[step], _state(number, here, is_last=step is Step.DONE))
        for number, step in enumerate(steps)
    )
    return Progress(account, run, rows, refusals if run.step == Step.FLATTENING else ())


def _state(number: int, here: int, *, is_last: bool) -> str:
    # The halt itself is done as soon as its row can be read, and so is the end.
    if number < here or number == 0 or (is_last and number == here):
        return "done"
    return "now" if number == max(here, 1) else "later"


def _newest_runs(ids: Sequence[UUID]) -> dict[UUID, StopRun]:
    newest = StopRun.objects.filter(account=OuterRef("account")).order_by("-at", "-epoch")
    runs = StopRun.objects.filter(account__in=ids, id=Subquery(newest.values("id")[:1]))
    return {run.account_id: run for run in runs}


def _refusals(runs: Sequence[StopRun], now: datetime) -> dict[UUID, tuple[str, ...]]:
    """Why the gate refused the newest sale of each run that sells, if it did so lately."""
    selling = Q(pk__in=[])
    for run in runs:
        if run.step == Step.FLATTENING:
            selling |= Q(account=run.account_id, intent_key__startswith=f"stop:{run.id}:")
    found = Assessment.objects.filter(
        selling, approved=False, at__gte=now - REFUSED_LATELY, request__source=Source.LIQUIDATION
    )
    return {
        row.account_id: sentences_of(denials=row.denials, checks=row.checks)
        for row in found.order_by("at")
    }


def _silent_seconds(now: datetime) -> int | None:
    spoke_at = Heartbeat.objects.filter(process="sender").values_list("at", flat=True).first()
    if spoke_at is None:
        return 0
    silent = now - spoke_at
    return int(silent.total_seconds()) if silent > SILENT_AFTER else None
