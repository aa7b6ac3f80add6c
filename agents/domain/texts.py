"""Text from models and other outsiders, made fit to be stored and shown. It stays data."""

import unicodedata

KEPT = frozenset("\n\t")
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
LONGEST = 4_000


def clean(text: str, *, longest: int = LONGEST) -> str:
    """`text` without hidden and control characters, trimmed, cut with an ellipsis at `longest`.

    What is dropped: control characters but newline and tab, format characters (zero width,
    direction marks), halves of surrogate pairs, private and unassigned code points.
    """
    visible = "".join(
        character
        for character in text[: 4 * longest]
        if character in KEPT or unicodedata.category(character) not in HIDDEN
    ).strip()
    return visible if len(visible) <= longest else visible[: longest - 1] + "…"


def storable(text: str) -> str:
    """`text` as a database can hold it: without NUL and halves of surrogate pairs, else exact."""
    return text.replace("\x00", "").encode("utf-8", errors="replace").decode("utf-8")
