"""Where providers are built. Nothing else asks what answers for an agent."""

import threading
from collections.abc import Callable
from functools import cache

from django.conf import settings

from agents.domain.asking import Provider, ProviderFailed
from agents.providers.anthropic.provider import AnthropicProvider
from agents.providers.breaker import Breaker
from agents.providers.rules import RulesProvider
from tradingfarm.kernel.clock import SystemClock

RULES, CLAUDE = "rules", "anthropic"


class UnknownProvider(ProviderFailed):
    """An agent names a provider that this release does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is no provider {name!r}; choose one of: {', '.join(sorted(PROVIDERS))}.",
            permanent=True,
        )


class NoKey(ProviderFailed):
    """A service needs a key that the farm was not given."""

    def __init__(self, name: str, variable: str) -> None:
        super().__init__(
            f"{name} needs a key: set {variable} in the environment and start the farm again, or"
            " give the agent another provider.",
            permanent=True,
        )


def provider_named(name: str) -> Provider:
    """The one provider of that name in this process. Raises UnknownProvider, NoKey."""
    with BUILDING:
        return _built(name)


@cache
def _built(name: str) -> Provider:
    build = PROVIDERS.get(name)
    if build is None:
        raise UnknownProvider(name)
    return build()


def default_mind() -> tuple[str, str]:
    """Provider and model for agents that the farm makes: Claude with a key, else rules."""
    return (CLAUDE, settings.ANTHROPIC_MODEL) if settings.ANTHROPIC_API_KEY else (RULES, "")


def _anthropic() -> Provider:
    if not settings.ANTHROPIC_API_KEY:
        raise NoKey("Anthropic", "ANTHROPIC_API_KEY")
    provider = AnthropicProvider(
        api_key=settings.ANTHROPIC_API_KEY,
        base_url=settings.ANTHROPIC_BASE_URL,
        default_model=settings.ANTHROPIC_MODEL,
    )
    return Breaker(provider, name="Anthropic", clock=SystemClock())


PROVIDERS: dict[str, Callable[[], Provider]] = {RULES: RulesProvider, CLAUDE: _anthropic}
# Many threads ask at once, and a second provider would have a second client.
BUILDING = threading.Lock()
