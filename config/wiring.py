"""The switchboard: what follows from what. Floors call down; only these tables lead up."""

from celery import Task

from core.audit import Event

# What follows what: event -> tasks started after commit with the event's fields.
EVENTS: dict[type[Event], list[Task]] = {}

# What shows on an account's page: (id, title, URL name taking the account's id, column), loaded on reveal.
PANELS: list[tuple[str, str, str, str]] = []
