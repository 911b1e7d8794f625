"""A run moves: what its tree says comes next is written into its steps. Everything that changes a step ends here."""

from datetime import date, datetime

from accounts.models import Account
from core.actor import Actor
from core.audit import record
from core.time import add_working_days, day_in
from playbooks.engine.advance import DROPPED, OPEN, OVER, Kept, advance
from playbooks.engine.definition import Node, leaves, stages
from playbooks.events import RunFinished
from playbooks.models import Run, Step

NOT_NEEDED = "Not needed: the playbook went another way."


def day_at(account: Account, at: datetime) -> date:
    """The calendar day of `at` for the person who will do the work."""
    return day_in(zone_of(account), at)


def zone_of(account: Account) -> str:
    return account.owner.time_zone if account.owner else "UTC"


def lay_down(*, run: Run, start_day: date) -> list[Step]:
    """Write the steps of a new run, all waiting."""
    nodes = run.version.nodes
    stage_of = stages(nodes)
    steps = [
        Step(
            run=run,
            account=run.account,
            position=position,
            stage=stage_of[node.id],
            code=node.id,
            kind=node.kind,
            name=node.name,
            instructions=node.settings.get("instructions", ""),
            role=node.settings.get("role", ""),
            owner_id=run.account.owner_id,
            due_on=_due_on(node, start_day),
        )
        for position, node in enumerate(leaves(nodes), start=1)
    ]
    return list(Step.objects.bulk_create(steps))


def _due_on(node: Node, start_day: date) -> date | None:
    return add_working_days(start_day, node.settings.get("day", 0)) if node.kind in Step.WORK else None


def move(*, run: Run, by: Actor, at: datetime) -> None:
    """Bring the steps of an open run to where its tree says; end it when nothing is left. The run is locked, with
    account and owner at hand. Emits RunFinished at the end."""
    steps = {step.code: step for step in run.steps.all()}
    kept = {code: Kept(step.state, step.result.get("chosen", 0)) for code, step in steps.items()}
    moves = advance(run.version.nodes, kept)
    moved = [_moved(steps[code], state, at=at) for code, state in moves.to.items()]
    if moved:
        Step.objects.bulk_update(moved, ["state", "opened_at", "due_at", "completed_at", "completed_by", "note"])
    if moves.ended:
        run.state, run.finished_at = Run.State.DONE, at
        run.save(update_fields=["state", "finished_at"])
        record(RunFinished(run.account_id, run.pk, run.playbook.code, run.state), by=by)


def _moved(step: Step, state: str, *, at: datetime) -> Step:
    came_back = step.state == DROPPED
    step.state = state
    step.opened_at = at if state == OPEN else None
    step.due_at = None
    if state in OVER:
        step.completed_at, step.completed_by, step.note = at, "system:playbooks", NOT_NEEDED
    elif came_back:
        step.completed_at, step.completed_by, step.note = None, "", ""
    return step
