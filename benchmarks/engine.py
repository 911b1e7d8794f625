"""The workflow engine: how fast one worker does what is due."""

import time
from typing import Any

from django.utils.timezone import now

from accounts.models import Account
from benchmarks.portfolio import BY
from benchmarks.results import Results, Target
from playbooks.models import Playbook, PlaybookVersion, Step
from playbooks.operations import start_run, work_off
from tenants.context import tenant_scope
from tenants.operations import create_tenant
from users.models import Role, User

DUE = 10_000
LANES: list[dict[str, Any]] = [
    {"kind": "notify", "to": [{"owner": True}], "text": "Look at {account}"},
    {"kind": "notify", "to": [{"owner": True}], "text": "{account} again"},
    {"kind": "branch", "cases": [{"where": 'tier = "Gold"', "steps": []}]},
    {"kind": "wait", "days": 0},
]


def engine(results: Results) -> None:
    tenant = create_tenant(name="Engine", slug=f"engine-{int(time.time())}", at=now(), by=BY)
    with tenant_scope(tenant):
        measure(results, due=DUE)


def measure(results: Results, *, due: int) -> None:
    """In the current tenant: runs whose first four steps are due side by side, each in a transaction of its own."""
    playbook = _playbook()
    role = Role.objects.get(code="admin")
    owner = User.objects.create(email="engine@bench.example", name="Engine", role=role)
    for number in range(due // len(LANES)):
        account = Account.objects.create(name=f"Engine {number:05d}", owner=owner)
        start_run(account_id=account.pk, playbook_id=playbook.pk, by=BY, at=now())
    waiting = Step.objects.filter(due_at__isnull=False).count()
    started, spent = time.perf_counter(), time.process_time()
    done = work_off(by=BY, clock=now)
    seconds, spent = time.perf_counter() - started, time.process_time() - spent
    if (waiting, done) != (due, due) or Step.objects.filter(due_at__isnull=False).exists():
        raise RuntimeError(f"{waiting} steps were due, {done} were done")
    results.add("10,000 due steps, one worker", done / seconds, "steps/s", Target(200, least=True))
    results.add("10,000 due steps: worker's CPU each", 1000 * spent / done, "ms")


def _playbook() -> Playbook:
    playbook: Playbook = Playbook.objects.create(code="bench", name="Bench", position=99)
    lanes = [[{**node, "id": f"lane-{number}", "name": "Lane"}] for number, node in enumerate(LANES)]
    tree = [
        {"id": "all", "kind": "parallel", "name": "All", "join": "all", "branches": lanes},
        {"id": "end", "kind": "task", "name": "End", "day": 5},
    ]
    playbook.live = PlaybookVersion.objects.create(
        playbook=playbook, number=1, definition={"steps": tree}, state="live", created_at=now()
    )
    playbook.save()
    return playbook
