"""Real accounts: opened with a key that was tested, and let trade by three hands.

The operator's two settings (ENABLE_AGENT_TRADING and AGENT_TRADING_MODE=live) and a person's typed
confirmation, which expires. The gate and the claim of each entry ask for all three.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from market.models import Feed
from trading.domain.credentials import Credentials
from trading.domain.ledger import PRECISION
from trading.models import Account, Balance, CashMovement, LiveConfirmation
from trading.services.keys import store_key
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import ZERO, floor_to_step
from tradingfarm.people.models import User

CONFIRMED_FOR = timedelta(hours=24)


class NotConfirmed(FarmError):
    """What was typed is not the sentence that was asked for."""

    def __init__(self, account: Account) -> None:
        super().__init__(f"Type exactly: {phrase_for(account)}")


class NotLive(FarmError):
    """Only an account with real money needs to be confirmed."""


@dataclass(frozen=True)
class Connection:
    """What a test of a key at an exchange has found, before anything is stored.

    `balances` by asset; `clock_offset` is how far the exchange's clock is ahead of ours.
    """

    exchange: str
    sandbox: bool
    base_url: str
    balances: Mapping[str, Decimal]
    clock_offset: timedelta
    can_withdraw: bool | None


@dataclass(frozen=True)
class Hands:
    """Which of the three hands let real money be traded, and until when the last one does."""

    trading_enabled: bool
    mode_is_live: bool
    confirmed_until: datetime | None

    @property
    def are_together(self) -> bool:
        return self.trading_enabled and self.mode_is_live and self.confirmed_until is not None


def open_live_account(  # noqa: PLR0913 - what an account is made of
    *,
    account_id: UUID,
    owner: User,
    name: str,
    feed: Feed,
    base_currency: str,
    time_zone: str,
    connection: Connection,
    credentials: Credentials,
    actor: str,
    at: datetime,
) -> Account:
    """A new account at a real exchange, with what it holds there as its first deposits.

    It trades nothing before it is confirmed, and nothing is decided before its sender has
    reconciled it. Raises MayWithdraw, BadVaultKeys and zoneinfo.ZoneInfoNotFoundError.
    """
    ZoneInfo(time_zone)
    cash = floor_to_step(connection.balances.get(base_currency, ZERO), PRECISION)
    with transaction():
        account = Account.objects.create(
            id=account_id,
            owner=owner,
            name=name,
            kind=Account.Kind.LIVE,
            exchange=connection.exchange,
            sandbox=connection.sandbox,
            base_url=connection.base_url,
            feed=feed,
            base_currency=base_currency,
            time_zone=time_zone,
            cash=cash,
            high_water_equity=cash,
            created_at=at,
        )
        _deposit(account, connection.balances, cash, at=at)
        store_key(
            account=account,
            credentials=credentials,
            can_withdraw=connection.can_withdraw,
            actor=actor,
            at=at,
        )
        _journal_opened(account, actor, at)
    return account


def _journal_opened(account: Account, actor: str, at: datetime) -> None:
    record(
        stream=account_stream(account.id),
        kind="account.opened",
        actor=actor,
        subject=f"account:{account.id}",
        payload={
            "name": account.name,
            "kind": account.kind,
            "exchange": account.exchange,
            "sandbox": account.sandbox,
            "feed": account.feed_id,
            "deposit": account.cash,
        },
        at=at,
    )


def _deposit(
    account: Account, balances: Mapping[str, Decimal], cash: Decimal, *, at: datetime
) -> None:
    """What was there before: the account's currency as cash, anything else as a balance."""
    if cash:
        CashMovement.objects.create(account=account, amount=cash, reason="Opening", at=at)
    for currency, quantity in sorted(balances.items()):
        if currency != account.base_currency and quantity:
            Balance.objects.create(account=account, currency=currency, quantity=quantity)
            CashMovement.objects.create(
                account=account, amount=quantity, currency=currency, reason="Opening", at=at
            )


def phrase_for(account: Account) -> str:
    """What a person types so that agents may trade this account's real money."""
    return f"trade {account.name} with real money"


def confirm_live(*, account_id: UUID, typed: str, actor: str, at: datetime) -> LiveConfirmation:
    """Let agents enter with real money for a day from wall time `at`.

    Raises NotConfirmed and NotLive. An earlier confirmation ends. The two settings count as well.
    """
    with transaction():
        account = Account.objects.select_for_update(no_key=True).get(id=account_id)
        if account.kind != Account.Kind.LIVE:
            raise NotLive(f"{account.name} trades on paper and needs no confirmation.")
        if typed.strip() != phrase_for(account):
            raise NotConfirmed(account)
        _withdraw(account, at=at)
        confirmation = LiveConfirmation.objects.create(
            account=account, confirmed_by=actor, at=at, expires_at=at + CONFIRMED_FOR
        )
        _journal(account, "account.live_confirmed", actor, confirmation.expires_at, at)
    return confirmation


def withdraw_live(*, account_id: UUID, actor: str, at: datetime) -> bool:
    """Take the confirmation back at once; exits go on. False when there was none."""
    with transaction():
        account = Account.objects.select_for_update(no_key=True).get(id=account_id)
        withdrawn = _withdraw(account, at=at)
        if withdrawn:
            _journal(account, "account.live_withdrawn", actor, None, at)
    return withdrawn


def hands_of(*, account: Account, at: datetime) -> Hands:
    """The three hands as they are at wall time `at`."""
    confirmations = account.live_confirmations.filter(withdrawn_at=None, expires_at__gt=at)
    newest = confirmations.order_by("-expires_at").values_list("expires_at", flat=True).first()
    return Hands(
        trading_enabled=settings.ENABLE_AGENT_TRADING,
        mode_is_live=settings.AGENT_TRADING_MODE == "live",
        confirmed_until=newest,
    )


def _withdraw(account: Account, *, at: datetime) -> bool:
    active = account.live_confirmations.filter(withdrawn_at=None, expires_at__gt=at)
    return bool(active.update(withdrawn_at=at))


def _journal(
    account: Account, kind: str, actor: str, expires_at: datetime | None, at: datetime
) -> None:
    record(
        stream=account_stream(account.id),
        kind=kind,
        actor=actor,
        subject=f"account:{account.id}",
        payload={"exchange": account.exchange, "expires_at": expires_at},
        at=at,
    )
