"""A playbook that is planned back from a day and starts late: what is left out and when the rest is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Planned:
    """A step to be done so many calendar days before the day; droppable: it may be left out when that has passed."""

    id: str
    before: int
    droppable: bool = False


@dataclass(frozen=True)
class Plan:
    """due: step -> day. left_out: step -> why, in a sentence."""

    due: dict[str, date]
    left_out: dict[str, str]


def plan(steps: Sequence[Planned], *, start: date, day: date) -> Plan:
    """The days of the steps when the work starts on `start`. What is late and must be done shares the time that is
    left until the next step that is not late, or the day itself."""
    left_out, due, late = {}, {}, []
    for step in steps:
        on = day - timedelta(days=step.before)
        if on >= start:
            due[step.id] = on
        elif step.droppable:
            left_out[step.id] = _why(step, (day - start).days)
        else:
            late.append(step.id)
    room = max(0, (min(due.values(), default=day) - start).days)
    for number, name in enumerate(late, start=1):
        due[name] = start + timedelta(days=room * number // (len(late) + 1))
    return Plan({name: _working(on, start) for name, on in due.items()}, left_out)


def _why(step: Planned, left: int) -> str:
    days = f"{left} day{'' if left == 1 else 's'} before" if left >= 0 else "after"
    return f"Left out: it was due {step.before} days before the day, and the playbook started {days} it."


def _working(day: date, start: date) -> date:
    """The Friday before a weekend, unless that is before the start."""
    back = max(0, day.weekday() - 4)
    return day if day - timedelta(days=back) < start else day - timedelta(days=back)
