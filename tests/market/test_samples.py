from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from market.domain.candles import BadBar, Bars, Timeframe
from market.domain.instruments import instrument_id
from market.models import Candle, Feed, Instrument, Split
from market.selectors.candles import bars
from market.services import samples
from market.services.samples import NoSample, import_sample_candles
from tests.market.builders import bar

pytestmark = pytest.mark.django_db
APPLE = instrument_id(venue="NASDAQ", symbol="AAPL")
AFTER_ALL = datetime(2014, 1, 1, tzinfo=UTC)


def history(symbol, *, venue="NASDAQ") -> Bars:
    return bars(
        feed="wiki-prices",
        instrument=instrument_id(venue=venue, symbol=symbol),
        timeframe=Timeframe.D1,
        until=AFTER_ALL,
        limit=10_000,
    )


def no_rows():
    return {stock.symbol: [] for stock in samples.SAMPLES}


def falls(found):
    """Days whose close lies 40 % or more below the one before."""
    days = found.start[1:].astype("datetime64[D]").astype(str)
    return days[found.close[1:] < found.close[:-1] * 0.6].tolist()


def test_the_sample_is_stored_whole_and_a_second_import_changes_nothing():
    first, again = import_sample_candles(), import_sample_candles()

    assert (first.instruments, first.read, first.stored, first.refused) == (4, 11958, 11958, {})
    assert again.stored == 0
    assert Candle.objects.count() == 11958
    assert Feed.objects.get().kind == "STORED"


def test_splits_leave_no_step_and_the_real_fall_of_2000_stays():
    import_sample_candles()

    assert falls(history("AAPL")) == ["2000-09-29"]
    assert falls(history("MSFT")) == []
    assert falls(history("IBM", venue="NYSE")) == []
    assert falls(history("GOOG")) == []


def test_prices_are_in_todays_shares_and_the_printed_ones_are_kept():
    import_sample_candles()

    first = Candle.objects.filter(instrument_id=APPLE).earliest("start")
    assert (first.open, first.raw_open) == (Decimal("29.64"), Decimal("118.56"))
    assert (first.volume, first.raw_volume) == (38464400, 9616100)
    last = Candle.objects.filter(instrument_id=APPLE).latest("start")
    assert last.close == last.raw_close


def test_instruments_and_splits_are_those_of_the_real_listings(monkeypatch):
    monkeypatch.setattr(samples, "_read_rows", no_rows)

    import_sample_candles()

    listed = set(Instrument.objects.values_list("symbol", "venue", "calendar", "currency"))
    assert listed == {
        ("AAPL", "NASDAQ", "XNYS", "USD"),
        ("IBM", "NYSE", "XNYS", "USD"),
        ("MSFT", "NASDAQ", "XNYS", "USD"),
        ("GOOG", "NASDAQ", "XNYS", "USD"),
    }
    effective = set(Split.objects.values_list("instrument__symbol", "effective_on", "numerator"))
    assert effective == {
        ("AAPL", date(2000, 6, 21), 2),
        ("AAPL", date(2005, 2, 28), 2),
        ("MSFT", date(2003, 2, 18), 2),
    }


def test_a_day_that_closes_early_is_known_early():
    import_sample_candles()

    day_after_thanksgiving = datetime(2012, 11, 23, tzinfo=UTC)
    candle = Candle.objects.get(instrument_id=APPLE, start=day_after_thanksgiving)
    assert candle.closes_at == datetime(2012, 11, 23, 18, tzinfo=UTC)


def test_bad_candles_are_refused_and_counted(monkeypatch):
    sunday = bar(datetime(2001, 3, 4, tzinfo=UTC))
    monday = bar(datetime(2001, 3, 5, tzinfo=UTC))
    broken = bar(datetime(2001, 3, 6, tzinfo=UTC), prices=("10", "9", "9", "9"))
    rows = no_rows() | {"IBM": [sunday, monday, broken]}
    monkeypatch.setattr(samples, "_read_rows", lambda: rows)

    report = import_sample_candles()

    assert report.refused == {BadBar.NO_SESSION: 1, BadBar.OUT_OF_RANGE: 1}
    assert Candle.objects.count() == 1


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(samples, "PACKAGE", "bokeh_sampledata_that_is_not_there")

    with pytest.raises(NoSample, match="install bokeh_sampledata_that_is_not_there"):
        import_sample_candles()
    with pytest.raises(CommandError, match="which carries the sample candles"):
        call_command("import_candles")


def test_the_command_shows_its_progress_and_what_it_did():
    out = StringIO()

    call_command("import_candles", stdout=out)

    lines = out.getvalue().splitlines()
    assert lines[0] == "AAPL: 3270 daily candles, 3270 of them new"
    assert lines[-1] == "4 instruments, 11958 candles read, 11958 new or changed, 0 refused."


def test_the_command_says_why_candles_were_refused(monkeypatch):
    rows = no_rows() | {"IBM": [bar(datetime(2001, 3, 4, tzinfo=UTC))]}
    monkeypatch.setattr(samples, "_read_rows", lambda: rows)
    out = StringIO()

    call_command("import_candles", stdout=out)

    assert "1 refused: its market was closed that day" in out.getvalue()
