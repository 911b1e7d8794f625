from django.db import migrations

HASH = """
create function core_entry_hash(previous text, seq bigint, event text, account_id uuid, data jsonb,
                                actor_id uuid, actor_label text, at timestamptz) returns text
language sql immutable parallel safe as $fn$
    select encode(sha256(convert_to(
        jsonb_build_array(previous, seq, event, account_id, data, actor_id, actor_label, extract(epoch from at))::text,
        'UTF8')), 'hex')
$fn$;
"""

# The head row is locked until the writer commits, so numbers have no gaps and every link is to a committed entry.
CHAIN = """
create function core_entry_chain() returns trigger language plpgsql as $fn$
declare
    head_seq bigint;
    head_hash text;
begin
    execute format('select seq, hash from %I.core_entryhead for update', tg_table_schema) into strict head_seq, head_hash;
    new.seq := head_seq + 1;
    new.previous_hash := head_hash;
    execute format('select %I.core_entry_hash($1, $2, $3, $4, $5, $6, $7, $8)', tg_table_schema) into new.hash
        using head_hash, new.seq, new.event::text, new.account_id, new.data, new.actor_id, new.actor_label::text, new.at;
    execute format('update %I.core_entryhead set seq = $1, hash = $2', tg_table_schema) using new.seq, new.hash;
    return new;
end
$fn$;
"""

REFUSE = """
create function core_entry_refuse() returns trigger language plpgsql as $fn$
begin
    raise exception 'the trail is append-only: % refused', lower(tg_op) using errcode = 'insufficient_privilege';
end
$fn$;
"""

TRIGGERS = """
create trigger core_entry_chain before insert on core_entry for each row execute function core_entry_chain();
create trigger core_entry_no_change before update or delete on core_entry
    for each row execute function core_entry_refuse();
create trigger core_entry_no_truncate before truncate on core_entry
    for each statement execute function core_entry_refuse();
create trigger core_entryhead_stays before delete on core_entryhead
    for each row execute function core_entry_refuse();
insert into core_entryhead (seq, hash) values (0, '');
"""

UNDO = """
drop trigger core_entryhead_stays on core_entryhead;
drop trigger core_entry_no_truncate on core_entry;
drop trigger core_entry_no_change on core_entry;
drop trigger core_entry_chain on core_entry;
drop function core_entry_refuse();
drop function core_entry_chain();
drop function core_entry_hash(text, bigint, text, uuid, jsonb, uuid, text, timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.RunSQL([HASH, CHAIN, REFUSE, TRIGGERS], [UNDO]),
    ]
