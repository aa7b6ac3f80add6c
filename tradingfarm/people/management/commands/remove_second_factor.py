from argparse import ArgumentParser
from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.management.links import find_person
from tradingfarm.people.services.second_factors import remove_second_factor


class Command(BaseCommand):
    help = "Remove the second factor of somebody who lost the app and the recovery codes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        person, at = find_person(name), SystemClock().now()
        if not remove_second_factor(person=person, actor=f"shell:{getuser()}", at=at):
            raise CommandError(f"{name} has no second factor.")
        self.stdout.write(f"{name} signs in with the password alone and can set up a new one.")
