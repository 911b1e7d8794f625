import core.guard
import django.db.models.deletion
import uuid6
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="DayOff",
            fields=[
                ("id", models.UUIDField(default=uuid6.uuid7, editable=False, primary_key=True, serialize=False)),
                ("on", models.DateField(unique=True)),
                ("name", models.CharField(blank=True, max_length=80)),
            ],
            options={"ordering": ["on"]},
            bases=(core.guard.GuardedRow, models.Model),
        ),
        migrations.CreateModel(
            name="Snooze",
            fields=[
                ("id", models.UUIDField(default=uuid6.uuid7, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("subject_id", models.UUIDField()),
                ("until", models.DateField()),
                ("reason", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                ("by_label", models.CharField(max_length=160)),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("kind", "subject_id"), name="snooze_once")],
            },
            bases=(core.guard.GuardedRow, models.Model),
        ),
        migrations.AddField(model_name="entitlement", name="version", field=models.PositiveIntegerField(default=1)),
        migrations.AddField(model_name="location", name="version", field=models.PositiveIntegerField(default=1)),
        migrations.AddField(model_name="product", name="version", field=models.PositiveIntegerField(default=1)),
    ]
