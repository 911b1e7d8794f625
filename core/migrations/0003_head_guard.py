from django.db import migrations

# Only the chain itself moves the head: a statement that is not inside a trigger is refused.
GUARD = """
create trigger core_entryhead_only_by_chain before update on core_entryhead
    for each row when (pg_trigger_depth() = 0) execute function core_entry_refuse();
create trigger core_entryhead_no_truncate before truncate on core_entryhead
    for each statement execute function core_entry_refuse();
create unique index core_entryhead_one on core_entryhead ((true));
"""

UNDO = """
drop index core_entryhead_one;
drop trigger core_entryhead_no_truncate on core_entryhead;
drop trigger core_entryhead_only_by_chain on core_entryhead;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0002_trail_guard")]

    operations = [migrations.RunSQL(GUARD, UNDO)]
