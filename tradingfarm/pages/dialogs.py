"""A question that is asked in a dialog, and on a page of its own where there is no script."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from trading.models import Account
from tradingfarm.pages.answers import opened_at, wants_fragment

BUSY = "The account is busy and nothing was changed. Try again: it is done once, whatever happens."


def ask(
    request: HttpRequest,
    *,
    title: str,
    fragment: str,
    account: Account,
    context: Mapping[str, object],
) -> HttpResponse:
    """The `fragment` as a dialog for htmx, else inside of a page called `title`.

    The fragment gets `title`, `account`, `action`, where its form is sent to, and `back`, where
    saying no leads without a dialog.
    """
    shown = {
        "title": title,
        "fragment": fragment,
        "account": account,
        "action": request.path,
        "back": opened_at(request) or reverse("account-settings", args=[account.id]),
        **context,
    }
    template = fragment if wants_fragment(request) else "dialogs/page.html"
    return render(request, template, shown)
