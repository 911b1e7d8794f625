import json
from argparse import ArgumentParser
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.timezone import localdate, now

from accounts.models import Account
from accounts.operations.task_templates import apply_template, save_template
from accounts.operations.tasks import close_task
from accounts.operations.teams import set_member, write_team
from accounts.operations.watching import snapshot_week, watch_renewals
from core.actor import Actor
from core.rules import ADMIN, ANALYST, CSM, MANAGER, VIEWER
from kpis import operations as kpis
from kpis.operations import health
from kpis.operations.indicators import evaluate_indicators
from kpis.queries.assignment import live_cards
from tenants.context import public_scope, tenant_scope
from tenants.models import Tenant
from tenants.operations import create_tenant
from tenants.queries import operator_tenant
from users import keys, operations
from users.mail import address
from users.models import ApiToken, User

SLUG, COMPANY = "demo", "Northwind Demo"
PASSWORD = "plumb-the-line"  # noqa: S105 -- for a demonstration on one machine; refused in production
PEOPLE = (
    ("admin", "Ada Admin", ADMIN),
    ("manager", "Mara Manager", MANAGER),
    ("csm", "Cleo Success", CSM),
    ("analyst", "Anton Analyst", ANALYST),
    ("viewer", "Vera Viewer", VIEWER),
)
OPERATOR = "operator@plumbline.example"
TEMPLATES = (
    (
        "Onboarding",
        (
            {"title": "Hold the kick-off", "days": 2, "priority": 1},
            {"title": "Agree what success means, in figures", "days": 5},
            {"title": "Train the first team", "days": 15},
            {"title": "Look at adoption together", "days": 30},
        ),
    ),
    (
        "Business review",
        (
            {"title": "Collect figures and stories", "days": 0},
            {"title": "Send the agenda", "days": 5},
            {"title": "Hold the review", "days": 10, "priority": 1},
            {"title": "Send what was agreed", "days": 11},
        ),
    ),
)
TOKEN = "Demo scripts"  # noqa: S105 -- its name


class Command(BaseCommand):
    help = "Make the demo workspace with its people, synthetic portfolio and API token, and an operator. Repeatable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write-json", type=Path, help="leave addresses, logins and the token here, for scripts")
        parser.add_argument("--no-sample", action="store_true", help="people only, no synthetic portfolio")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError("The demo has passwords that everybody knows: it is for DEVELOPMENT=true only.")
        by = Actor.system("demo")
        tenant = self._tenant(by)
        with tenant_scope(tenant):
            self._people(by)
            token = self._token(options["write_json"])
            if not options["no_sample"]:
                _portfolio(by)
        self._operator(by)
        facts = _facts(token)
        if options["write_json"]:
            options["write_json"].write_text(json.dumps(facts, indent=2) + "\n")
            options["write_json"].chmod(0o600)
        self.stdout.write(f"Workspace  {facts['tenant_url']}\nSign in as {facts['users'][0]['email']}, {PASSWORD}")

    def _tenant(self, by: Actor) -> Tenant:
        with public_scope():
            found: Tenant | None = Tenant.objects.filter(slug=SLUG).first()
        if found is not None and found.kind != Tenant.Kind.DEMO:
            raise CommandError(f"The address {SLUG} belongs to a real workspace here.")
        return found or create_tenant(name=COMPANY, slug=SLUG, kind=Tenant.Kind.DEMO, at=now(), by=by)

    def _people(self, by: Actor) -> None:
        there = set(User.objects.values_list("email", flat=True))
        for local, name, role in PEOPLE:
            email = f"{local}@demo.example"
            if email not in there:
                operations.add_person(email=email, name=name, role=role, password_hash=make_password(PASSWORD), by=by)

    def _token(self, path: Path | None) -> str:
        """The token of the last time while it works, so that scripts keep theirs; a new one otherwise."""
        kept = _kept_token(path)
        admin = User.objects.get(email="admin@demo.example")
        mine = ApiToken.objects.filter(user=admin, name=TOKEN, revoked_at=None)
        if kept and mine.filter(digest=keys.digest(kept)).exists():
            return kept
        with transaction.atomic():
            for old in mine:
                operations.revoke_token(token_id=old.pk, by=admin.as_actor(), at=now())
            made = operations.create_token(name=TOKEN, hint=SLUG, expires_at=None, by=admin.as_actor(), at=now())
        return made[1]

    def _operator(self, by: Actor) -> None:
        tenant = operator_tenant()
        if tenant is not None:
            with tenant_scope(tenant):
                if User.objects.filter(email=OPERATOR).exists():
                    return
        hashed = make_password(PASSWORD)
        operations.add_operator(email=OPERATOR, name="Olga Operator", password_hash=hashed, by=by, at=now())


def _portfolio(by: Actor) -> None:
    """The synthetic portfolio with its scores of today and of the months before, unless it is there."""
    if Account.objects.filter(sample=True).exists():
        return
    at, scoring = now(), Actor.system("scoring")
    accounts = kpis.add_sample_data(by=by, at=at)
    kpis.rescore_accounts(account_ids=accounts, at=at, by=scoring)
    evaluate_indicators(account_ids=accounts, at=at, by=scoring)
    cards = live_cards()
    for chunk in health.chunks([*accounts, *kpis.add_sample_outcomes(by=by, at=at)]):
        health.rescore_past(account_ids=chunk, cards=cards, at=at, by=scoring)
    watch_renewals(by=Actor.system("renewals"), at=at)
    snapshot_week(on=localdate(at))
    _ways_of_working(by, at)


def _ways_of_working(by: Actor, at: datetime) -> None:
    """A team with its lead, and two lists of tasks; what a workspace keeps when the sample accounts go."""
    people = {user.email.split("@")[0]: user.pk for user in User.objects.all()}
    team = write_team(name="Customer success", lead_id=people["manager"], by=by)
    for one in ("csm", "manager"):
        set_member(team_id=team.pk, user_id=people[one], by=by)
    made = [
        save_template(name=name, items=[{**item, "weekdays": True} for item in items], by=by)
        for name, items in TEMPLATES
    ]
    used = Account.objects.filter(sample=True, archived_at=None).exclude(owner=None).select_related("owner__role")
    for number, account in enumerate(used.order_by("name")[:9]):
        owner = account.owner.as_actor()
        tasks = apply_template(
            template_id=made[number % 2].pk, account_id=account.pk, assignee_id=account.owner_id, by=owner, at=at,
            starts_on=localdate(at) - timedelta(days=4 * number),
        )  # fmt: skip
        for task in [one for one in tasks if one.due_on and one.due_on < localdate(at)][number % 2 :]:
            close_task(task_id=task.pk, by=owner, at=at)


def _kept_token(path: Path | None) -> str:
    try:
        return str(json.loads(path.read_text())["api_token"]) if path else ""
    except (OSError, ValueError, KeyError):
        return ""


def _facts(token: str) -> dict[str, Any]:
    base = settings.BASE_DOMAIN
    return {
        "public_url": address(base),
        "tenant_url": address(f"{SLUG}.{base}"),
        "operator_url": address(f"{settings.OPERATOR_SLUG}.{base}"),
        "mailbox_url": address(base, "/mailbox/"),
        "api_url": address(f"{SLUG}.{base}", "/api/v1/"),
        "users": [{"email": f"{local}@demo.example", "password": PASSWORD, "role": role} for local, _, role in PEOPLE],
        "operator": {"email": OPERATOR, "password": PASSWORD},
        "api_token": token,
    }
