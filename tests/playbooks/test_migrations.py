"""What workspaces had before there were versions: converted, and back, without losing a word."""

from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import Account
from playbooks.library import VOICE
from playbooks.models import Playbook, Run
from playbooks.operations import install_library, start_run
from tenants.context import tenant_scope
from tests.database import NORTH
from tests.playbooks.conftest import AT, ENGINE, playbook
from tests.playbooks.test_runs import states


def migrate(name: str) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate([("playbooks", name)])
    return MigrationExecutor(connection).loader.project_state([("playbooks", name)]).apps


def test_steps_and_versions_go_over_and_come_back(scratch_database: None) -> None:
    last = next(leaf for leaf in MigrationExecutor(connection).loader.graph.leaf_nodes() if leaf[0] == "playbooks")[1]
    with tenant_scope(NORTH):
        install_library(at=AT, by=ENGINE)
        account = Account.objects.create(name="Initech")
        run = start_run(account_id=account.pk, playbook_id=playbook().pk, by=ENGINE, at=AT)
        before = {found.code: found.live.definition for found in Playbook.objects.select_related("live")}

        old = migrate("0001_initial")
        voice = old.get_model("playbooks", "Playbook").objects.get(code="voc-sprint")
        assert voice.version == 1
        assert [(step["code"], step["stage"], step["day"], step["role"]) for step in voice.steps] == [
            (step.code, step.stage, step.day, step.role) for step in VOICE.steps
        ]
        assert old.get_model("playbooks", "Run").objects.get().playbook_version == 1
        type(voice).objects.filter(pk=voice.pk).update(version=2, steps=voice.steps[:1])

        migrate(last)
        after = {found.code: found.live.definition for found in Playbook.objects.select_related("live")}
        kept = Run.objects.select_related("version").get()
        assert (kept.pk, kept.version.number, kept.version.state) == (run.pk, 1, "retired")
        assert playbook().live.number == 2
        assert [step["code"] for step in playbook().steps] == ["recruit"]
        assert [node.id for node in kept.version.nodes] == [
            "recruit", "stage-2", "themes", "readout", "fixes", "heard", "follow-up",
        ]  # fmt: skip
        for code in ("activation-blitz", "sla-stabilizer", "expansion-timing"):
            assert after[code] == before[code]
        assert "anchor" not in after["renewal-safeguard"], "days back from the renewal came with the versions"
        assert states(kept)["interviews"] == "waiting"
