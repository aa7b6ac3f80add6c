"""How long something took, in words."""

from datetime import timedelta

MILLISECOND = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
UNITS = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (MINUTE, "min"),
    (SECOND, "s"),
)
FINE_BELOW = timedelta(seconds=10)


def span_words(span: timedelta) -> str:
    """How long it took: '38 ms', '1.4 s', '2 min 5 s', '3 h 12 min', '4 d'. Never negative."""
    if span < SECOND:
        return f"{max(span // MILLISECOND, 0)} ms"
    if span < FINE_BELOW:
        return f"{span / SECOND:.1f} s"
    if span < MINUTE:
        return f"{span // SECOND} s"
    counts = []
    for unit, name in UNITS:
        count, span = divmod(span, unit)
        counts.append((count, name))
    first = next(place for place, (count, _) in enumerate(counts) if count)
    # The largest unit and the next one, as people say it.
    return " ".join(f"{count} {name}" for count, name in counts[first : first + 2] if count)
