import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("playbooks", "0003_versions_of_what_is_there")]

    operations = [
        migrations.RemoveField(model_name="playbook", name="steps"),
        migrations.RemoveField(model_name="playbook", name="version"),
        migrations.RemoveField(model_name="run", name="playbook_version"),
        migrations.AlterField(
            model_name="run",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="playbooks.playbookversion",
            ),
        ),
    ]
