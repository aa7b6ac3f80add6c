from argparse import ArgumentParser
from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.forms import InviteForm
from tradingfarm.people.management.links import add_address, link_words
from tradingfarm.people.models import Role, User
from tradingfarm.people.services.people import Invited, invite_person


class Command(BaseCommand):
    help = (
        "Make an account and print the link that sets its password. The first operator's way in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="With which the person signs in.")
        parser.add_argument("--role", choices=[role.value for role in Role], default=Role.TRADER)
        parser.add_argument("--desk", help="The name of the person whose desk it is.")
        parser.add_argument("--email", default="")
        add_address(parser)

    def handle(self, *args: Any, name: str, address: str, **options: Any) -> None:
        form = InviteForm({"name": name, **options, "desk": _desk_id(options["desk"])})
        if not form.is_valid():
            raise CommandError(" ".join(f"{k}: {v[0]}" for k, v in form.errors.items()))
        outcome = invite_person(
            name=form.cleaned_data["name"],
            standing=form.standing(),
            actor=f"shell:{getuser()}",
            at=SystemClock().now(),
        )
        if not isinstance(outcome, Invited):
            raise CommandError(outcome)
        self.stdout.write(link_words(outcome.person, outcome.secret, address))


def _desk_id(name: str | None) -> int | None:
    if name is None:
        return None
    found = User.objects.filter(username=name).values_list("pk", flat=True).first()
    if found is None:
        raise CommandError(f"Nobody is called {name}, so that cannot be the desk.")
    return found
