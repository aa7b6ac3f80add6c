"""Secrets at rest: what was sealed opens for its owner alone, with a key that we still have."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradingfarm.kernel.vault import BadVaultKeys, CannotOpen, Sealed, new_key, vault_from

FIRST, SECOND = f"first:{new_key()}", f"second:{new_key()}"


@given(st.text(max_size=200), st.text(max_size=40))
def test_what_was_sealed_opens_again(secret, owner):
    vault = vault_from([FIRST])

    sealed = vault.seal(secret, belongs_to=owner)

    assert vault.open(sealed, belongs_to=owner) == secret
    assert len(secret) < 4 or secret.encode() not in sealed.ciphertext


def test_the_same_secret_is_never_sealed_alike():
    vault = vault_from([FIRST])

    texts = {vault.seal("secret", belongs_to="me").ciphertext for _ in range(50)}

    assert len(texts) == 50


def test_the_first_key_seals_and_any_key_opens():
    old = vault_from([FIRST]).seal("secret", belongs_to="me")
    rotated = vault_from([SECOND, FIRST])

    assert rotated.seal("secret", belongs_to="me").key_id == "second"
    assert rotated.open(old, belongs_to="me") == "secret"


def test_a_secret_does_not_open_for_another_owner():
    vault = vault_from([FIRST])

    with pytest.raises(CannotOpen, match="belongs to something else"):
        vault.open(vault.seal("secret", belongs_to="me"), belongs_to="you")


@pytest.mark.parametrize("place", [0, 11, 12, -1])
def test_a_secret_that_was_changed_does_not_open(place):
    vault = vault_from([FIRST])
    sealed = vault.seal("secret", belongs_to="me")
    changed = bytearray(sealed.ciphertext)
    changed[place] ^= 1

    with pytest.raises(CannotOpen):
        vault.open(Sealed(sealed.key_id, bytes(changed)), belongs_to="me")


def test_a_secret_whose_key_is_gone_says_which():
    sealed = vault_from([FIRST]).seal("secret", belongs_to="me")

    with pytest.raises(CannotOpen, match="'first' is not among EXCHANGE_KEYS"):
        vault_from([SECOND]).open(sealed, belongs_to="me")


def test_without_a_key_nothing_is_sealed():
    with pytest.raises(BadVaultKeys, match="no key to seal with"):
        vault_from([]).seal("secret", belongs_to="me")


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["nameless"], "is not base 64|has 0 bytes"),
        ([":abc"], "no name"),
        (["a" * 17 + ":" + new_key()], "more than 16"),
        ([FIRST, FIRST], "twice"),
        (["short:" + base64.b64encode(b"x" * 16).decode()], "has 16 bytes"),
        (["odd:###"], "is not base 64"),
    ],
)
def test_keys_that_cannot_be_used_are_refused_in_words(texts, problem):
    with pytest.raises(BadVaultKeys, match=problem):
        vault_from(texts)


def test_a_vault_shows_no_key():
    assert FIRST.split(":")[1] not in repr(vault_from([FIRST]))
    assert "b'" not in repr(vault_from([FIRST]))
