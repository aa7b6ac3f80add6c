"""What stands between an order and its exchange on a farm: breakers, confirmations, parents.

`made_up` rows are as the services leave them; `asked_for` goes through the gate itself.
"""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.pages.farms import Farm, key
from tests.pages.stories import moment
from tests.pages.told import present
from trading.domain.breakers import EFFECTS, Scope
from trading.domain.requests import OrderRequest
from trading.domain.states import (
    BreakerKind,
    ConfirmationState,
    ParentState,
    Side,
    Source,
)
from trading.models import Account, Assessment, Breaker, Confirmation, ParentOrder
from trading.selectors.books import lock_account
from trading.services.assessments import Verdict
from trading.services.breakers import trip
from trading.services.decisions import decide
from tradingfarm.kernel.canonical import canonical
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import transaction


def asked_for(farm: Farm, symbol: str = "AAPL", quantity: int = 100, **changes: Any) -> Verdict:
    """The gate's answer to an order of the proposer, at the market's present."""
    farm.number += 1
    return decide(
        account_id=farm.account.id,
        request=wish(farm, symbol, quantity, **changes),
        actor="agent:Technical",
        now=present(farm),
        at=SystemClock().now(),
    )


def wish(farm: Farm, symbol: str = "AAPL", quantity: int = 100, **changes: Any) -> OrderRequest:
    """What the proposer wants, with a stop far below."""
    values: dict[str, Any] = {
        "intent_key": f"wish:{farm.number}",
        "source": Source.AGENT,
        "instrument_id": farm.instruments[symbol].id,
        "side": Side.BUY,
        "quantity": Decimal(quantity),
        "permission_id": farm.permission.id,
        "stop_loss": Decimal(10),
        "strategy": "dip",
        "reasoning": "A shallow dip within a long uptrend.",
    }
    return OrderRequest(**values | changes)


def tripped(
    farm: Farm,
    kind: BreakerKind = BreakerKind.REJECTS,
    *,
    number: str = "5 in a row",
    limit: str = "fewer than 5 within an hour",
) -> Breaker:
    """A breaker of the account, of its proposer or of AAPL, as its kind has it."""
    subject: dict[str, Any] = {
        Scope.ACCOUNT: {},
        Scope.PERMISSION: {"permission_id": farm.permission.id},
        Scope.INSTRUMENT: {"instrument_id": farm.instruments["AAPL"].id},
    }[EFFECTS[kind].scope]
    with transaction():
        lock_account(account_id=farm.account.id, now=present(farm))
        trip(
            account=Account.objects.get(id=farm.account.id),
            kind=kind,
            number=number,
            limit=limit,
            now=present(farm),
            at=SystemClock().now(),
            **subject,
        )
    return Breaker.objects.get(account=farm.account, kind=kind, released_at=None)


def waits(farm: Farm, *, symbol: str = "AAPL", quantity: int = 40) -> Confirmation:
    """A made-up order that waits for a person, ten minutes from now."""
    as_of, _ = moment(farm)
    now = SystemClock().now()
    request = wish(farm, symbol, quantity)
    values = json.loads(canonical(request))
    asked = Assessment.objects.create(
        id=key(farm.account.id, "asked", farm.number),
        account=farm.account,
        permission=farm.permission,
        instrument=farm.instruments[symbol],
        intent_key=request.intent_key,
        request=values,
        approved=False,
        denials=["CONFIRMATION"],
        checks=[
            {
                "code": "CONFIRMATION",
                "number": "worth 1,644.80",
                "limit": "worth 1,000.00, risk high",
                "passed": False,
            }
        ],
        largest=Decimal(0),
        as_of=as_of,
        at=now,
    )
    return Confirmation.objects.create(
        id=key(farm.account.id, "confirmation", farm.number),
        account=farm.account,
        permission=farm.permission,
        instrument=farm.instruments[symbol],
        assessment=asked,
        request=values,
        order_digest=request.digest,
        value=Decimal("1644.80"),
        worst_price=Decimal("41.12"),
        state=ConfirmationState.WAITING,
        actor="agent:Technical",
        at=now,
        expires_at=now + timedelta(minutes=10),
    )


def in_slices(farm: Farm, *, symbol: str = "MSFT", quantity: int = 400) -> ParentOrder:
    """A made-up large order of which a quarter was sent."""
    as_of, at = moment(farm)
    request = wish(farm, symbol, quantity)
    return ParentOrder.objects.create(
        id=key(farm.account.id, "parent", farm.number),
        account=farm.account,
        permission=farm.permission,
        instrument=farm.instruments[symbol],
        request=json.loads(canonical(request)),
        side=Side.BUY,
        quantity=Decimal(quantity),
        sent_quantity=Decimal(quantity) / 4,
        expected_price=Decimal("25.12"),
        slices_planned=4,
        slices_made=1,
        interval_seconds=300,
        due_at=as_of + timedelta(minutes=5),
        state=ParentState.WORKING,
        actor="agent:Technical",
        epoch=0,
        as_of=as_of,
        at=at,
    )


def guarded(farm: Farm) -> Farm:
    """One of each kind."""
    tripped(farm)
    waits(farm)
    in_slices(farm)
    return farm
