"""The lists of an account, and each as a file."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from tradingfarm.pages.lists.executions import EXECUTIONS
from tradingfarm.pages.lists.fills import FILLS
from tradingfarm.pages.lists.orders import ORDERS
from tradingfarm.pages.lists.positions import POSITIONS
from tradingfarm.pages.lists.refusals import REFUSALS
from tradingfarm.people.access import WRITE, access
from tradingfarm.people.models import Role


@access(Role.VIEWER)
def orders(request: HttpRequest) -> HttpResponse:
    """The orders of the current account."""
    return ORDERS.page(request)


@access(Role.VIEWER)
def fills(request: HttpRequest) -> HttpResponse:
    """The fills of the current account, with what they cost and brought together."""
    return FILLS.page(request)


@access(Role.VIEWER)
def positions(request: HttpRequest) -> HttpResponse:
    """The positions of the current account, open and closed."""
    return POSITIONS.page(request)


@access(Role.VIEWER)
def refusals(request: HttpRequest) -> HttpResponse:
    """What the risk gate refused on the current account."""
    return REFUSALS.page(request)


@access(Role.VIEWER)
def executions(request: HttpRequest) -> HttpResponse:
    """The executions of the current account."""
    return EXECUTIONS.page(request)


@access(Role.VIEWER, methods=WRITE)
def export_orders(request: HttpRequest) -> HttpResponseBase:
    """The orders that the filters leave, as a file."""
    return ORDERS.export(request)


@access(Role.VIEWER, methods=WRITE)
def export_fills(request: HttpRequest) -> HttpResponseBase:
    """The fills that the filters leave, as a file."""
    return FILLS.export(request)


@access(Role.VIEWER, methods=WRITE)
def export_positions(request: HttpRequest) -> HttpResponseBase:
    """The closed positions that the filters leave, as a file."""
    return POSITIONS.export(request)


@access(Role.VIEWER, methods=WRITE)
def export_refusals(request: HttpRequest) -> HttpResponseBase:
    """The refused orders that the filters leave, as a file."""
    return REFUSALS.export(request)


@access(Role.VIEWER, methods=WRITE)
def export_executions(request: HttpRequest) -> HttpResponseBase:
    """The executions that the filters leave, as a file."""
    return EXECUTIONS.export(request)
