"""What a new day does to revenue: contracts renew by themselves, lines begin and end, graces and gaps run out."""

import hashlib
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from accounts import rules
from accounts.events import ContractChanged, RevenueFollowed
from accounts.models import Account, Contract, Notice, RevenueDay, RevenueMovement
from accounts.operations.auto_renewal import renew_by_themselves
from accounts.operations.movements import bring
from accounts.operations.notices import tell
from accounts.queries.leaders import leaders
from accounts.queries.revenue_check import broken_renewals, overdue_contracts
from accounts.queries.revenue_rules import Rules, rules_in_force
from core.actor import Actor
from core.audit import record

CHUNK = 1000  # accounts; one transaction
PATIENCE = timedelta(days=14)  # after which leaders hear of a contract past its last day
CHECK_PAGE = "/revenue/check/"


def follow_revenue(*, by: Actor, at: datetime) -> RevenueDay:
    """Bring the revenue of every account up to the day it is for finance, once a day; safe to repeat and to kill.

    Emits AccountEdited for accounts whose ARR or next renewal changed, ContractChanged and RevenueFollowed.
    """
    now = rules_in_force()
    on = now.day(at)
    day, _ = RevenueDay.objects.get_or_create(on=on, defaults={"version": now.version})
    if day.finished_at is not None:
        return day
    renewed = renew_by_themselves(by=by, at=at)
    RevenueDay.objects.filter(pk=day.pk).update(renewed=F("renewed") + renewed)
    before = RevenueDay.objects.filter(on__lt=on).exclude(finished_at=None).order_by("-on").first()
    since = before.on if before and before.version == now.version else None
    while _follow_some(day.pk, now, since, by):
        pass
    tell_overdue(on=on, by=by, at=at)
    return _finish(day.pk, by, at)


def with_revenue(*, after: UUID | None, most: int | None) -> list[UUID]:
    """The next accounts that have a contract that came into force, or movements."""
    lined = Contract.objects.filter(account=OuterRef("pk")).exclude(state=Contract.State.DRAFT)
    moved = RevenueMovement.objects.filter(account=OuterRef("pk"))
    found = Account.objects.filter(Q(Exists(lined)) | Q(Exists(moved))).order_by("pk")
    if after is not None:
        found = found.filter(pk__gt=after)
    return list(found.values_list("pk", flat=True)[:most])


@transaction.atomic
def _follow_some(day_id: UUID, now: Rules, since: date | None, by: Actor) -> int:
    """One chunk and the mark how far it came, in one transaction."""
    day = RevenueDay.objects.select_for_update().get(pk=day_id)
    ids = with_revenue(after=day.after, most=CHUNK)
    if not ids:
        return 0
    brought = bring(account_ids=ids, on=day.on, rules=now, by=by, since=since)
    day.after, day.accounts = ids[-1], day.accounts + len(ids)
    day.changed += len(brought.changed)
    day.differing = [*day.differing, *map(str, brought.differing)]
    day.save()
    return len(ids)


@transaction.atomic
def _finish(day_id: UUID, by: Actor, at: datetime) -> RevenueDay:
    """Look whether what must hold does, and tell those who see revenue what does not."""
    day: RevenueDay = RevenueDay.objects.select_for_update().get(pk=day_id)
    if day.finished_at is not None:
        return day
    day.finished_at = at
    day.save(update_fields=["finished_at"])
    broken = broken_renewals(by=by)
    said = []
    if day.differing:
        said.append(("movements", f"{_count(len(day.differing), 'account')} had movements that nobody can explain"))
    if broken:
        said.append(("renewals", f"{_count(len(broken), 'contract')} without exactly one right renewal"))
    ids = sorted([*day.differing, *(str(one.contract.pk) for one in broken)])
    for part, words in said:
        key = hashlib.blake2b(",".join([part, *ids]).encode(), digest_size=16).hexdigest()
        tell(
            people=leaders(rules.SEE_REVENUE), kind="revenue", text=f"The check of revenue found {words}.",
            url=f"{CHECK_PAGE}#{part}", key=f"revenue:{key}", at=at,
        )  # fmt: skip
    if day.changed or day.renewed or said:
        counts = (day.changed, day.renewed, len(day.differing), len(broken))
        record(RevenueFollowed(None, day.on.isoformat(), *counts), by=by)
    return day


@transaction.atomic
def tell_overdue(*, on: date, by: Actor, at: datetime) -> int:
    """Tell of contracts in force whose last day has passed: their owners the day after, leaders when nobody owns the
    account (pooled or not) or when it stays so. Each is told once; returns of how many contracts somebody was told."""
    above, told = leaders(rules.DECIDE_RENEWAL), 0
    for one in overdue_contracts(by=by, on=on):
        last, owner = one.ends_on, one.account.owner
        if one.account.archived_at is not None or last is None:
            continue
        people = {owner.pk} if owner is not None and owner.is_active else set(above)
        told += _tell_overdue(one, last, people, "", by, at)
        if on - last > PATIENCE:
            told += _tell_overdue(one, last, set(above) - people, ":leaders", by, at)
    return told


def _tell_overdue(one: Contract, last: date, people: set[UUID], suffix: str, by: Actor, at: datetime) -> int:
    about = f"overdue:{one.pk}:{last}"
    key = f"{about}{suffix}"
    told = list(Notice.objects.filter(account=one.account_id, key__startswith=about).values_list("user_id", "key"))
    if not people - {user_id for user_id, said in told if said == key}:
        return 0
    words = f"“{one.name}” of {one.account.name} was over on {last.isoformat()}: renew, extend or end it."
    url = f"/accounts/{one.account_id}/contracts/#c-{one.pk}"
    tell(people=people, kind="renewal", text=words, url=url, key=key, at=at, account_id=one.account_id)
    if not told:
        record(ContractChanged(one.account_id, one.pk, "overdue"), by=by)
    return 1


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
