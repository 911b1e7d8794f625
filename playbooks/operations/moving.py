"""A run moves: what its tree says comes next is written into its steps. Everything that changes a step ends here."""

from collections.abc import Iterable
from contextvars import ContextVar
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Account
from core import jobs
from core.actor import Actor
from core.audit import record
from core.time import add_working_days, day_in
from playbooks.engine import clock, late, settings_of
from playbooks.engine.advance import DROPPED, OPEN, OVER, Kept, advance
from playbooks.engine.definition import Node, leaves, stages
from playbooks.events import RunFinished
from playbooks.models import PlaybookVersion, Run, Step

NOT_NEEDED = "Not needed: the playbook went another way."
WORK_OFF = "playbooks.work_off"  # the task that does what is due
# Of whoever does what is due: the versions it has read. It needs no nudge.
at_it: ContextVar[dict[UUID, PlaybookVersion] | None] = ContextVar("at_it", default=None)


def day_at(account: Account, at: datetime) -> date:
    """The calendar day of `at` for the person who will do the work."""
    return day_in(zone_of(account), at)


def zone_of(account: Account) -> str:
    return account.owner.time_zone if account.owner else "UTC"


def lay_down(*, run: Run, at: datetime) -> list[Step]:
    """Write the steps of a new run, all waiting but those that a late start leaves out."""
    nodes = run.version.nodes
    stage_of, start_day = stages(nodes), day_at(run.account, at)
    planned = _planned(run, start_day)
    steps = []
    for position, node in enumerate(leaves(nodes), start=1):
        step = Step(run=run, account=run.account, position=position, stage=stage_of[node.id], code=node.id)
        step.kind, step.name, step.owner_id = node.kind, node.name, run.account.owner_id
        step.instructions, step.role = node.settings.get("instructions", ""), node.settings.get("role", "")
        step.due_on = planned.due.get(node.id, _due_on(node, start_day))
        if why := planned.left_out.get(node.id):
            step.state, step.note, step.completed_at, step.completed_by = Step.State.SKIPPED, why, at, run.started_by
        steps.append(step)
    return list(Step.objects.bulk_create(steps))


def _due_on(node: Node, start_day: date) -> date | None:
    return add_working_days(start_day, node.settings.get("day", 0)) if node.kind in settings_of.WORK else None


def _planned(run: Run, start_day: date) -> late.Plan:
    """The days of what is planned back from a day of the account; nothing when that day is not known."""
    anchor = run.version.anchor
    day = getattr(run.account, anchor["field"]) if anchor else None
    if day is None:
        return late.Plan({}, {})
    steps = [
        late.Planned(node.id, node.settings["before"], node.settings.get("droppable", False))
        for node in leaves(run.version.nodes)
        if "before" in node.settings
    ]
    return late.plan(steps, start=start_day, day=day)


def move(*, run: Run, by: Actor, at: datetime, steps: Iterable[Step] | None = None) -> None:
    """Bring the steps of an open run to where its tree says; end it when nothing is left. Emits RunFinished then.

    The run is locked, with account and owner at hand. steps: all of its steps as they are now, if known.
    """
    known = {step.code: step for step in (Step.objects.filter(run=run) if steps is None else steps)}
    kept = {code: Kept(step.state, step.result.get("chosen", 0)) for code, step in known.items()}
    moves = advance(run.version.nodes, kept)
    moved = [_moved(run, known[code], state, at=at) for code, state in moves.to.items()]
    for step in moved:  # one or two as a rule
        step.save(update_fields=["state", "opened_at", "due_at", "completed_at", "completed_by", "note"])
    if at_it.get() is None and any(step.due_at is not None and step.due_at <= at for step in moved):
        transaction.on_commit(nudge, robust=True)
    if moves.ended:
        run.state, run.finished_at = Run.State.DONE, at
        run.save(update_fields=["state", "finished_at"])
        record(RunFinished(run.account_id, run.pk, run.playbook.code, run.state), by=by)


def _moved(run: Run, step: Step, state: str, *, at: datetime) -> Step:
    came_back = step.state == DROPPED
    step.state = state
    step.opened_at = at if state == OPEN else None
    step.due_at = due_at(run, step) if state == OPEN else None
    if state in OVER:
        step.completed_at, step.completed_by, step.note = at, "system:playbooks", NOT_NEEDED
    elif came_back:
        step.completed_at, step.completed_by, step.note = None, "", ""
    return step


def due_at(run: Run, step: Step) -> datetime | None:
    """When the engine has to look at an open step; at once when it waits for a day that is not known, to say so."""
    assert step.opened_at is not None
    dates = {name: getattr(run.account, name) for name in settings_of.DATES}
    settings, place = settings_for(run, step), zone_of(run.account)
    try:
        return clock.due_at(step.kind, settings, opened_at=step.opened_at, zone_name=place, dates=dates)
    except clock.UnknownDate:
        return step.opened_at


def settings_for(run: Run, step: Step) -> dict[str, Any]:
    """What the definition says of a step, and what was put right since."""
    return {**run.version.node(step.code).settings, **step.mended}


def nudge() -> None:
    """Have a worker do what is due now; without a broker the next beat does."""
    jobs.nudge(WORK_OFF)
