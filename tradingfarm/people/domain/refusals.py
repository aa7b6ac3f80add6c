from enum import StrEnum


class Refusal(StrEnum):
    """Why nothing was changed, as a sentence for the operator who asked."""

    NAME_TAKEN = "Somebody has that name already, perhaps with other capital letters."
    EMAIL_TAKEN = "That mail address belongs to somebody else; each person needs their own."
    NO_SUCH_DESK = "That desk is not there: choose somebody who is active and has no desk."
    DESK_IN_USE = "Others work at this person's desk. Move them first."
    YOURSELF = "Your own role and access are changed by another operator."
    NOT_OPERATOR = "You are not an operator any more. Ask one."
