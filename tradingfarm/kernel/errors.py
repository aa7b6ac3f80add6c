"""The root of every failure that the farm raises on purpose."""


class FarmError(Exception):
    """A failure with a sentence for a person.

    `permanent` says whether trying the same thing again can never help. Refusals (a denied order,
    a lost vote) are values and never raised.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent
