"""Keys of exchanges: sealed when they come in, opened where orders are sent, and nowhere else."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from trading.domain.credentials import Credentials, credentials_from
from trading.models import Account, ExchangeKey
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.vault import Sealed, Vault, vault_from


class MayWithdraw(FarmError):
    """The key could take money out of the account; such a key is never stored."""

    def __init__(self) -> None:
        super().__init__(
            "This key may withdraw money. Make one at the exchange that may only read and trade,"
            " and give that one.",
            permanent=True,
        )


class NoKey(FarmError):
    """The account has no key, so nothing can be asked of its exchange."""

    def __init__(self, account: Account) -> None:
        super().__init__(f"Account {account.name} has no key for {account.exchange}. Give it one.")


def vault() -> Vault:
    """The vault of EXCHANGE_KEYS, newest key first. Raises BadVaultKeys."""
    return vault_from(settings.EXCHANGE_KEYS)


def store_key(
    *,
    account: Account,
    credentials: Credentials,
    can_withdraw: bool | None,
    actor: str,
    at: datetime,
) -> ExchangeKey:
    """Seal the account's key, in place of the one before; the journal names its fingerprint alone.

    `can_withdraw` is what the exchange said, None where it does not tell. Inside the caller's
    transaction(). Raises MayWithdraw and BadVaultKeys.
    """
    if can_withdraw:
        raise MayWithdraw
    sealed = vault().seal(credentials.to_text(), belongs_to=str(account.id))
    key, _ = ExchangeKey.objects.update_or_create(
        account=account,
        defaults={
            "fingerprint": credentials.fingerprint,
            "ciphertext": sealed.ciphertext,
            "cipher_key_id": sealed.key_id,
            "can_withdraw": can_withdraw,
            "checked_at": at,
            "created_by": actor,
            "created_at": at,
        },
    )
    record(
        stream=account_stream(account.id),
        kind="account.key_stored",
        actor=actor,
        subject=f"account:{account.id}",
        payload={
            "fingerprint": key.fingerprint,
            "exchange": account.exchange,
            "can_withdraw": can_withdraw,
        },
        at=at,
    )
    return key


def open_key(*, account: Account) -> Credentials:
    """The account's key in the clear, for the process that sends. Raises NoKey and CannotOpen."""
    key = ExchangeKey.objects.filter(account=account).first()
    if key is None:
        raise NoKey(account)
    sealed = Sealed(key.cipher_key_id, bytes(key.ciphertext))
    return credentials_from(vault().open(sealed, belongs_to=str(account.id)))


@dataclass(frozen=True)
class Rotation:
    """How many keys were sealed anew, and how many had been already."""

    sealed: int
    current: int


def rotate_keys(*, actor: str, at: datetime) -> Rotation:
    """Seal every key that an older key of ours sealed with the newest one; each on its own.

    Running it again goes on where it was stopped. Raises CannotOpen when an older key is missing.
    """
    ours, sealed = vault(), 0
    outdated = ExchangeKey.objects.exclude(cipher_key_id=ours.newest)
    for key_id in list(outdated.order_by("id").values_list("id", flat=True)):
        sealed += _seal_anew(key_id, ours, actor=actor, at=at)
    return Rotation(sealed, ExchangeKey.objects.count() - sealed)


def _seal_anew(key_id: int, ours: Vault, *, actor: str, at: datetime) -> bool:
    with transaction():
        key = ExchangeKey.objects.select_for_update().get(id=key_id)
        if key.cipher_key_id == ours.newest:
            return False
        belongs_to = str(key.account_id)
        secret = ours.open(Sealed(key.cipher_key_id, bytes(key.ciphertext)), belongs_to=belongs_to)
        sealed = ours.seal(secret, belongs_to=belongs_to)
        key.ciphertext, key.cipher_key_id = sealed.ciphertext, sealed.key_id
        key.save(update_fields=["ciphertext", "cipher_key_id"])
        record(
            stream=account_stream(key.account_id),
            kind="account.key_rotated",
            actor=actor,
            subject=f"account:{key.account_id}",
            payload={"fingerprint": key.fingerprint, "sealed_with": sealed.key_id},
            at=at,
        )
    return True


def forget_key(*, account: Account, actor: str, at: datetime) -> bool:
    """Delete the account's key; nothing can be sent or asked from then on. False without one."""
    with transaction():
        deleted, _ = ExchangeKey.objects.filter(account=account).delete()
        if deleted:
            record(
                stream=account_stream(account.id),
                kind="account.key_forgotten",
                actor=actor,
                subject=f"account:{account.id}",
                payload={"exchange": account.exchange},
                at=at,
            )
    return bool(deleted)
