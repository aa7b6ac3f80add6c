"""An order and a position as they are kept current."""

from uuid import UUID

from django.template.loader import render_to_string

from trading.models import Order, ParentOrder, Position
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.live import Audience, Change, OfThing
from tradingfarm.pages.orders.order import OrderPage, order_page, owned_order
from tradingfarm.pages.orders.parent import owned_parent, parent_page
from tradingfarm.pages.orders.position import position_now, position_page

CLOCK = SystemClock()
TRADING = ("order.", "protection.", "agent.trade.")
Context = dict[str, object]


class OrderView(OfThing):
    """What happens to an order or came from it tells its page anew.

    New prices alone change what is left of it, so only that part is sent.
    """

    def is_owned(self, *, owner_id: int, thing: UUID) -> bool:
        return Order.objects.filter(id=thing, account__owner_id=owner_id).exists()

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        if not (change.first or change.prices or change.about(*TRADING)):
            return ""
        order = owned_order(owner_id=audience.owner_id, order_id=audience.thing)
        if order is None:
            return ""
        shown = order_page(order=order)
        context: Context = {
            "shown": shown,
            "after": shown.after,
            "instrument": order.instrument,
            "page": frame.account,
            "frame": frame,
            "update": True,
        }
        if change.first or _is_about(shown, change):
            return render_to_string("orders/_order.html", context)
        if change.prices and shown.after.is_entry and shown.after.left:
            return render_to_string("orders/_after.html", context | {"priced": True})
        return ""


class ParentView(OfThing):
    """Every order and fill of the account may be one of its slices."""

    def is_owned(self, *, owner_id: int, thing: UUID) -> bool:
        return ParentOrder.objects.filter(id=thing, account__owner_id=owner_id).exists()

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        if not (change.first or change.about(*TRADING)):
            return ""
        parent = owned_parent(owner_id=audience.owner_id, parent_id=audience.thing)
        if parent is None:
            return ""
        context: Context = {
            "shown": parent_page(parent=parent, page=frame.account),
            "page": frame.account,
            "frame": frame,
            "update": True,
        }
        return render_to_string("orders/_parent.html", context)


class PositionView(OfThing):
    """Trading in the account tells the page anew; new prices only the figures and the gauge."""

    def is_owned(self, *, owner_id: int, thing: UUID) -> bool:
        return Position.objects.filter(instrument=thing, account__owner_id=owner_id).exists()

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        key = audience.thing
        context: Context = {"page": frame.account, "frame": frame, "update": True}
        if change.first or change.about(*TRADING):
            shown = position_page(
                page=frame.account, instrument_id=key, rows=frame.positions, at=CLOCK.now()
            )
            if shown is None:
                return ""
            return render_to_string("orders/_position.html", context | {"shown": shown})
        if not change.prices:
            return ""
        now = position_now(page=frame.account, instrument_id=key, rows=frame.positions)
        if now is None or now.row is None:
            return ""
        context |= {
            "shown": now,
            "position": now.position,
            "instrument": now.position.instrument,
            "row": now.row,
            "priced": True,
        }
        parts = ("orders/_figures.html", "orders/_position_gauge.html")
        return "".join(render_to_string(part, context) for part in parts)


def _is_about(shown: OrderPage, change: Change) -> bool:
    """Whether an event is of the order, of an exit from what it bought, or of its protection."""
    subjects = {shown.subject}
    subjects |= {f"order:{each.order_id}" for each in shown.after.exits}
    subjects |= {f"protection:{each.id}" for each in shown.after.protections}
    return any(event.subject in subjects for event in change.events)
