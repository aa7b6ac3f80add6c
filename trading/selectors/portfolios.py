"""What an account holds and is worth, for pages, agents and reports."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Prefetch

from market.models import Quote
from trading.domain.states import ProtectionKind, ProtectionState
from trading.models import Account, Permission, PositionShare, Protection
from tradingfarm.kernel.money import ZERO


@dataclass(frozen=True)
class Held:
    """One agent's part of a position. Amounts in the account's currency."""

    symbol: str
    instrument_id: UUID
    permission_id: UUID | None
    agent_name: str
    quantity: Decimal
    cost: Decimal
    last: Decimal
    realised: Decimal
    stop_loss: Decimal | None
    take_profit: Decimal | None

    @property
    def average_cost(self) -> Decimal:
        return self.cost / self.quantity if self.quantity else ZERO

    @property
    def value(self) -> Decimal:
        return self.quantity * self.last

    @property
    def unrealised(self) -> Decimal:
        return self.value - self.cost

    @property
    def unrealised_pct(self) -> Decimal:
        return self.unrealised / self.cost * 100 if self.cost else ZERO


@dataclass(frozen=True)
class Portfolio:
    """An account with all that it holds; `day_pnl` counts since the start of its day."""

    account_id: UUID
    name: str
    currency: str
    cash: Decimal
    reserved: Decimal
    day_start_equity: Decimal
    positions: tuple[Held, ...]

    @property
    def exposure(self) -> Decimal:
        return sum((held.value for held in self.positions), ZERO)

    @property
    def equity(self) -> Decimal:
        return self.cash + self.exposure

    @property
    def day_pnl(self) -> Decimal:
        return self.equity - self.day_start_equity


def portfolio(*, account_id: UUID) -> Portfolio:
    """The account as it stands: four queries. Raises Account.DoesNotExist."""
    account = Account.objects.get(id=account_id)
    return Portfolio(
        account_id=account.id,
        name=account.name,
        currency=account.base_currency,
        cash=account.cash,
        reserved=account.reserved,
        day_start_equity=account.day_start_equity or account.cash,
        positions=tuple(_held(share, last) for share, last in _shares(account)),
    )


def _shares(account: Account) -> list[tuple[PositionShare, Decimal]]:
    armed = Protection.objects.filter(state=ProtectionState.ARMED)
    shares = list(
        PositionShare.objects.filter(position__account=account, quantity__gt=0)
        .select_related("position__instrument", "permission")
        .prefetch_related(Prefetch("protections", armed))
        .order_by("position__instrument__symbol", "id")
    )
    lasts = dict(
        Quote.objects.filter(
            feed_id=account.feed_id,
            instrument_id__in={share.position.instrument_id for share in shares},
        ).values_list("instrument_id", "last")
    )
    return [
        (share, lasts.get(share.position.instrument_id, share.cost / share.quantity))
        for share in shares
    ]


def _held(share: PositionShare, last: Decimal) -> Held:
    prices = {protection.kind: protection.price for protection in share.protections.all()}
    return Held(
        symbol=share.position.instrument.symbol,
        instrument_id=share.position.instrument_id,
        permission_id=share.permission_id,
        agent_name=share.permission.agent_name if share.permission else "By hand",
        quantity=share.quantity,
        cost=share.cost,
        last=last,
        realised=share.realised,
        stop_loss=prices.get(ProtectionKind.STOP_LOSS),
        take_profit=prices.get(ProtectionKind.TAKE_PROFIT),
    )


def limits_left(*, permission_id: UUID) -> dict[str, str]:
    """The permission's limits with what is left of those that are used up over a day."""
    permission = Permission.objects.select_related("account").get(id=permission_id)
    today = permission.day == permission.account.day
    used = permission.entries_today if today else 0
    return {
        "max_order_value": f"{permission.max_order_value:.2f}",
        "max_position_value": f"{permission.max_position_value:.2f}",
        "max_allocation_pct": f"{permission.max_allocation_pct:.2f}",
        "max_open_positions": str(permission.max_open_positions),
        "max_daily_loss": f"{permission.max_daily_loss:.2f}",
        "entries_left_today": str(max(permission.max_daily_entries - used, 0)),
        "stop_required": "yes" if permission.stop_required else "no",
    }
