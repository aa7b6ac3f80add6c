"""The end of a replay is told to everybody who trades on it."""

import pytest

from tests.triggers.rows import make_account, streaming_feed
from tests.triggers.stage import play, set_stage
from tradingfarm.kernel.journal import FARM, account_stream
from tradingfarm.kernel.models import JournalEvent


@pytest.mark.django_db(transaction=True)
def test_the_farm_and_the_accounts_on_the_feed_are_told_once():
    account = set_stage()
    elsewhere = make_account(account.owner, streaming_feed(), name="Elsewhere")

    play()

    told = JournalEvent.objects.filter(kind="replay.ended").values_list("stream", flat=True)
    assert sorted(told) == sorted([FARM, account_stream(account.id)])
    assert elsewhere.feed_id != account.feed_id
