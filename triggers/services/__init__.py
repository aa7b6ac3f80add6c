"""Writes of the triggers: setting them up and firing them."""

from triggers.services.due import due_hits, fire_due
from triggers.services.firing import fire
from triggers.services.triggers import (
    InvalidTrigger,
    create_trigger,
    disable_trigger,
    enable_trigger,
    update_trigger,
)
from triggers.services.unheld import fire_unheld

__all__ = [
    "InvalidTrigger",
    "create_trigger",
    "disable_trigger",
    "due_hits",
    "enable_trigger",
    "fire",
    "fire_due",
    "fire_unheld",
    "update_trigger",
]
