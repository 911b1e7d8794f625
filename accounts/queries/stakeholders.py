"""The stakeholder map of an account: who reports to whom, which roles nobody holds, how few people carry it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, OuterRef

from accounts.conditions.fields import Field, Kind
from accounts.models import Activity, Contact, ContactRole
from accounts.queries.people import INFLUENCE, STANCE

NEEDED = tuple(role for role in ContactRole.Role if role != ContactRole.Role.USER)
INFLUENTIAL = 2  # influence from which somebody carries a relationship
ACTIVE_DAYS, FEWEST_ACTIVITIES = 90, 3


def _held(role: ContactRole.Role) -> Field:
    """Whether somebody holds a role at an account, for conditions."""
    open_roles = ContactRole.objects.filter(account=OuterRef("pk"), role=role.value, ends_on=None)
    return Field(f"has_{role.value}", f"Has {role.label.lower()}", Kind.YES, lambda: Exists(open_roles))


PEOPLE_FIELDS: tuple[Field, ...] = tuple(_held(role) for role in NEEDED)


@dataclass
class Stakeholder:
    """A person at the account. was_under: who left. opens, closes: whether a level of the drawn tree begins after them,
    how many end."""

    contact: Contact
    roles: list[ContactRole]
    boss: "Stakeholder | None" = None
    reports: list["Stakeholder"] = field(default_factory=list)
    depth: int = 0
    opens: bool = False
    closes: int = 0
    was_under: str = ""

    @property
    def role(self) -> ContactRole:
        return self.roles[0]

    @property
    def influence(self) -> int:
        return max(one.influence for one in self.roles)

    @property
    def stance(self) -> int | None:
        return next((one.stance for one in self.roles if one.stance is not None), None)

    @property
    def influence_text(self) -> str:
        return INFLUENCE[self.influence]

    @property
    def stance_text(self) -> str:
        return STANCE[self.stance]

    @property
    def ending(self) -> range:
        return range(self.closes)


@dataclass(frozen=True)
class Gap:
    """A role that nobody holds; last: who held it before, None when nobody ever did."""

    role: ContactRole.Role
    last: ContactRole | None


@dataclass(frozen=True)
class StakeholderMap:
    """people: in the order of the tree. former: ended roles of those who are gone, newest first."""

    people: list[Stakeholder]
    gaps: list[Gap]
    warnings: list[str]
    former: list[ContactRole]

    @property
    def covered(self) -> int:
        return len(NEEDED) - len(self.gaps)


def stakeholder_map(account_id: UUID, *, at: datetime) -> StakeholderMap:
    """The caller has made sure that the person sees the account. Two queries."""
    roles = list(ContactRole.objects.filter(account_id=account_id).select_related("contact"))
    roles.sort(key=lambda one: (list(ContactRole.Role).index(ContactRole.Role(one.role)), one.starts_on))
    found = _people(roles)
    here = {one.contact.pk for one in found}
    ended = [one for one in roles if one.ends_on is not None]
    ended.sort(key=lambda one: (one.ends_on or date.min, one.starts_on), reverse=True)
    held = {one.role for one in roles if one.ends_on is None}
    gaps = [
        Gap(role, next((one for one in ended if one.role == role), None)) for role in NEEDED if role.value not in held
    ]
    warnings = [*_few(found), *(_one_thread(account_id, at) if found else [])]
    return StakeholderMap(found, gaps, warnings, [one for one in ended if one.contact_id not in here])


def _people(roles: Sequence[ContactRole]) -> list[Stakeholder]:
    """Those with an open role, bosses before their reports. A line to somebody who left ends in the open."""
    grouped: dict[UUID, list[ContactRole]] = defaultdict(list)
    for role in roles:
        if role.ends_on is None:
            grouped[role.contact_id].append(role)
    found = {pk: Stakeholder(held[0].contact, held) for pk, held in grouped.items()}
    person = {role.pk: role.contact for role in roles}
    for one in found.values():
        boss = next((person[role.reports_to_id] for role in one.roles if role.reports_to_id in person), None)
        if boss is not None and boss.pk in found and boss.pk != one.contact.pk:
            one.boss = found[boss.pk]
        elif boss is not None:
            one.was_under = boss.name
    return _in_order(found.values())


def _in_order(found: Iterable[Stakeholder]) -> list[Stakeholder]:
    """Depth first; the most influential of a row first. A circle, which no page makes, is cut."""
    rows = sorted(found, key=lambda one: (-one.influence, one.contact.name.lower()))
    for one in rows:
        if one.boss is not None:
            one.boss.reports.append(one)
    placed: list[Stakeholder] = []
    seen: set[UUID] = set()

    def place(first: Stakeholder) -> None:
        waiting = [(first, 0)]
        while waiting:
            one, depth = waiting.pop()
            if one.contact.pk in seen:
                continue
            seen.add(one.contact.pk)
            one.depth = depth
            placed.append(one)
            waiting += [(below, depth + 1) for below in reversed(one.reports)]

    for one in rows:
        if one.boss is None:
            place(one)
    for one in rows:
        place(one)
    depths = [one.depth for one in placed[1:]] + [0]
    for one, after in zip(placed, depths, strict=False):
        one.opens, one.closes = after > one.depth, max(0, one.depth - after)
    return placed


def _few(found: Sequence[Stakeholder]) -> list[str]:
    influential = [one.contact.name for one in found if one.influence >= INFLUENTIAL]
    if not found or len(influential) > 1:
        return []
    if influential:
        return [f"Only {influential[0]} has influence here. If they leave, nobody carries the account."]
    return ["Nobody known here has influence."]


def _one_thread(account_id: UUID, at: datetime) -> list[str]:
    """All that was done lately was done with one person."""
    lately = Activity.objects.filter(
        account_id=account_id, removed_at=None, happened_at__gt=at - timedelta(days=ACTIVE_DAYS), happened_at__lte=at
    )
    with_whom = list(
        lately.filter(contacts__isnull=False)
        .values_list("contacts", "contacts__name")
        .annotate(times=Count("pk"))
        .order_by()[:2]
    )
    if len(with_whom) != 1 or with_whom[0][2] < FEWEST_ACTIVITIES:
        return []
    _, name, times = with_whom[0]
    return [f"All {times} activities of the last {ACTIVE_DAYS} days with anybody were with {name}."]
