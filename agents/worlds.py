"""Where providers are built. Nothing else asks what answers for an agent."""

from functools import cache

from agents.domain.asking import Provider, ProviderFailed
from agents.providers.rules import RulesProvider

PROVIDERS = {"rules": RulesProvider}


class UnknownProvider(ProviderFailed):
    """An agent names a provider that this release does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is no provider {name!r}; choose one of: {', '.join(sorted(PROVIDERS))}.",
            permanent=True,
        )


@cache
def provider_named(name: str) -> Provider:
    """The one provider of that name in this process. Raises UnknownProvider."""
    kind = PROVIDERS.get(name)
    if kind is None:
        raise UnknownProvider(name)
    return kind()
