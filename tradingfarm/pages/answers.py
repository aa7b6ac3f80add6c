"""How a view answers: with a page or its fragment, and by going on out of either."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

SEE_OTHER = 303


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks, for a part of a page such as a dialog."""
    return "HX-Request" in request.headers


def go(request: HttpRequest, address: str) -> HttpResponse:
    """To another page; htmx, which asked for a fragment, is told to leave the whole page."""
    if wants_fragment(request):
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address, status=SEE_OTHER)


def opened_at(request: HttpRequest) -> str:
    """The path and query of the page on which a dialog was opened; empty for a page of its own."""
    shown = request.headers.get("HX-Current-URL", "")
    if not url_has_allowed_host_and_scheme(shown, allowed_hosts={request.get_host()}):
        return ""
    parts = urlsplit(shown)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
