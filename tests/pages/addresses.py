"""Every address of the URLconf, with arguments of real things of a farm.

`every_address()` walks what Django itself routes by, so a page that is added is found without
being named anywhere. `kwargs_for(address, farm)` fills its parameters with things of that farm:
give it another person's farm for what is somebody else's, and use `missing_kwargs` for what does
not exist. A parameter of a new kind needs a line in `FINDERS`, or the test that meets it says so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from agents.models import (
    Agent,
    AgentVersion,
    Decision,
    Execution,
    Message,
    Proposal,
    Team,
    TradingSession,
)
from tests.pages.farms import Farm
from trading.models import (
    Assessment,
    Breaker,
    Confirmation,
    Fill,
    Order,
    ParentOrder,
    Permission,
    Position,
    PositionShare,
    Protection,
    StopRun,
)
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.people.access import Rule
from triggers.models import Firing, Trigger

NOBODY = UUID("00000000-0000-4000-8000-00000000dead")
Converters = dict[str, str]
MISSING = {"UUIDConverter": NOBODY, "IntConverter": 2**62, "SlugConverter": "missing"}


# What only a mail or a person's own hand carries; nobody can look it up.
SECRETS = frozenset({"secret", "key", "uidb36"})


class NoSuchThing(LookupError):
    """The farm has nothing that the parameter of an address could name."""


@dataclass(frozen=True)
class Address:
    """One named address. `rule` is None for what is not ours: the admin, a library's pages.

    `kwargs_names` are its parameters in order, `converters` what each of them accepts.
    """

    name: str
    rule: Rule | None
    kwargs_names: tuple[str, ...]
    converters: tuple[str, ...]
    model: type[Model] | None = None

    @property
    def is_admin(self) -> bool:
        return self.name.startswith("admin:")

    @property
    def is_ours(self) -> bool:
        return self.rule is not None

    @property
    def is_secret(self) -> bool:
        """Whether it holds something that nobody can look up."""
        return not SECRETS.isdisjoint(self.kwargs_names)

    @property
    def can_be_read(self) -> bool:
        """Whether it is opened by GET; what is not ours is tried."""
        if self.rule is None:
            return not (self.is_admin and self.name.endswith("_export"))
        return "GET" in self.rule.methods

    def path(self, kwargs: Mapping[str, object]) -> str:
        return reverse(self.name, kwargs=dict(kwargs))


def every_address() -> list[Address]:
    """Each pattern of the URLconf that has a name and a view, sorted by name.

    One that has no name cannot be linked to and is found by `nameless()`.
    """
    found = _walk(get_resolver().url_patterns, "", {})
    return sorted(found, key=lambda address: (address.name, address.kwargs_names))


def nameless() -> list[str]:
    """The routes of our own views that have no name."""
    return [
        route
        for route, pattern in _routes(get_resolver().url_patterns, "")
        if not pattern.name and hasattr(pattern.callback, "rule")
    ]


def kwargs_for(address: Address, farm: Farm) -> dict[str, object]:
    """Arguments that name things of the farm, from `rule.owns` and the parameters' own names.

    Raises NoSuchThing when the farm has none, or when nobody has said how to find that kind.
    """
    if address.is_admin:
        return {name: _of_admin(address, name) for name in address.kwargs_names}
    kinds = _kinds(address)
    return {name: _found(kind, farm) for name, kind in kinds.items()}


def missing_kwargs(address: Address) -> dict[str, object]:
    """Arguments that name nothing at all."""
    pairs = zip(address.kwargs_names, address.converters, strict=True)
    return {name: MISSING.get(converter, "missing") for name, converter in pairs}


def path_for(address: Address, farm: Farm) -> str:
    """The address with things of the farm. What an account only lends meaning to names it too."""
    path = address.path(kwargs_for(address, farm))
    owns = address.rule.owns if address.rule else ""
    if owns == "position" and "account_id" not in address.kwargs_names:
        return f"{path}?account={farm.account.id}"
    return path


def _walk(patterns: Iterable[Any], space: str, above: Converters) -> Iterator[Address]:
    for pattern in patterns:
        converters = above | _converters(pattern)
        if isinstance(pattern, URLResolver):
            inside = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _walk(pattern.url_patterns, inside, converters)
        elif pattern.name:
            yield _address(f"{space}{pattern.name}", pattern.callback, converters)


def _address(name: str, view: Any, converters: Converters) -> Address:
    site = getattr(view, "model_admin", None)
    return Address(
        name=name,
        rule=getattr(view, "rule", None),
        kwargs_names=tuple(converters),
        converters=tuple(converters.values()),
        model=site.model if site else None,
    )


def _converters(pattern: URLPattern | URLResolver) -> Converters:
    """The parameters of a route or a regular expression, with the kind of text that each takes."""
    names = pattern.pattern.converters or pattern.pattern.regex.groupindex
    return {name: type(pattern.pattern.converters.get(name)).__name__ for name in names}


def _routes(patterns: Iterable[Any], prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route, pattern


def _kinds(address: Address) -> dict[str, str]:
    """What each parameter names. A view's only parameter is what it owns, whatever it is called;
    of several, each is named by itself, and `owns` decides for the one that is a thing's id."""
    owns = address.rule.owns if address.rule else ""
    names = address.kwargs_names
    if len(names) == 1 and owns:
        return {names[0]: owns}
    return {name: _kind(name, owns) for name in names}


