"""What the engine does by itself, by kind of step. In the database: in the transaction of the step's state. Outside:
with the step's id as the key by which whoever gets it twice can know it."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import httpcore
import orjson
from django.core.mail import EmailMessage
from django.db.models import Q

from accounts.conditions import ConditionError, matching
from accounts.conditions import read as read_condition
from accounts.models import Account
from accounts.operations import edit_account
from accounts.operations.notices import tell
from core import egress
from core.actor import Actor
from core.errors import DomainError
from playbooks.engine import settings_of
from playbooks.models import Playbook, Run, Step
from playbooks.operations.moving import day_at
from playbooks.operations.runs import start
from users.models import User

Settings = Mapping[str, Any]


class Refused(DomainError):
    """The step cannot be done as it is written; trying again would not help."""


class Unreached(Exception):
    """Somebody else's system did not answer, or not well; it is tried again."""


def do_inside(*, run: Run, step: Step, settings: Settings, by: Actor, at: datetime) -> dict[str, Any]:
    """Do a step of the kinds that change only our own database; returns its result. Raises DomainError."""
    return _INSIDE[step.kind](run, step, settings, by, at)


def do_outside(run: Run, step: Step, settings: Settings) -> dict[str, Any]:
    """Do a step that reaches out, outside of any transaction; returns its result. Raises DomainError, Unreached."""
    return _mail(run, step, settings) if step.kind == "mail" else _http(run, step, settings)


def people(run: Run, given: list[Mapping[str, Any]]) -> list[User]:
    """Active people who are meant by owner, role and id and see the account, each once, in the order given."""
    found: dict[UUID, User] = {}
    for one in given:
        wanted = Q(pk=run.account.owner_id) if "owner" in one else Q(role__code=one.get("role", ""))
        wanted = Q(pk=one["person"]) if "person" in one else wanted
        rows = User.objects.filter(wanted, is_active=True).filter(Q(role__sees_all=True) | Q(pk=run.account.owner_id))
        found |= {user.pk: user for user in rows.order_by("name", "pk")}
    return list(found.values())


def asked_people(run: Run, given: list[Mapping[str, Any]]) -> list[User]:
    """As `people`, refused when there is nobody."""
    found = people(run, given)
    if not found:
        raise Refused("There is nobody to send it to: the account has no owner, or nobody holds the role.")
    return found


def fill(text: str, run: Run) -> str:
    """{account}, {owner}, {playbook} and {why} in a text of a definition."""
    said = {
        "account": run.account.name,
        "owner": str(run.account.owner or "nobody"),
        "playbook": run.playbook.name,
        "why": str(run.why.get("sentence", "")),
    }
    # In one go: a name that itself holds {why} stays as it is.
    return re.sub(r"\{(\w+)\}", lambda found: said.get(found[1], found[0]), text)


def _notify(run: Run, step: Step, settings: Settings, by: Actor, at: datetime) -> dict[str, Any]:
    told = asked_people(run, settings["to"])
    tell(
        people=[user.pk for user in told],
        kind="playbook",
        text=fill(settings["text"], run),
        url=f"/runs/{run.pk}/",
        key=f"step:{step.pk}",
        at=at,
        account_id=run.account_id,
    )
    return {"told": len(told)}


def _update(run: Run, step: Step, settings: Settings, by: Actor, at: datetime) -> dict[str, Any]:
    name, value = settings["field"], settings["value"]
    if name not in settings_of.UPDATABLE:
        raise Refused(f"“{name}” is not among the fields that a playbook sets.")
    account = Account.objects.visible_to(by).get(pk=run.account_id)
    old = getattr(account, name)
    edit_account(account_id=account.pk, expected_version=account.version, changes={name: value}, by=by)
    return {"field": name, "old": old, "new": value}


def _branch(run: Run, step: Step, settings: Settings, by: Actor, at: datetime) -> dict[str, Any]:
    """The first case whose condition holds, by the language that filters use; else the last lane."""
    today = day_at(run.account, at)
    account = Account.objects.filter(pk=run.account_id)
    for number, where in enumerate(settings["wheres"]):
        try:
            met = account.filter(matching(read_condition(where, by=by), today=today)).exists()
        except ConditionError as error:
            raise Refused(str(error)) from error
        if met:
            return {"chosen": number, "where": where}
    return {"chosen": len(settings["wheres"]), "where": ""}


def _start(run: Run, step: Step, settings: Settings, by: Actor, at: datetime) -> dict[str, Any]:
    playbook = Playbook.objects.select_related("live").filter(code=settings["playbook"], active=True).first()
    if playbook is None or playbook.live is None:
        raise Refused(f"There is no playbook “{settings['playbook']}” to start.")
    why = {"sentence": f"Started by “{run.playbook.name}”.", "occasion": f"step:{step.pk}"}
    made = start(account=run.account, playbook=playbook, trigger=None, why=why, by=by, at=at)
    return {"run_id": str(made.pk)} if made else {"run_id": None, "why": "It was running already."}


def _mail(run: Run, step: Step, settings: Settings) -> dict[str, Any]:
    to = asked_people(run, settings["to"])
    message = EmailMessage(
        " ".join(fill(settings["subject"], run).split()),
        fill(settings["text"], run),
        to=[user.email for user in to],
        headers={"Message-ID": f"<step-{step.pk}@plumbline.invalid>"},
    )
    try:
        message.send()
    except OSError as error:  # smtplib's own errors are OSErrors
        raise Unreached(f"The mail did not leave: {error}") from error
    return {"sent": len(to)}


def _http(run: Run, step: Step, settings: Settings) -> dict[str, Any]:
    headers = {"Idempotency-Key": str(step.pk), "Content-Type": "application/json"}
    body = orjson.dumps(settings["body"]) if settings.get("body") else b""
    try:
        answer = egress.request(settings["method"], settings["url"], purpose="playbooks", headers=headers, body=body)
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Unreached(f"The address did not answer: {error or type(error).__name__}.") from error
    if answer.status >= 500 or answer.status in (408, 425, 429):
        raise Unreached(f"The address answered {answer.status}.")
    if answer.status >= 400:
        raise Refused(f"The address answered {answer.status}: it does not take this request.")
    return {"status": answer.status}


_INSIDE: dict[str, Callable[[Run, Step, Settings, Actor, datetime], dict[str, Any]]] = {
    "notify": _notify,
    "update": _update,
    "branch": _branch,
    "start": _start,
}
OUTSIDE = ("mail", "http")
