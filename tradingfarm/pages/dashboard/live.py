"""The dashboard as it is kept current: the turns and panels that a change touches, no others."""

from collections.abc import Iterable
from uuid import UUID

from django.template.loader import render_to_string

from agents.domain.states import MessageType
from agents.selectors.conversations import said_in
from agents.selectors.executions import executions_of_orders
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.dashboard.conversation import alerts_in, newest_turns, turns_of
from tradingfarm.pages.dashboard.orders import newest_fills, newest_refusals, orders_at_work
from tradingfarm.pages.dashboard.team import team_note
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.live import Audience, Change, OfAccount

CLOCK = SystemClock()
TALK = ("agent.message", "agent.decision", "execution.", "order.", "agent.trade.executed")
BOOK = ("order.", "agent.trade.", "protection.", "account.", "permission.", "session.", "replay.")
EXECUTION, ORDER = "execution:", "order:"
Context = dict[str, object]


class DashboardView(OfAccount):
    """Prices change the numbers; events change the numbers, the lists or the conversation."""

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        context: Context = {"frame": frame, "page": frame.account, "update": True}
        parts = ["dashboard/_turns_update.html"] if change.about(*TALK) else []
        if parts:
            context["turns"] = turns_of(said_in(executions=_executions(change)))
        if change.prices or change.about(*BOOK):
            parts.append("dashboard/_money_update.html")
            context |= {"positions": frame.positions, "numbers": frame.numbers}
        if change.about(*BOOK):
            parts.append("dashboard/_lists_update.html")
            context |= _lists(frame)
        if _is_alarming(change.events):
            parts.append("dashboard/_alerts.html")
            context |= _alerts(frame)
        return "".join(render_to_string(part, context) for part in parts)


def _executions(change: Change) -> set[UUID]:
    """The executions that the events speak of, themselves or by an order of theirs."""
    events = change.about(*TALK)
    return _named(events, EXECUTION) | executions_of_orders(order_ids=_named(events, ORDER))


def _named(events: Iterable[JournalEvent], prefix: str) -> set[UUID]:
    return {
        UUID(event.subject.removeprefix(prefix))
        for event in events
        if event.subject.startswith(prefix)
    }


def _lists(frame: Frame) -> Context:
    page = frame.account
    return {
        "orders": orders_at_work(account_id=page.id),
        "fills": newest_fills(account_id=page.id),
        "team": team_note(account_id=page.id, time_zone=page.time_zone, now=CLOCK.now()),
    }


def _alerts(frame: Frame) -> Context:
    turns = newest_turns(account_id=frame.account.id)
    return {
        "alerts": alerts_in(turns=turns),
        "refusals": newest_refusals(account_id=frame.account.id),
    }


def _is_alarming(events: Iterable[JournalEvent]) -> bool:
    return any(
        event.kind.startswith("risk.")
        or (event.kind == "agent.message" and event.payload.get("type") == MessageType.ALERT)
        for event in events
    )
