"""Who may open which address: every view says so, and a test fails for one that does not."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tradingfarm.people.models import Role, User

READ = ("GET", "HEAD")
WRITE = ("POST",)
FORM = ("GET", "HEAD", "POST")

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


@dataclass(frozen=True)
class Rule:
    """`role` is the lowest one that may, None for everybody, signed in or not.

    `owns` names the kind of object in the address, such as "order": somebody else's is a 404.
    """

    role: Role | None
    owns: str = ""
    methods: tuple[str, ...] = READ


def access(
    role: Role | None, *, owns: str = "", methods: tuple[str, ...] = READ
) -> Callable[[View], View]:
    """Let only people of `role` and above in: strangers are sent to sign in, others refused.

    The view itself looks the object up among the things of `owner_of(request)`.
    """

    def decorated(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if role is not None and not person_of(request).may(role):
                raise PermissionDenied(f"This takes the role {role}; ask an operator for it.")
            return view(request, *args, **kwargs)

        ready: Any = never_cache(require_http_methods(list(methods))(guarded))
        if role is None:
            ready = login_not_required(ready)
        ready.rule = Rule(role, owns, methods)
        return ready  # type: ignore[no-any-return]  # a view again, with its rule

    return decorated


def person_of(request: HttpRequest) -> User:
    """The signed-in person. Raises PermissionDenied for a stranger."""
    if not isinstance(request.user, User):
        raise PermissionDenied("Sign in first.")
    return request.user


def owner_of(request: HttpRequest) -> int:
    """Whose things the signed-in person works with."""
    return person_of(request).owner_id
