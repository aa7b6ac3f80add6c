import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradingfarm.people.domain.browsers import browser_of


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) Version/18 Safari/605", "Safari on macOS"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604", "Safari on iPhone"),
        ("python-httpx/0.28", "A Python program"),
        ("", "An unknown browser"),
    ],
)
def test_a_browser_is_called_by_its_name(user_agent: str, words: str) -> None:
    assert browser_of(user_agent) == words


@given(st.text())
def test_whatever_a_browser_says_it_gets_one_of_our_names(user_agent: str) -> None:
    words = browser_of(user_agent)

    assert 0 < len(words) < 50
    assert words.isascii()
