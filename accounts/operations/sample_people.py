"""People, talks, work and places of the sample accounts, so that every page has something to show. Openly synthetic."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.timezone import get_current_timezone, localdate, make_aware

from accounts.models import (
    Account,
    Activity,
    Contact,
    ContactRole,
    Document,
    Entitlement,
    Location,
    Product,
    Renewal,
    RenewalSnapshot,
    SubscriptionLine,
    Task,
)
from accounts.operations.comments import write_comment
from accounts.operations.documents import add_document
from accounts.operations.sample_texts import (
    CITIES,
    FAMILY,
    GIVEN,
    NOTES,
    PAPER,
    PRODUCTS,
    ROLES,
    TASKS,
    TITLES,
)
from accounts.renewing import monday_of
from accounts.rules import COMMENT
from core.actor import Actor
from users.models import User

WHO = "This person does not exist: sample data."
WEEKS = 10  # of renewal snapshots before this one


@transaction.atomic
def lay_sample_work(*, by: Actor, at: datetime) -> int:
    """Give the sample accounts in use people, activities, tasks, comments, documents, sites and products.

    Safe to repeat: nothing happens when they have people. Returns how many accounts got some.
    """
    accounts = list(Account.objects.filter(sample=True, archived_at=None).select_related("owner").order_by("name"))
    if not accounts or ContactRole.objects.filter(account__in=accounts).exists():
        return 0
    people = _people(accounts, localdate(at))
    _activities(accounts, people, at)
    _tasks(accounts, by, at)
    _sites(accounts)
    _products(accounts, localdate(at))
    _renewals(localdate(at))
    _comments(accounts, at)
    for number, account in enumerate(accounts[:12]):
        name, text = PAPER[number % len(PAPER)]
        file = SimpleUploadedFile(name, f"{text}\n\nSample data for {account.name}.\n".encode(), "text/plain")
        add_document(account_id=account.pk, file=file, by=by, at=at)
    return len(accounts)


def sample_people() -> QuerySet[Contact]:
    """People who have roles at sample accounts and at no other."""
    roles = ContactRole.objects.filter(contact=OuterRef("pk"))
    found: QuerySet[Contact] = Contact.objects.filter(
        Exists(roles.filter(account__sample=True)), ~Exists(roles.filter(account__sample=False))
    )
    return found


@transaction.atomic
def clear_sample_work() -> None:
    """Take away what hangs on the sample accounts and would stay without them: people, files, unused products."""
    paths = list(Document.objects.filter(account__sample=True).values_list("path", flat=True))
    sample_people().delete()
    used = SubscriptionLine.objects.filter(product=OuterRef("pk"), contract__account__sample=False)
    held = Entitlement.objects.filter(product=OuterRef("pk"), account__sample=False)
    ours = Product.objects.filter(~Exists(used), ~Exists(held), code__in=[code for code, *_ in PRODUCTS])
    SubscriptionLine.objects.filter(product__in=ours).update(product=None)
    Entitlement.objects.filter(product__in=ours).delete()
    ours.delete()
    transaction.on_commit(lambda: _delete_files(paths))


def _delete_files(paths: Sequence[str]) -> None:
    for path in paths:
        default_storage.delete(path)


def _people(accounts: Sequence[Account], today: date) -> dict[UUID, list[Contact]]:
    """Two to four people at each account; everybody but the first reports to the first. Some champions have left."""
    found: dict[UUID, list[Contact]] = {}
    contacts, roles = [], []
    for place, account in enumerate(accounts):
        slug = "".join(letter for letter in account.name.lower() if letter.isalnum())[:24]
        first: ContactRole | None = None
        for number, role in enumerate(ROLES[place % len(ROLES)]):
            given, family = GIVEN[(place * 5 + number * 3) % len(GIVEN)], FAMILY[(place * 3 + number * 7) % len(FAMILY)]
            one = Contact(name=f"{given} {family}", title=TITLES[role][place % 2], note=WHO)
            one.email = f"{given}.{family}@{slug}.example".lower()
            began = (account.customer_since or today) + timedelta(days=20 * number)
            held = ContactRole(
                contact=one, account=account, role=role, starts_on=min(began, today), influence=3 - min(number, 2),
                stance=[2, 1, 0, None, -1][(place + number) % 5], reports_to=first,
            )  # fmt: skip
            if role == "champion" and place % 8 == 3:
                held.ends_on, held.end_reason = max(today - timedelta(days=16), held.starts_on), "Left the company"
            first = first or held
            contacts.append(one)
            roles.append(held)
            found.setdefault(account.pk, []).append(one)
    Contact.objects.bulk_create(contacts)
    ContactRole.objects.bulk_create(roles)
    return found


def _activities(accounts: Sequence[Account], people: dict[UUID, list[Contact]], at: datetime) -> None:
    made, present = [], []
    links = Activity.contacts.through
    for place, account in enumerate(accounts):
        there = people[account.pk]
        for number in range(3 + place % 4):
            kind, subject, body, minutes = NOTES[(place + number * 3) % len(NOTES)]
            day = localdate(at) - timedelta(days=2 + number * 17 + place % 13)
            when = make_aware(datetime.combine(day, time(9 + (place + number) % 8, 30)), get_current_timezone())
            one = Activity(account=account, kind=kind, subject=subject, body=body, minutes=minutes, happened_at=when)
            one.by_id, one.by_label = account.owner_id, str(account.owner or "Sample data")[:160]
            made.append(one)
            if kind != "note":
                met = {there[number % len(there)].pk, there[0].pk}
                present += [links(activity_id=one.pk, contact_id=key) for key in sorted(met)]
    Activity.objects.bulk_create(made)
    links.objects.bulk_create(present)


def _tasks(accounts: Sequence[Account], by: Actor, at: datetime) -> None:
    made = []
    for place, account in enumerate(accounts):
        for number in range(1 + (place % 4 == 0)):
            title, priority, days = TASKS[(place * 2 + number) % len(TASKS)]
            one = Task(account=account, title=title, priority=priority, assignee_id=account.owner_id)
            one.due_on = localdate(at) + timedelta(days=days + place % 5)
            one.created_at, one.created_by_id, one.created_by_label = at, account.owner_id, "Sample data"
            if (place + number) % 4 == 3:
                one.due_on = localdate(at) - timedelta(days=9 + place % 5)
                one.done_at, one.done_by = at - timedelta(days=8), str(account.owner or "Sample data")[:160]
            elif (place + number) % 7 == 5:
                one.snoozed_until = localdate(at) + timedelta(days=4)
                one.snooze_reason = "They are at their own conference this week"
            made.append(one)
    Task.objects.bulk_create(made)


def _sites(accounts: Sequence[Account]) -> None:
    made = []
    for place, account in enumerate(accounts):
        for number in range(1 + (place % 3)):
            city, region, country = CITIES[(place * 2 + number) % len(CITIES)]
            name = f"{city} head office" if number == 0 else f"{city} site"
            address = f"{10 + place} Sample Street, {city}"
            made.append(Location(account=account, name=name, address=address, region=region, country=country))
    Location.objects.bulk_create(made)


def _products(accounts: Sequence[Account], today: date) -> None:
    """The licence lines say which product they are; some accounts may use more than they pay for, by hand."""
    known = {}
    for code, name, family, _ in PRODUCTS:
        known[code], _made = Product.objects.get_or_create(code=code, defaults={"name": name, "family": family})
    first, *others = known.values()
    lines = SubscriptionLine.objects.filter(contract__account__sample=True, product=None)
    lines.update(product=first)
    made = []
    for place, account in enumerate(accounts):
        for number, product in enumerate(others):
            if (place + number) % 3 == 0:
                unit, since = PRODUCTS[number + 1][3], account.customer_since or today
                made.append(
                    Entitlement(
                        account=account, product=product, quantity=None if place % 4 == 0 else 25 * (1 + place % 6),
                        unit=unit, starts_on=since, ends_on=account.renewal_on,
                    )
                )  # fmt: skip
    Entitlement.objects.bulk_create(made)


def _renewals(today: date) -> None:
    """What owners think of two thirds of the renewals, and how they stood in the weeks before."""
    opinions = (("secure", "commit", 90), ("watch", "best_case", 65), ("", "", None), ("at_risk", "at_risk", 35))
    rows = list(
        Renewal.objects.filter(account__sample=True, state=Renewal.State.OPEN).order_by("due_on", "account__name")
    )
    snapshots = []
    for place, one in enumerate(rows):
        one.status, one.category, one.likelihood = opinions[place % len(opinions)]
        for back in range(1, WEEKS + 1):
            week = monday_of(today) - timedelta(weeks=back)
            said = max(0, min(100, one.likelihood + (back * 2 if place % 2 else -back))) if one.likelihood else None
            snapshots.append(
                RenewalSnapshot(
                    renewal=one, week=week, due_on=one.due_on, amount=one.amount, currency=one.currency,
                    state=Renewal.State.OPEN, category=one.category if back < WEEKS - 2 else "", likelihood=said,
                    status=one.status if back < WEEKS - 2 else "",
                )
            )  # fmt: skip
    Renewal.objects.bulk_update(rows, ["status", "category", "likelihood"])
    RenewalSnapshot.objects.bulk_create(snapshots, ignore_conflicts=True)


def _comments(accounts: Sequence[Account], at: datetime) -> None:
    """Somebody who sees the whole book names the owner of a few accounts."""
    others = User.objects.filter(is_active=True, role__sees_all=True, role__permissions__contains=[COMMENT])
    writer = others.order_by("-role__code", "pk").first()
    if writer is None:
        return
    texts = (
        "can you send me the numbers before Thursday's review?",
        "they wrote to me directly, please call them back.",
    )
    for place, account in enumerate(accounts[3:11:3]):
        if account.owner and account.owner_id != writer.pk:
            body = f"@{account.owner} {texts[place % len(texts)]}"
            write_comment(
                subject_kind="account", subject_id=account.pk, body=body, by=writer.as_actor(),
                at=at - timedelta(hours=3 + place),
            )  # fmt: skip
