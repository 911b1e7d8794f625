"""Reads of people: the list, one person with every role, and where their roles are."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from accounts.models import Account, Contact, ContactRole
from core.actor import Actor
from core.models import Entry

WORDS = 5
INFLUENCE = {1: "Low influence", 2: "Some influence", 3: "High influence"}
STANCE = {-2: "Against us", -1: "Sceptical", 0: "Neutral", 1: "Well-disposed", 2: "For us", None: "Stance unknown"}


@dataclass(frozen=True)
class Wanted:
    """What a list of people is narrowed to. state: a key of STATES; "all" leaves the archive out."""

    q: str = ""
    role: str = ""
    account_id: UUID | None = None
    state: str = "all"


STATES = {"all": "Everybody", "here": "With a role now", "former": "Without a role", "archived": "Archived"}


def people(wanted: Wanted, *, by: Actor) -> QuerySet[Contact]:
    """Those that `by` sees, with `sort_name` to order by. Roles at accounts that `by` does not see do not count."""
    found = Contact.objects.visible_to(by).filter(archived_at__isnull=wanted.state != "archived")
    for word in wanted.q.split()[:WORDS]:
        found = found.filter(Q(name__icontains=word) | Q(email__icontains=word))
    roles = ContactRole.objects.filter(contact=OuterRef("pk"), ends_on=None)
    seen = roles if by.sees_all else roles.filter(account__in=Account.objects.visible_to(by).values("pk"))
    if wanted.role or wanted.account_id:
        asked = seen.filter(role=wanted.role) if wanted.role else seen
        found = found.filter(Exists(asked.filter(account_id=wanted.account_id) if wanted.account_id else asked))
    if wanted.state == "here":
        found = found.filter(Exists(seen))
    elif wanted.state == "former":
        found = found.filter(~Exists(roles))
    return found.annotate(sort_name=Lower("name"))


@dataclass(frozen=True)
class PersonLine:
    """A person as the list shows them; elsewhere: open roles at accounts that the reader does not see."""

    contact: Contact
    roles: list[ContactRole]
    elsewhere: int


def person_lines(found: Iterable[Contact], *, by: Actor) -> list[PersonLine]:
    """Two queries however many people there are."""
    contacts = list(found)
    here: dict[UUID, list[ContactRole]] = defaultdict(list)
    elsewhere: dict[UUID, int] = defaultdict(int)
    roles = ContactRole.objects.filter(contact__in=[one.pk for one in contacts], ends_on=None)
    for role in roles.select_related("account").order_by("starts_on", "pk"):
        if by.sees_all or role.account.owner_id == by.user_id:
            here[role.contact_id].append(role)
        else:
            elsewhere[role.contact_id] += 1
    return [PersonLine(one, here[one.pk], elsewhere[one.pk]) for one in contacts]


def roles_of(contact: Contact, *, by: Actor) -> list[ContactRole]:
    """Every role a person has or had at accounts that `by` sees: open ones first, then the newest."""
    found = ContactRole.objects.visible_to(by).filter(contact=contact).select_related("account", "reports_to__contact")
    return sorted(found, key=lambda one: (one.ends_on is not None, -(one.ends_on or one.starts_on).toordinal()))


def last_contact_edit(contact: Contact) -> Entry | None:
    """The newest change of a person, for whoever was about to overwrite it."""
    changed = Entry.objects.filter(event__in=["accounts.contact_edited", "accounts.standing_changed"])
    return changed.filter(data__contact_id=str(contact.pk)).order_by("-seq").first()
