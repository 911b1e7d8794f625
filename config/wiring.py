"""The switchboard: what follows from what. Floors call down; only these tables lead up."""

from collections.abc import Callable
from typing import Any

from celery import Task

from accounts.panels import Panel
from core.audit import Event
from kpis.events import HealthChanged
from playbooks.operations import install_library
from playbooks.tasks import evaluate_triggers

# What follows what: event -> tasks started after commit with the event's fields.
EVENTS: dict[type[Event], list[Task]] = {
    HealthChanged: [evaluate_triggers],
}

# What a new workspace starts with, in this order; each f(*, at, by) is safe to repeat.
SETUP: list[Callable[..., Any]] = [
    install_library,
]

# What shows on an account's page, top to bottom, loaded on reveal.
PANELS: list[Panel] = [
    Panel("playbooks", "Playbooks and work", "playbooks:panel", "side", ("run-changed",)),
    Panel(
        "timeline", "Timeline", "accounts:panel-timeline", "main", ("health-changed", "run-changed", "account-changed")
    ),
]
