"""Playbooks for the engine's tests: made of a few nodes, begun on an account, worked off at a given time."""

from datetime import datetime
from typing import Any

from accounts.models import Account
from playbooks.models import Playbook, PlaybookVersion, Run, Step
from playbooks.operations import decide_step, start_run, work_off
from tests.playbooks.conftest import AT, ENGINE
from tests.world import World


def published(*steps: dict[str, Any], code: str = "test", **more: Any) -> Playbook:
    made = Playbook.objects.create(code=code, name=code.title(), position=9)
    made.live = PlaybookVersion.objects.create(
        playbook=made, number=1, definition={"steps": list(steps), **more}, state="live", created_at=AT
    )
    made.save()
    return made


def begun(account: Account, *steps: dict[str, Any], at: datetime = AT, **more: Any) -> Run:
    made = published(*steps, **more)
    return start_run(account_id=account.pk, playbook_id=made.pk, by=ENGINE, at=at)


def work(at: datetime = AT) -> int:
    return work_off(by=ENGINE, clock=lambda: at)


def act(name: str, kind: str, **given: Any) -> dict[str, Any]:
    return {"id": name, "kind": kind, "name": name.title(), **given}


def notify(name: str = "tell") -> dict[str, Any]:
    return act(name, "notify", to=[{"owner": True}], text="Look at {account}: {why}")


def http(name: str = "call") -> dict[str, Any]:
    return act(name, "http", method="POST", url="https://example.com/hook", body={"a": 1})


def the(run: Run, code: str) -> Step:
    found: Step = run.steps.get(code=code)
    return found


def approval(mode: str, *approvers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return act("ask", "approval", mode=mode, approvers=list(approvers), **more)


def people(world: World, *names: str) -> list[dict[str, Any]]:
    return [{"person": str(getattr(world, name).pk)} for name in names]


def say(run: Run, who: Any, agrees: bool) -> None:
    decide_step(step_id=the(run, "ask").pk, agrees=agrees, by=who.as_actor(), at=AT)
