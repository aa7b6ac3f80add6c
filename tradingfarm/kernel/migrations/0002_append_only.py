"""The journal's chain: one function that appends, two triggers that refuse to change the past."""

from django.db import migrations

APPEND = """
CREATE FUNCTION journal_append(
    streams text[], kinds text[], actors text[], subjects text[],
    ats timestamptz[], as_ofs timestamptz[], entries text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    chain text;
    place bigint;
    tip text;
    event record;
    next_tip text;
BEGIN
    FOR chain IN SELECT DISTINCT s FROM unnest(streams) AS s ORDER BY s LOOP
        INSERT INTO journal_stream (name, seq, hash) VALUES (chain, 0, '')
            ON CONFLICT (name) DO NOTHING;
        SELECT seq, hash INTO place, tip FROM journal_stream WHERE name = chain
            FOR NO KEY UPDATE;
        FOR event IN
            SELECT * FROM unnest(streams, kinds, actors, subjects, ats, as_ofs, entries)
                WITH ORDINALITY AS e(stream, kind, actor, subject, at, as_of, entry, position)
                WHERE e.stream = chain ORDER BY position
        LOOP
            place := place + 1;
            next_tip := encode(
                sha256(convert_to(concat(tip, ':', chain, ':', place, ':', event.entry), 'UTF8')),
                'hex'
            );
            INSERT INTO journal_event
                (stream, seq, kind, actor, subject, at, as_of, entry, previous, hash)
            VALUES (chain, place, event.kind, event.actor, event.subject, event.at, event.as_of,
                    event.entry, tip, next_tip);
            tip := next_tip;
        END LOOP;
        UPDATE journal_stream SET seq = place, hash = tip WHERE name = chain;
    END LOOP;
END $$;
"""

REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Records are append-only: % on % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER journal_event_append_only BEFORE UPDATE OR DELETE ON journal_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_stream_stays BEFORE DELETE ON journal_stream
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = (("kernel", "0001_initial"),)

    operations = (
        migrations.RunSQL(APPEND, "DROP FUNCTION journal_append"),
        migrations.RunSQL(
            REFUSE,
            "DROP TRIGGER journal_event_append_only ON journal_event;"
            "DROP TRIGGER journal_stream_stays ON journal_stream;"
            "DROP FUNCTION refuse_change",
        ),
    )
