"""Plays a story on the stage, pass by pass, and notes what there is to see after each.

The sender is the product's loop. What an engine does for protections is done here from its own
parts, because a live feed has no engine of its own yet.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from uuid import uuid5

from django.db.models import Q

from market.domain.ticks import Tick
from market.models import Feed
from market.services.quotes import store_quotes
from tests.campaigns.protection_judge import Seen, Told
from tests.campaigns.protection_stage import NAMESPACE, Stage
from tests.campaigns.protection_stories import PATIENCE, STEP, Event, Story
from tests.campaigns.protection_venue import BASE, LOT, TICK, Venue
from tests.exchanges.log import Event as Logged
from trading.domain.exchange import Exchange
from trading.domain.requests import OrderRequest
from trading.domain.states import (
    TERMINAL,
    OrderState,
    OrderType,
    ProtectionState,
    Side,
    Source,
    StopMode,
    TimeInForce,
)
from trading.exchanges.paper import PaperExchange, match
from trading.loop import sender as sending
from trading.models import (
    Account,
    PaperOrder,
    PaperTrade,
    Permission,
    PositionShare,
    Protection,
)
from trading.services import protections
from trading.services.accounts import grant_permission, open_paper_account
from trading.services.arming import WORKING
from trading.services.decisions import decide
from trading.services.emergency import stop_account
from trading.services.live import confirm_live, phrase_for
from tradingfarm.kernel import heartbeats
from triggers.loop.protections import ProtectionIndex

PRICE = Decimal(100)
DEPOSIT = Decimal(1_000_000)
LAST_PRICE = Decimal("0.4")
JUST_BELOW = Decimal("0.3")
"""Percent below the stop of the last fall's first step."""
HEARTBEAT = timedelta(seconds=3)
ARMED, CANCELED = ProtectionState.ARMED, ProtectionState.CANCELED
MOVING = (OrderState.APPROVED, OrderState.SUBMITTING, OrderState.UNKNOWN)
THIN = Decimal("0.06")
"""The part of what is held that each of ten levels takes."""
LIMITS = {
    "max_order_value": DEPOSIT,
    "max_position_value": DEPOSIT,
    "max_allocation_pct": Decimal(100),
    "max_daily_entries": 1_000,
    "max_daily_loss": DEPOSIT,
    "max_open_positions": 100,
    "agent_allocation_pct": Decimal(100),
    "stop_required": True,
}
STOPS = {
    "halt": StopMode.KEEP,
    "stop_cancels": StopMode.CANCEL,
    "stop_flattens": StopMode.FLATTEN,
}


