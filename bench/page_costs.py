"""Builds the big farm and opens its pages; `bench.pages` starts this beside its servers."""

import html
import json
import logging
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db import connection
from django.test import Client

from bench.pages import arguments
from bench.plans import Plan, Scan, Tables, explain, tables
from tests.pages.addresses import NoSuchThing, every_address, path_for
from tests.pages.big_farm import BIG, Size, grow
from tests.pages.farms import Farm, make_farm, make_user
from tests.pages.stories import make_busy
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.models import Role, User

# The owner's account that is opened, a second one of theirs, and somebody else's.
SHARES = (("Main", 0.6), ("Second", 0.15), ("Other", 0.25))
SMALL = replace(Size.of(20), orders=100, events=10_000)
TIMES = 5
MANY_ROWS = 10_000


@dataclass(frozen=True)
class Query:
    """One statement as it was asked, with the seconds that it took."""

    sql: str
    params: object
    seconds: float


@dataclass
class Page:
    """What opening one page cost."""

    name: str
    path: str
    status: int
    queries: list[Query]
    milliseconds: float
    plans: dict[str, Plan] = field(default_factory=dict)

    @property
    def slowest(self) -> str:
        """The plan of the query that took longest."""
        explained = [query for query in self.queries if query.sql in self.plans]
        if not explained:
            return ""
        return self.plans[max(explained, key=lambda query: query.seconds).sql].kind

    @property
    def rows_read(self) -> int:
        return max((plan.rows_read for plan in self.plans.values()), default=0)

    @property
    def scans(self) -> list[Scan]:
        """Sequential scans of large tables."""
        found = {scan for plan in self.plans.values() for scan in plan.scans}
        return sorted(found, key=lambda scan: (scan.table, scan.condition))


def main() -> None:
    options = arguments().parse_args()
    logging.disable(logging.CRITICAL)  # a refused page is a figure here
    farm = build(SMALL if options.small else BIG)
    client = Client(raise_request_exception=False, headers={"host": "localhost"})
    client.force_login(farm.owner)
    known = tables()
    pages, skipped = [], []
    for address in every_address():
        if options.only not in address.name or not address.can_be_read:
            continue
        try:
            path = path_for(address, farm)
        except NoSuchThing as error:
            skipped.append(f"{address.name}: {error}")
            continue
        pages.append(opened(client, address.name, path, known))
        if options.filters and address.name.endswith("_changelist"):
            pages += [
                opened(client, f"{address.name} {query}", path + query, known)
                for query in pressed(client, path)
            ]
    say_table(pages)
    say("Not opened: " + "; ".join(skipped) if skipped else "All were opened.")
    print(json.dumps(figures(pages)))


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def build(size: Size) -> Farm:
    """The farm that is looked at, its owner an operator on the staff, beside two others."""
    wall, owner = SystemClock().now(), make_user(staff=True)
    User.objects.filter(pk=owner.pk).update(role=Role.OPERATOR.value)
    owners = (owner, owner, make_user("other"))
    farms = []
    for person, (name, share) in zip(owners, SHARES, strict=True):
        began = time.perf_counter()
        farm = make_busy(make_farm(owner=person, wall=wall, name=name))
        grow(farm, size.part(share))
        farms.append(farm)
        say(f"{name}: {share:.0%} of the farm in {time.perf_counter() - began:.1f} s")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return farms[0]


def opened(client: Client, name: str, path: str, known: Tables) -> Page:
    """Open a page: once to warm up, once with its queries written down, then for the time."""
    fetch(client, path)
    queries: list[Query] = []
    with connection.execute_wrapper(_Recorder(queries)):
        status = fetch(client, path)
    seconds = []
    for _ in range(TIMES):
        began = time.perf_counter()
        fetch(client, path)
        seconds.append(time.perf_counter() - began)
    page = Page(name, path, status, queries, statistics.median(seconds) * 1_000)
    for query in queries:
        if query.sql not in page.plans and (plan := explain(query.sql, query.params, known)):
            page.plans[query.sql] = plan
    return page


def fetch(client: Client, path: str) -> int:
    """The status of the answer, read to its end."""
    answer = client.get(path)
    for _ in getattr(answer, "streaming_content", ()):
        pass
    return answer.status_code


class _Recorder:
    """Writes down what is asked. Several rows at once count as one statement."""

    def __init__(self, queries: list[Query]) -> None:
        self._queries = queries

    def __call__(
        self,
        execute: Callable[..., object],
        sql: str,
        params: object,
        many: bool,  # noqa: FBT001 - the signature is Django's
        context: object,
    ) -> object:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self._queries.append(Query(sql, params, time.perf_counter() - began))


def pressed(client: Client, path: str) -> Iterator[str]:
    """The addresses of the choices of an admin list's filters: the second and the last of each."""
    page = client.get(path).content.decode().partition('id="changelist-filter"')[2]
    for block in page.split("<details")[1:]:
        choices = [html.unescape(query) for query in re.findall(r'href="(\?[^"]*)"', block)]
        yield from dict.fromkeys(each for each in (choices[1:2] + choices[-1:]) if each != "?")


def say_table(pages: Sequence[Page]) -> None:
    """The slowest page first; below each the sequential scans that it makes."""
    say(f"\n{'page':58} {'status':>6} {'queries':>7} {'ms':>8} {'rows read':>9}  slowest query")
    for page in sorted(pages, key=lambda each: -each.milliseconds):
        say(
            f"{page.name[:58]:58} {page.status:>6} {len(page.queries):>7}"
            f" {page.milliseconds:>8.1f} {page.rows_read:>9}  {page.slowest}"
        )
        for scan in page.scans:
            say(f"    {'seq scan' if scan.is_chosen else 'NO INDEX'} {in_words(scan)}")


def in_words(scan: Scan) -> str:
    return f"{scan.table} ({scan.rows:,} rows) {scan.condition}".strip()


def scans_of(pages: Sequence[Page], *, chosen: bool) -> list[str]:
    """Which page reads through which table, where an index would serve or where none does."""
    return sorted(
        {
            f"{page.name}: {in_words(scan)}"
            for page in pages
            for scan in page.scans
            if scan.is_chosen == chosen
        }
    )


def figures(pages: Sequence[Page]) -> Mapping[str, object]:
    times = sorted(page.milliseconds for page in pages)
    busiest = max(pages, key=lambda page: len(page.queries))
    return {
        "bench": "pages",
        **counts(),
        "pages": len(pages),
        "failed": sorted(page.name for page in pages if page.status in (400, 500)),
        "queries_max": len(busiest.queries),
        "queries_max_page": busiest.name,
        "over_12_queries": sorted(
            page.name
            for page in pages
            if len(page.queries) > 12 and not page.name.startswith("admin:")
        ),
        "unindexed": scans_of(pages, chosen=False),
        "scanned_though_indexed": scans_of(pages, chosen=True),
        "many_rows_read": {
            page.name: page.rows_read for page in pages if page.rows_read > MANY_ROWS
        },
        "p50_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[int(0.95 * (len(times) - 1))], 1),
        "slowest": {
            page.name: round(page.milliseconds, 1)
            for page in sorted(pages, key=lambda each: -each.milliseconds)[:5]
        },
    }


def counts() -> dict[str, int]:
    """How large the farm is that was looked at."""
    wanted = {"agents": "agents_agent", "orders": "trading_order", "events": "journal_event"}
    found = {}
    with connection.cursor() as cursor:
        for name, table in wanted.items():
            cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - names of our tables
            (found[name],) = cursor.fetchone()
    return found
