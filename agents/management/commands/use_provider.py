from argparse import ArgumentParser
from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agents.models import Team
from agents.services.switching import use_provider
from agents.worlds import PROVIDERS, provider_named
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.errors import FarmError


class Command(BaseCommand):
    help = (
        "Change what answers for the agents of every team, or of those named. Executions that"
        " think already end with what they began with."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("provider", choices=sorted(PROVIDERS))
        parser.add_argument("teams", nargs="*", help="Names of teams; none means all.")
        parser.add_argument("--model", default="", help="The model; the farm's default if empty.")

    def handle(
        self, *args: Any, provider: str, teams: list[str], model: str, **options: Any
    ) -> None:
        try:
            provider_named(provider)
        except FarmError as error:
            raise CommandError(error.message) from error
        for team in _teams(teams):
            number = use_provider(
                team_id=team.id,
                provider=provider,
                model=model,
                actor=f"shell:{getuser()}",
                at=SystemClock().now(),
            )
            self.stdout.write(f"{team.name}: {provider} answers for {number} agents.")


def _teams(names: list[str]) -> list[Team]:
    found = Team.objects.order_by("name")
    if not names:
        return list(found)
    if missing := set(names) - set(found.values_list("name", flat=True)):
        raise CommandError(
            f"There is no team {', '.join(sorted(missing))}. There are:"
            f" {', '.join(found.values_list('name', flat=True))}."
        )
    return list(found.filter(name__in=names))