def _kind(name: str, owns: str) -> str:
    kind = name.removesuffix("_id").removesuffix("_pk")
    return owns if kind in ("", "id", "pk", "object") or (kind, owns) in SAME else kind


# A position is addressed by its instrument; the last parameter of its pages is that.
SAME = {("instrument", "position")}


def _found(kind: str, farm: Farm) -> object:
    finder = FINDERS.get(kind)
    if finder is None:
        raise NoSuchThing(f"Say in FINDERS of tests/pages/addresses.py how to find a {kind!r}.")
    value = finder(farm)
    if value is None:
        raise NoSuchThing(f"The farm of {farm.owner} has no {kind}.")
    return value


def _first(rows: QuerySet[Any], column: str = "pk") -> object:
    return rows.order_by("pk").values_list(column, flat=True).first()


def _held(farm: Farm) -> object:
    rows = Position.objects.filter(account=farm.account, quantity__gt=0)
    return _first(rows, "instrument_id")


def _of_account(model: type[Model]) -> Callable[[Farm], object]:
    rows: Any = model._default_manager
    return lambda farm: _first(rows.filter(account=farm.account))


def _of_owner(model: type[Model]) -> Callable[[Farm], object]:
    rows: Any = model._default_manager
    return lambda farm: _first(rows.filter(owner=farm.owner))


def _event(farm: Farm) -> object:
    return _first(JournalEvent.objects.filter(stream=account_stream(farm.account.id)))


def _proposal(farm: Farm) -> object:
    return _first(Proposal.objects.filter(execution__account=farm.account))


def _decision(farm: Farm) -> object:
    return _first(Decision.objects.filter(execution__account=farm.account))


def _version(farm: Farm) -> object:
    return _first(AgentVersion.objects.filter(agent__owner=farm.owner), "version")


def _session(farm: Farm) -> object:
    return _first(TradingSession.objects.filter(team__owner=farm.owner))


def _traded(farm: Farm) -> object:
    return next(iter(farm.instruments.values())).pk


FINDERS: dict[str, Callable[[Farm], object]] = {
    "account": lambda farm: farm.account.pk,
    "agent": _of_owner(Agent),
    "alert": _event,
    "assessment": _of_account(Assessment),
    "breaker": _of_account(Breaker),
    "browser session": lambda farm: _first(UserSession.objects.filter(user=farm.owner)),
    "confirmation": _of_account(Confirmation),
    "decision": _decision,
    "denial": _of_account(Assessment),
    "event": _event,
    "execution": _of_account(Execution),
    "feed": lambda farm: farm.account.feed_id,
    "fill": _of_account(Fill),
    "firing": lambda farm: _first(Firing.objects.filter(trigger__owner=farm.owner)),
    "instrument": _traded,
    "journal event": _event,
    "journal-event": _event,
    "journal_event": _event,
    "market": _traded,
    "message": _of_account(Message),
    "order": _of_account(Order),
    "owner": lambda farm: farm.owner.pk,
    "parent": _of_account(ParentOrder),
    "permission": _of_account(Permission),
    "person": lambda farm: farm.owner.pk,
    "position": _held,
    "proposal": _proposal,
    "protection": _of_account(Protection),
    "refusal": _of_account(Assessment),
    "session": _session,
    "share": lambda farm: _first(
        PositionShare.objects.filter(position__account=farm.account, quantity__gt=0)
    ),
    "stop": _of_account(StopRun),
    "stream": lambda farm: account_stream(farm.account.id),
    "team": _of_owner(Team),
    "trigger": _of_owner(Trigger),
    "user": lambda farm: farm.owner.pk,
    "version": _version,
}
"""How to find a thing of each kind; the kinds are those of `rule.owns` and of the parameters."""


def _of_admin(address: Address, name: str) -> object:
    """Arguments of Django's admin: any row of the model will do, staff may read all of them."""
    if name == "app_label":
        return "trading"
    if name == "content_type_id":
        return ContentType.objects.get(app_label="trading", model="order").pk
    if address.model is None or name not in ("object_id", "id"):
        raise NoSuchThing(f"{address.name} has a parameter {name!r} of its own.")
    found = _first(address.model._default_manager.all())
    if found is None:
        raise NoSuchThing(f"There is no {address.model._meta.verbose_name} to open.")
    return found
