from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.services.sessions import note_use

CLOCK = SystemClock()
EVERY = timedelta(minutes=1)
REMEMBERED = 10_000


class ActivityMiddleware(MiddlewareMixin):
    """Notes when and from where each session was last used: at most once a minute, because
    pages ask more often than anybody wants to know it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self._noted: dict[tuple[str, str], datetime] = {}

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object
    ) -> None:
        """Runs once Django knows that the page may be asked for."""
        key = request.session.session_key
        if not getattr(view, "login_required", True) or not key:
            return
        if not request.user.is_authenticated:
            return
        use, now = (key, get_adapter().get_client_ip(request)), CLOCK.now()
        if use in self._noted and now - self._noted[use] < EVERY:
            return
        self._remember(use, now)
        note_use(
            person_id=request.user.pk,
            session_key=key,
            address=use[1],
            user_agent=request.headers.get("User-Agent", ""),
            at=now,
        )

    def _remember(self, use: tuple[str, str], now: datetime) -> None:
        """Only to spare writes: what this process does not know is noted again."""
        if len(self._noted) >= REMEMBERED:
            self._noted.clear()
        self._noted[use] = now
