"""From the first vote of a team to its order, with everything but the models' own time."""

import time

from agents.domain.asking import ProviderRequest, Reply
from agents.domain.causes import Cause
from agents.domain.states import ExecutionState
from agents.loop.thinking import think
from tests.agents.floor import BUY, Scripted, make_floor, runtime, scripted
from tests.factories import wall
from trading.domain.states import OrderState
from trading.models import Account, Order, Permission
from trading.services.orders import end_order
from tradingfarm.kernel.journal import transaction


class Timed(Scripted):
    """Answers at once, and knows when the first voter was asked."""

    asked_at = 0.0

    async def answer(self, request: ProviderRequest) -> Reply:
        if request.role.value != "technical" and not self.asked_at:
            self.asked_at = time.perf_counter()
        return await super().answer(request)


def from_votes_to_order(count: int) -> list[float]:
    """Seconds of each of `count` executions: four ballots, the tally, the gate and the order."""
    floor, times = make_floor(number=300), []
    Account.objects.filter(id=floor.account.id).update(max_orders_per_minute=10_000_000)
    Permission.objects.filter(account=floor.account).update(
        max_daily_entries=1_000_000,
        max_order_value=1_000_000,
        max_position_value=1_000_000,
        max_allocation_pct=100,
        confirm_above=None,
    )
    for number in range(count):
        provider = Timed(scripted(BUY | {"quantity": 1 + number}).replies)
        execution = floor.wake(Cause(f"time:{number}", "time", "Again"))
        think(execution_id=execution.id, runtime=runtime(provider))
        times.append(time.perf_counter() - provider.asked_at)
        execution.refresh_from_db()
        approved = Order.objects.filter(account=floor.account, state=OrderState.APPROVED)
        if execution.state != ExecutionState.DECIDED or not approved:
            raise SystemExit(f"The team ordered nothing: {floor.events()[-3:]}.")
        for order in approved.select_related("account", "instrument"):
            with transaction():
                end_order(order=order, state=OrderState.EXPIRED_LOCAL, at=wall())
    return times
