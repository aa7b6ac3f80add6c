"""The tables of the market. Candles are partitioned, which Django cannot write, so that is SQL.

`makemigrations --check` compares the state below with the models; a test compares the table with it.
"""

import django.db.models.deletion
from django.db import migrations, models

CANDLES = """
CREATE TABLE market_candle (
    feed_id varchar(60) NOT NULL,
    instrument_id uuid NOT NULL,
    timeframe varchar(4) NOT NULL,
    start timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    open numeric(38, 18) NOT NULL,
    high numeric(38, 18) NOT NULL,
    low numeric(38, 18) NOT NULL,
    close numeric(38, 18) NOT NULL,
    volume numeric(38, 18) NOT NULL,
    raw_open numeric(38, 18),
    raw_high numeric(38, 18),
    raw_low numeric(38, 18),
    raw_close numeric(38, 18),
    raw_volume numeric(38, 18),
    PRIMARY KEY (feed_id, instrument_id, timeframe, start),
    CONSTRAINT market_candle_feed FOREIGN KEY (feed_id) REFERENCES market_feed (name),
    CONSTRAINT market_candle_instrument FOREIGN KEY (instrument_id) REFERENCES market_instrument (id),
    CONSTRAINT market_candle_positive CHECK (low > 0 AND volume >= 0),
    CONSTRAINT market_candle_finite CHECK (high < 1e20 AND volume < 1e20),
    CONSTRAINT market_candle_open CHECK (open BETWEEN low AND high),
    CONSTRAINT market_candle_close CHECK (close BETWEEN low AND high),
    CONSTRAINT market_candle_closes_later CHECK (closes_at > start)
) PARTITION BY RANGE (start);
CREATE INDEX market_candle_by_time ON market_candle (feed_id, timeframe, start);
CREATE TABLE market_candle_default PARTITION OF market_candle DEFAULT;
"""

