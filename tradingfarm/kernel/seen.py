"""What a person has looked at already. No record: it may be forgotten without harm."""

from django.db import connection

LOOK = """
INSERT INTO journal_seen AS old (person_id, stream, seq) VALUES (%s, %s, %s)
ON CONFLICT (person_id, stream) DO UPDATE SET seq = GREATEST(old.seq, EXCLUDED.seq)
"""


def mark_seen(*, person_id: int, stream: str, seq: int) -> None:
    """Remember that a person has seen everything of a stream up to `seq`; it never goes back."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK, [person_id, stream, seq])
