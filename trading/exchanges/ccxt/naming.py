"""A client order id as a venue wants it, and back.

Ours are `tfl` and 26 digits of base 32. Venues that want a UUID or a number of 128 bits get the
order's own id, which those digits are.
"""

import re
from uuid import UUID

from trading.domain.requests import ALPHABET, client_order_id
from trading.exchanges.ccxt.terms import Naming, VenueTerms

OURS = re.compile(rf"tf[lp][{ALPHABET}]{{26}}")
BITS = 128


class BadClientId(ValueError):
    """The venue takes no id of this form."""


def venue_id(client_id: str, *, terms: VenueTerms) -> str:
    """The client order id as this venue gets it. Raises BadClientId."""
    told = client_id if terms.naming is Naming.PLAIN else _number(client_id, terms)
    if re.fullmatch(terms.client_id_pattern, told) is None:
        raise BadClientId(f"{terms.title} takes no client id {client_id!r}.")
    return told


def own_id(venue: str | None, *, terms: VenueTerms) -> str:
    """The client order id that the venue's one stands for; empty for none, others unchanged."""
    if not venue or terms.naming is Naming.PLAIN:
        return venue or ""
    if re.fullmatch(terms.client_id_pattern, venue) is None:
        return venue
    return client_order_id(order=UUID(int=int(venue.replace("-", ""), 16)), live=True)


def _number(client_id: str, terms: VenueTerms) -> str:
    if OURS.fullmatch(client_id) is None:
        raise BadClientId(f"{client_id!r} is no client id of ours.")
    number = 0
    for digit in client_id[3:]:
        number = number * len(ALPHABET) + ALPHABET.index(digit)
    if number >= 1 << BITS:
        raise BadClientId(f"{client_id!r} stands for no order of ours.")
    order = UUID(int=number)
    return str(order) if terms.naming is Naming.UUID else f"0x{order.hex}"