@dataclass
class Playing:
    """A story while it is played."""

    on: Stage
    story: Story
    planted: str
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock, self.began_at = self.on.clock, self.on.clock.now()
        self.feed = Feed.objects.create(name=f"s{self.story.number}", kind=Feed.Kind.SYNTHETIC)
        self.account = self._open()
        self.permission = self._permit()
        self.venue: Venue | None = None
        exchange: Exchange = PaperExchange()
        if self.story.guard != "paper":
            rests = self.story.guard == "rests"
            self.venue = Venue(clock=self.clock, cash=DEPOSIT, price=PRICE, rests=rests)
            self.venue.trouble.lies = self.planted == "lie"
            exchange = self.venue
        self.on.exchanges[self.account.id] = exchange
        self.last, self.high = PRICE, Decimal(0)
        self.down_until = {"engine": self.began_at, "sender": self.began_at}
        self.index: ProtectionIndex | None = None
        self.sender: sending.SendingLoop | None = None
        self.starts = 0
        self.beaten_at = self.began_at - HEARTBEAT

    # -------------------------------------------------------------------------- setting it up

    def _open(self) -> Account:
        account = open_paper_account(
            account_id=uuid5(NAMESPACE, self.story.name),
            owner=self.on.owner,
            name=self.story.name,
            feed=self.feed,
            deposit=DEPOSIT,
            time_zone="UTC",
            seed=self.story.number,
            actor="campaign",
            at=self.clock.now(),
        )
        if self.story.guard != "paper":
            Account.objects.filter(id=account.id).update(kind="live", exchange="venue")
            account.refresh_from_db()
            phrase = phrase_for(account)
            confirm_live(account_id=account.id, typed=phrase, actor="campaign", at=self.began_at)
        return account

    def _permit(self) -> Permission:
        return grant_permission(
            account=self.account,
            agent_id=uuid5(self.account.id, "agent"),
            agent_name="Agent",
            limits=LIMITS,
            actor="campaign",
            at=self.clock.now(),
        )

    # -------------------------------------------------------------------------------- playing

    def play(self) -> Told:
        """The whole story, a minute or so of it, in a few seconds."""
        self._price(PRICE)
        self._sender_passes()
        self._enter()
        finale_at, second = self.story.finale_at, Decimal(0)
        below = (100 - self.story.stop_pct - JUST_BELOW) / 100
        events = [*self.story.events, Event(finale_at, "falls", below)]
        events.append(Event(finale_at + 3, "price", LAST_PRICE))
        while second < finale_at + PATIENCE and (events[2:] or not self._is_over):
            second += STEP
            self.clock.move(self.began_at + timedelta(seconds=float(second)))
            while events and events[0].at <= second:
                self._happen(events.pop(0))
            self._fill_entry(second)
            self._price(self.last)
            self._engine_passes()
            self._sender_passes()
            self._see()
        return self._told()

    @property
    def _is_over(self) -> bool:
        """Two seconds after all was sold nothing may be left to do."""
        rest = self.seen[-5:]
        was_held = any(each.held for each in self.seen)
        return was_held and not any(each.held or each.gauge or each.recovers for each in rest)

    def _enter(self) -> None:
        story, parts = self.story, self.story.entry_parts > 1 and self.venue is not None
        terms: dict[str, object] = {}
        if parts:
            terms = {
                "order_type": OrderType.LIMIT,
                "limit_price": PRICE,
                "time_in_force": TimeInForce.GTC,
            }
        request = OrderRequest(
            intent_key="entry",
            source=Source.AGENT,
            instrument_id=self.on.instrument.id,
            side=Side.BUY,
            quantity=story.quantity,
            permission_id=self.permission.id,
            stop_loss=PRICE * (100 - story.stop_pct) / 100,
            take_profit=story.target_pct and PRICE * (100 + story.target_pct) / 100,
            trailing_pct=story.trailing_pct,
            **terms,  # type: ignore[arg-type] # keywords of the request
        )
        now = self.clock.now()
        decide(account_id=self.account.id, request=request, actor="agent", now=now, at=now)

    def _fill_entry(self, second: Decimal) -> None:
        """A resting entry trades every three seconds, the rest of it at last."""
        parts = self.story.entry_parts
        if parts > 1 and self.venue and second % 3 == 0 and second <= 3 * parts:
            self.venue.fill_entry(Decimal(1) / (parts - second // 3 + 1))

    def _happen(self, event: Event) -> None:
        price = (PRICE * event.number).quantize(TICK)
        match event.kind:
            case "price":
                self._price(price)
            case "falls":
                self._price(min(self.last, price))
            case "engine_dies" | "sender_dies":
                self._kill(event)
            case "rows_vanish":
                working = Protection.objects.filter(account=self.account, state=ARMED)
                working.update(state=CANCELED, ended_at=self.clock.now())
            case "halt" | "stop_cancels" | "stop_flattens":
                self._stop(STOPS[event.kind])
            case _ if self.venue:
                self._disturb(self.venue, event.kind, event.number)

    def _disturb(self, venue: Venue, kind: str, number: Decimal) -> None:
        """What only a real venue does."""
        match kind:
            case "untold":
                venue.move((PRICE * number).quantize(TICK))
                venue.move(self.last)
            case "venue_cancels":
                venue.end_stops()
            case "refuse_stop":
                venue.trouble.refused_stops += max(int(number), 1)
            case "lost_answer":
                venue.trouble.lost_answers += max(int(number), 1)
            case "thin":
                venue.size = max(self.story.quantity * THIN // LOT, LOT)

    def _kill(self, event: Event) -> None:
        name = event.kind.removesuffix("_dies")
        seconds = 10_000.0 if self.planted == "never_back" else float(event.number)
        self.down_until[name] = self.clock.now() + timedelta(seconds=seconds)
        if name == "engine":
            self.index = None
        else:
            self.sender = None

    def _stop(self, mode: StopMode) -> None:
        stop_account(
            account_id=self.account.id,
            mode=mode,
            requested_by="campaign",
            reason="",
            at=self.clock.now(),
        )

    def _price(self, price: Decimal) -> None:
        """The market moves at the venue, and the feed tells of it."""
        if self.venue:
            self.venue.move(price)
        self.last = price
        self.tick = Tick(
            instrument_id=self.on.instrument.id,
            symbol=BASE,
            last=price,
            bid=price - TICK,
            ask=price + TICK,
            volume=Decimal(0),
            at=self.clock.now(),
        )
        store_quotes(feed=self.feed.name, ticks=[self.tick], now=self.clock.now())

    def _engine_passes(self) -> None:
        now = self.clock.now()
        if now < self.down_until["engine"]:
            return
        if self.index is None:
            self.index = ProtectionIndex(feed_name=self.feed.name)
        if now - self.beaten_at >= HEARTBEAT:
            heartbeats.beat(process="engine", now=now)
            self.beaten_at = now
        ticks = {self.tick.instrument_id: self.tick}
        self.index.follow()
        self.index.trail(ticks)
        for reached in self.index.reached(ticks):
            protections.fire(protection_id=reached.id, last=self.last, now=now, at=now)
        if self.venue is None:
            match(feed_name=self.feed.name, quotes=ticks, now=now, at=now)

    def _sender_passes(self) -> None:
        """Each second, and whenever an order or a trade has woken it; again for what it made."""
        if self.clock.now() < self.down_until["sender"]:
            return
        if self.sender is None:
            self.starts += 1
            self.sender = sending.SendingLoop(
                clock=self.clock, stopping=lambda: False, exchange=self.account.exchange
            )
            self.sender.name = f"{self.story.number}:{self.starts}"
        if self.clock.now().microsecond == 0 or self._is_woken():
            self.sender.work()
            if self._is_woken():
                self.sender.work()

    def _is_woken(self) -> bool:
        moving = Q(state__in=MOVING) | Q(cancel_state="REQUESTED")
        return self.account.orders.filter(moving).exclude(state__in=sorted(TERMINAL)).exists()

    # ------------------------------------------------------------------------------- looking

    def _see(self) -> None:
        now = self.clock.now()
        held = self._held()
        share = PositionShare.objects.filter(position__account=self.account).first()
        working = Protection.objects.filter(account=self.account, state__in=WORKING)
        alive = {name: now >= until for name, until in self.down_until.items()}
        has_rows = working.exists()
        if held and has_rows and alive["engine"]:
            self.high = max(self.high, self.last)
        self.seen.append(
            Seen(
                at=(now - self.began_at).total_seconds(),
                held=held,
                covered=self._covered(),
                price=self.last,
                level=self._level(),
                guarded=alive["engine"] and has_rows,
                recovers=not (alive["engine"] and alive["sender"] and self._is_owned()),
                gauge=share is not None and share.unprotected_since is not None,
            )
        )

    def _is_owned(self) -> bool:
        """Whether the sender that lives owns the account, and has reconciled it."""
        account = Account.objects.get(id=self.account.id)
        is_ours = self.sender is not None and account.owned_by == self.sender.name
        return is_ours and account.is_ready

    def _level(self) -> Decimal:
        """Where the stop must lie at least."""
        stop = PRICE * (100 - self.story.stop_pct) / 100
        if self.story.trailing_pct is None or not self.high:
            return stop
        return max(stop, self.high * (100 - self.story.trailing_pct) / 100)

    def _held(self) -> Decimal:
        if self.venue:
            return self.venue.held
        trades = PaperTrade.objects.filter(order__account_key=self.account.id)
        sides = trades.values_list("order__side", "quantity")
        return sum((size if side == Side.BUY else -size for side, size in sides), Decimal(0))

    def _covered(self) -> Decimal:
        if self.venue:
            return self.venue.covered()
        orders = PaperOrder.objects.filter(
            account_key=self.account.id, side=Side.SELL, state=PaperOrder.State.OPEN
        )
        return sum((order.quantity - order.filled_quantity for order in orders), Decimal(0))

    def _told(self) -> Told:
        Account.objects.filter(id=self.account.id).update(owned_by="retired")
        shares = PositionShare.objects.filter(position__account=self.account)
        working = Protection.objects.filter(account=self.account, state__in=WORKING)
        events = self.venue.engine.record.events if self.venue else self._paper_events()
        quantity = {"BUY": Decimal(0), "SELL": Decimal(0)}
        for event in events:
            if event["event"] == "trade":
                quantity[event["side"]] += Decimal(event["quantity"])
        exits = self.account.orders.filter(side=Side.SELL, filled_quantity__gt=0)
        return Told(
            name=self.story.name,
            events=events,
            seen=self.seen,
            bought=quantity["BUY"],
            sold=quantity["SELL"],
            booked=sum((share.quantity for share in shares), Decimal(0)),
            reserved=sum((share.reserved_quantity for share in shares), Decimal(0)),
            working=working.count(),
            exits=tuple(exits.order_by("approved_at").values_list("reason", flat=True)),
        )

    def _paper_events(self) -> list[Logged]:
        """The paper exchange's trades, in the words of the other one's log."""
        trades = PaperTrade.objects.filter(order__account_key=self.account.id).order_by("id")
        return [
            {
                "event": "trade",
                "trade_id": trade.trade_id,
                "order_id": trade.order_id,
                "side": trade.order.side.upper(),
                "quantity": str(trade.quantity),
            }
            for trade in trades.select_related("order")
        ]
