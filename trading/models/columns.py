from enum import StrEnum
from typing import Any

from django.db import models


def money(**options: Any) -> "models.DecimalField[Any, Any]":
    """A numeric(38, 18): amounts, prices and quantities alike."""
    return models.DecimalField(max_digits=38, decimal_places=18, **options)


def choices(enum: type[StrEnum]) -> list[tuple[str, str]]:
    """Choices of a StrEnum, labelled by their own value."""
    return [(member.value, member.value.replace("_", " ").capitalize()) for member in enum]
