from itertools import groupby
from typing import Any

from django.db import migrations
from django.utils.timezone import now

# A run may follow a version whose text was overwritten; its own steps still say what it was.
COLUMNS = ("code", "name", "instructions", "stage", "role")


def _definition(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """As playbooks.engine.stages at the time of this migration: steps of one stage stand side by side."""
    nodes = []
    ordered = sorted(steps, key=lambda step: step["stage"])
    for stage, group in groupby(ordered, key=lambda step: step["stage"]):
        tasks = [
            {
                "id": step["code"],
                "kind": "task",
                "name": step["name"],
                "instructions": step["instructions"],
                "role": step["role"],
                "day": step.get("day", 0),
            }
            for step in group
        ]
        many = {"kind": "parallel", "name": "Side by side", "join": "all", "branches": [[task] for task in tasks]}
        nodes.append(tasks[0] if len(tasks) == 1 else {"id": f"stage-{stage}", **many})
    return {"steps": nodes}


def forward(apps: Any, editor: Any) -> None:
    Playbook, Version = apps.get_model("playbooks", "Playbook"), apps.get_model("playbooks", "PlaybookVersion")
    Run, Step = apps.get_model("playbooks", "Run"), apps.get_model("playbooks", "Step")
    at = now()
    for playbook in Playbook.objects.all():
        old = Run.objects.filter(playbook=playbook).exclude(playbook_version=playbook.version)
        for number in sorted(set(old.values_list("playbook_version", flat=True))):
            first = old.filter(playbook_version=number).order_by("started_at").first()
            steps = list(Step.objects.filter(run=first).order_by("position").values(*COLUMNS))
            Version.objects.create(
                playbook=playbook, number=number, definition=_definition(steps), state="retired", created_at=at
            )
        playbook.live = Version.objects.create(
            playbook=playbook,
            number=playbook.version,
            definition=_definition(playbook.steps),
            state="live",
            created_at=at,
            published_at=at,
        )
        playbook.save(update_fields=["live"])
        for version in Version.objects.filter(playbook=playbook):
            Run.objects.filter(playbook=playbook, playbook_version=version.number).update(version=version)


def _steps(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for stage, node in enumerate(nodes, start=1):
        for task in [lane[0] for lane in node["branches"]] if node["kind"] == "parallel" else [node]:
            known = {name: task.get(name, "") for name in ("name", "instructions", "role")}
            found.append({"code": task["id"], "stage": stage, "day": task.get("day", 0), **known})
    return found


def back(apps: Any, editor: Any) -> None:
    """Stages can be written as before; other trees cannot, and stop the way back before anything is lost."""
    Playbook, Run = apps.get_model("playbooks", "Playbook"), apps.get_model("playbooks", "Run")
    for version in apps.get_model("playbooks", "PlaybookVersion").objects.select_related("playbook"):
        kinds = {node["kind"] for node in version.definition["steps"]}
        if kinds - {"task", "parallel"}:
            raise RuntimeError(f"version {version.number} of {version.playbook.code} is no list of stages")
        Run.objects.filter(version=version).update(playbook_version=version.number, version=None)
        if version.state == "live":
            fields = {"steps": _steps(version.definition["steps"]), "version": version.number, "live": None}
            Playbook.objects.filter(pk=version.playbook_id).update(**fields)
        else:
            Playbook.objects.filter(live=version).update(live=None)
    apps.get_model("playbooks", "PlaybookVersion").objects.all().delete()


class Migration(migrations.Migration):
    """Every playbook gets its text as a live version, every run the version it follows."""

    dependencies = [("playbooks", "0002_versions_and_engine")]
    operations = [migrations.RunPython(forward, back)]
