import core.guard
import django.db.models.deletion
import uuid6
from django.db import migrations, models


class Migration(migrations.Migration):
    """Room for versions and for what the engine keeps of a step; 0003 fills it, 0004 takes the old columns away."""

    dependencies = [("playbooks", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="PlaybookVersion",
            fields=[
                ("id", models.UUIDField(default=uuid6.uuid7, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField()),
                ("definition", models.JSONField()),
                ("state", models.CharField(default="draft", max_length=8)),
                ("edits", models.PositiveIntegerField(default=1)),
                ("created_by", models.CharField(blank=True, max_length=160)),
                ("created_at", models.DateTimeField()),
                ("published_by", models.CharField(blank=True, max_length=160)),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "playbook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="playbooks.playbook"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("playbook", "number"), name="playbook_version_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "live")), fields=("playbook",), name="playbook_one_live_version"
                    ),
                ],
            },
            bases=(core.guard.GuardedRow, models.Model),
        ),
        migrations.AddField(
            model_name="playbook",
            name="live",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="playbooks.playbookversion",
            ),
        ),
        migrations.AlterField(
            model_name="playbook", name="steps", field=models.JSONField(default=list)
        ),  # so that 0004 can be taken back
        migrations.AlterField(
            model_name="run", name="playbook_version", field=models.PositiveIntegerField(default=1)
        ),
        migrations.AddField(
            model_name="run",
            name="version",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="playbooks.playbookversion",
            ),
        ),
        migrations.AddField(
            model_name="step", name="kind", field=models.CharField(default="task", max_length=10)
        ),
        migrations.AlterField(model_name="step", name="due_on", field=models.DateField(null=True)),
        migrations.AddField(model_name="step", name="due_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="step", name="opened_at", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="step", name="attempts", field=models.PositiveSmallIntegerField(default=0)
        ),
        migrations.AddField(
            model_name="step", name="error", field=models.CharField(blank=True, max_length=1000)
        ),
        migrations.AddField(model_name="step", name="result", field=models.JSONField(default=dict)),
        migrations.AddField(model_name="step", name="mended", field=models.JSONField(default=dict)),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.UniqueConstraint(fields=("run", "code"), name="step_node_once"),
        ),
        migrations.AddIndex(
            model_name="step",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at", "id"], name="step_due"
            ),
        ),
        migrations.AddIndex(
            model_name="step",
            index=models.Index(condition=models.Q(("state", "failed")), fields=["id"], name="step_failed"),
        ),
    ]