# Later (and earlier) years are made by market.services.partitions before candles are stored.
PARTITIONS = """
DO $$
BEGIN
    FOR year IN 2000..2030 LOOP
        EXECUTE format(
            'CREATE TABLE market_candle_%s PARTITION OF market_candle FOR VALUES FROM (%L) TO (%L)',
            year, make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC'), make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC')
        );
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Feed",
            fields=[
                ("name", models.SlugField(max_length=60, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("STORED", "Stored candles"),
                            ("REPLAY", "Replay of stored candles"),
                            ("SYNTHETIC", "Synthetic"),
                            ("EXCHANGE", "Exchange stream"),
                        ],
                        max_length=10,
                    ),
                ),
                ("description", models.CharField(blank=True, max_length=200)),
                (
                    "source",
                    models.ForeignKey(
                        blank=True,
                        help_text="The stored feed that a replay plays.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replayed_by",
                        to="market.feed",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Instrument",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("symbol", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=120)),
                (
                    "asset_class",
                    models.CharField(
                        choices=[("crypto", "Crypto"), ("equity", "Equity")], max_length=10
                    ),
                ),
                ("venue", models.CharField(max_length=40)),
                (
                    "tick_size",
                    models.DecimalField(
                        decimal_places=18, help_text="Step of prices.", max_digits=38
                    ),
                ),
                (
                    "lot_size",
                    models.DecimalField(
                        decimal_places=18, help_text="Step of sizes.", max_digits=38
                    ),
                ),
                (
                    "minimum_notional",
                    models.DecimalField(
                        decimal_places=18,
                        help_text="Smallest order, in the currency.",
                        max_digits=38,
                    ),
                ),
                ("sector", models.CharField(blank=True, max_length=60)),
                (
                    "calendar",
                    models.CharField(
                        choices=[("24/7", "Always open"), ("XNYS", "New York Stock Exchange")],
                        max_length=10,
                    ),
                ),
                ("currency", models.CharField(help_text="What prices are in.", max_length=10)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("venue", "symbol"), name="market_instrument_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("asset_class__in", ["crypto", "equity"])),
                        name="market_instrument_asset_class_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("calendar__in", ["24/7", "XNYS"])),
                        name="market_instrument_calendar_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("lot_size__gt", 0), ("minimum_notional__gte", 0), ("tick_size__gt", 0)
                        ),
                        name="market_instrument_steps_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("symbol", ""), _negated=True),
                            models.Q(("venue", ""), _negated=True),
                            models.Q(("currency", ""), _negated=True),
                        ),
                        name="market_instrument_named",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Quote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("bid", models.DecimalField(decimal_places=18, max_digits=38)),
                ("ask", models.DecimalField(decimal_places=18, max_digits=38)),
                ("last", models.DecimalField(decimal_places=18, max_digits=38)),
                ("volume", models.DecimalField(decimal_places=18, max_digits=38)),
                ("day_open", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                (
                    "previous_close",
                    models.DecimalField(decimal_places=18, max_digits=38, null=True),
                ),
                ("bar_high", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("bar_low", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("at", models.DateTimeField()),
                ("as_of", models.DateTimeField()),
                (
                    "feed",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="market.feed",
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="market.instrument",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Replay",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("timeframe", models.CharField(max_length=4)),
                (
                    "speed",
                    models.DecimalField(
                        decimal_places=3,
                        help_text="Steps a second at most; 0 is without a limit.",
                        max_digits=12,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("RUNNING", "Running"), ("ENDED", "Ended")],
                        default="RUNNING",
                        max_length=10,
                    ),
                ),
                ("position", models.PositiveBigIntegerField(default=0)),
                ("ticks", models.PositiveBigIntegerField(default=0)),
                ("as_of", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=120)),
                ("lease_until", models.DateTimeField(null=True)),
                ("fencing_token", models.PositiveBigIntegerField(default=0)),
                (
                    "feed",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replay",
                        to="market.feed",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Split",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "effective_on",
                    models.DateField(help_text="The first session at the new price."),
                ),
                ("numerator", models.PositiveIntegerField()),
                ("denominator", models.PositiveIntegerField()),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="splits",
                        to="market.instrument",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="feed",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["STORED", "REPLAY", "SYNTHETIC", "EXCHANGE"])),
                name="market_feed_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="feed",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "REPLAY"), ("source__isnull", False)),
                    models.Q(
                        models.Q(("kind", "REPLAY"), _negated=True), ("source__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="market_feed_only_replays_have_a_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="feed",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("source__isnull", True),
                    models.Q(("source", models.F("name")), _negated=True),
                    _connector="OR",
                ),
                name="market_feed_is_not_its_own_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="quote",
            constraint=models.UniqueConstraint(
                fields=("feed", "instrument"), name="market_quote_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="quote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ask__gte", models.F("bid")),
                    ("bid__gt", 0),
                    ("last__gt", 0),
                    ("volume__gte", 0),
                ),
                name="market_quote_sound",
            ),
        ),
        migrations.AddConstraint(
            model_name="quote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ask__lt", 100000000000000000000),
                    ("last__lt", 100000000000000000000),
                    ("volume__lt", 100000000000000000000),
                ),
                name="market_quote_finite",
            ),
        ),
        migrations.AddConstraint(
            model_name="replay",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gte", models.F("starts_on"))),
                name="market_replay_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="replay",
            constraint=models.CheckConstraint(
                condition=models.Q(("speed__gte", 0)), name="market_replay_speed"
            ),
        ),
        migrations.AddConstraint(
            model_name="replay",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("state", "RUNNING")),
                    models.Q(("ended_at__isnull", False), ("state", "ENDED")),
                    _connector="OR",
                ),
                name="market_replay_state_agrees",
            ),
        ),
        migrations.AddConstraint(
            model_name="replay",
            constraint=models.CheckConstraint(
                condition=models.Q(("position", 0), ("as_of__isnull", False), _connector="OR"),
                name="market_replay_moved_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="replay",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lease_owner", ""), ("lease_until__isnull", True)),
                    models.Q(
                        models.Q(("lease_owner", ""), _negated=True),
                        ("lease_until__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="market_replay_lease_agrees",
            ),
        ),
        migrations.AddConstraint(
            model_name="split",
            constraint=models.UniqueConstraint(
                fields=("instrument", "effective_on"), name="market_split_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="split",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("denominator__gt", 0),
                    ("numerator__gt", 0),
                    models.Q(("numerator", models.F("denominator")), _negated=True),
                ),
                name="market_split_changes_something",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(CANDLES, "DROP TABLE market_candle"),
                migrations.RunSQL(PARTITIONS, migrations.RunSQL.noop),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="Candle",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "feed_id",
                                "instrument_id",
                                "timeframe",
                                "start",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "timeframe",
                            models.CharField(
                                choices=[
                                    ("1m", "1m"),
                                    ("5m", "5m"),
                                    ("15m", "15m"),
                                    ("1h", "1h"),
                                    ("1d", "1d"),
                                ],
                                max_length=4,
                            ),
                        ),
                        ("start", models.DateTimeField()),
                        ("closes_at", models.DateTimeField()),
                        ("open", models.DecimalField(decimal_places=18, max_digits=38)),
                        ("high", models.DecimalField(decimal_places=18, max_digits=38)),
                        ("low", models.DecimalField(decimal_places=18, max_digits=38)),
                        ("close", models.DecimalField(decimal_places=18, max_digits=38)),
                        ("volume", models.DecimalField(decimal_places=18, max_digits=38)),
                        (
                            "raw_open",
                            models.DecimalField(decimal_places=18, max_digits=38, null=True),
                        ),
                        (
                            "raw_high",
                            models.DecimalField(decimal_places=18, max_digits=38, null=True),
                        ),
                        (
                            "raw_low",
                            models.DecimalField(decimal_places=18, max_digits=38, null=True),
                        ),
                        (
                            "raw_close",
                            models.DecimalField(decimal_places=18, max_digits=38, null=True),
                        ),
                        (
                            "raw_volume",
                            models.DecimalField(decimal_places=18, max_digits=38, null=True),
                        ),
                        (
                            "feed",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="market.feed",
                            ),
                        ),
                        (
                            "instrument",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="market.instrument",
                            ),
                        ),
                    ],
                ),
                migrations.AddIndex(
                    model_name="candle",
                    index=models.Index(
                        fields=["feed", "timeframe", "start"], name="market_candle_by_time"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="candle",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("low__gt", 0), ("volume__gte", 0)),
                        name="market_candle_positive",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="candle",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            ("high__lt", 100000000000000000000),
                            ("volume__lt", 100000000000000000000),
                        ),
                        name="market_candle_finite",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="candle",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            ("open__gte", models.F("low")), ("open__lte", models.F("high"))
                        ),
                        name="market_candle_open",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="candle",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            ("close__gte", models.F("low")), ("close__lte", models.F("high"))
                        ),
                        name="market_candle_close",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="candle",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("closes_at__gt", models.F("start"))),
                        name="market_candle_closes_later",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE market_quote SET (fillfactor = 50)",
            "ALTER TABLE market_quote RESET (fillfactor)",
        ),
    ]
