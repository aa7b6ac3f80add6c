import pytest
from django.db import connection


@pytest.fixture
def one_connection(monkeypatch):
    """Keeps the test's own transaction open where product code returns its connection."""
    monkeypatch.setattr(connection, "close", lambda: None)
