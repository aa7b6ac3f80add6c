from argparse import ArgumentParser
from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.management.links import add_address, find_person, link_words
from tradingfarm.people.services.links import make_link


class Command(BaseCommand):
    help = "Print a link with which a person sets a new password, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        add_address(parser)

    def handle(self, *args: Any, name: str, address: str, **options: Any) -> None:
        person = find_person(name)
        if not person.is_active:
            raise CommandError(f"{name} is switched off: an operator switches them on first.")
        secret = make_link(person=person, actor=f"shell:{getuser()}", at=SystemClock().now())
        self.stdout.write(link_words(person, secret, address))
