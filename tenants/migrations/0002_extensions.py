from django.db import migrations

# In a schema of their own: a tenant's search path holds it and never `public`. An extension that a
# database administrator put elsewhere is moved.
EXTENSIONS = """
create schema if not exists extensions;
do $$
declare
    wanted text;
begin
    foreach wanted in array array['pg_trgm', 'unaccent', 'btree_gist'] loop
        execute format('create extension if not exists %I with schema extensions', wanted);
        if (select extnamespace::regnamespace::text from pg_extension where extname = wanted) <> 'extensions' then
            execute format('alter extension %I set schema extensions', wanted);
        end if;
    end loop;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [migrations.RunSQL(EXTENSIONS, migrations.RunSQL.noop)]
