"""What commands about people share."""

from argparse import ArgumentParser

from django.core.management.base import CommandError
from django.urls import reverse

from tradingfarm.people.domain.links import LIFETIME
from tradingfarm.people.models import User

LOCAL = "http://127.0.0.1:8000"


def add_address(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--address", default=LOCAL, help=f"Where browsers find the farm, by default {LOCAL}."
    )


def link_words(person: User, secret: str, address: str) -> str:
    """What to do with a new link."""
    path = reverse("password-link", args=[secret])
    return (
        f"{person.username} ({person.role}) sets a password here, once, within {LIFETIME.days} "
        f"days:\n{address.rstrip('/')}{path}"
    )


def find_person(name: str) -> User:
    """The person of this name. Raises CommandError with the names that there are."""
    person = User.objects.filter(username=name).first()
    if person is None:
        known = ", ".join(User.objects.order_by("username").values_list("username", flat=True))
        raise CommandError(f"Nobody is called {name}. There are: {known or 'none'}.")
    return person
