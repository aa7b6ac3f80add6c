from trading.domain.credentials import Credentials, credentials_from

KEY = Credentials(api_key="the-key", secret="very-secret", password="pass", wallet="0x1")


def test_credentials_tell_nobody_what_they_are():
    shown = f"{KEY!r} {KEY}"

    assert f"Credentials({KEY.fingerprint}, hidden)" in shown
    assert not [part for part in ("the-key", "very-secret", "pass", "0x1") if part in shown]


def test_a_key_is_known_again_by_its_fingerprint():
    assert len(KEY.fingerprint) == 8
    assert (
        KEY.fingerprint == Credentials(api_key="the-key", secret="other", wallet="0x1").fingerprint
    )
    assert KEY.fingerprint != Credentials(api_key="the-key", secret="very-secret").fingerprint


def test_what_the_vault_keeps_is_all_of_it():
    assert credentials_from(KEY.to_text()) == KEY
