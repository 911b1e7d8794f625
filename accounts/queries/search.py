"""The global search: accounts, people, activities and documents by words, as far as somebody sees them.

Names hold every word (trigram index); texts hold words that begin so (full text). Where no name holds them, names
spelt alike are found.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector, TrigramWordSimilarity
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower, Upper
from django.urls import reverse

from accounts.models import Account, Activity, Contact, CustomRecord, Document
from accounts.queries.accounts import accounts_matching
from accounts.queries.objects import found_by_words
from core.actor import Actor

WORDS = 5
MOST_WEIGHED = 1000  # activities that are put in order; a word that stands in all of them finds no better ones
SHORTEST_MISSPELT = 4  # letters; below, everything is spelt alike


@dataclass(frozen=True)
class Hit:
    """One thing that was found. id: unique among all hits; detail: what tells it from others of its name."""

    id: str
    url: str
    icon: str
    title: str
    detail: str


@dataclass(frozen=True)
class Hits:
    """Hits of one kind. more: there are others; alike: no name holds the words, these are spelt alike."""

    kind: str
    label: str
    hits: list[Hit]
    more: bool = False
    alike: bool = False


def words_of(text: str) -> list[str]:
    return text.replace("\x00", "").split()[:WORDS]


def search(text: str, *, by: Actor, most: int, kind: str = "") -> list[Hits]:
    """At most `most` hits of each kind (of one kind with `kind`), kinds without any left out."""
    if not words_of(text):
        return []
    found = []
    for code, (label, finder, shown) in KINDS.items():
        if kind in ("", code):
            rows = list(finder(text, by)[: most + 1])
            found.append(Hits(code, label, [shown(row) for row in rows[:most]], len(rows) > most))
    named = any(group.hits for group in found if group.kind in ("accounts", "contacts"))
    if not named and kind in ("", "accounts") and len(text.strip()) >= SHORTEST_MISSPELT:
        alike = [_account(row) for row in accounts_alike(text, by)[:most]]
        found = [Hits("accounts", "Accounts spelt alike", alike, alike=True), *found]
    return [group for group in found if group.hits]


def _accounts(text: str, by: Actor) -> QuerySet[Account]:
    return accounts_matching(text, by=by).only("id", "name", "industry")


def accounts_alike(text: str, by: Actor) -> QuerySet[Account]:
    """Accounts with a word in their name spelt like `text`, the likeliest first."""
    asked = " ".join(words_of(text)).upper()
    found = Account.objects.visible_to(by).active().annotate(capitals=Upper("name"))
    found = found.filter(capitals__trigram_word_similar=asked)
    likeness = TrigramWordSimilarity(asked, Upper("name"))
    alike: QuerySet[Account] = found.annotate(likeness=likeness).order_by("-likeness", Lower("name"), "pk")
    return alike


def _contacts(text: str, by: Actor) -> QuerySet[Contact]:
    found: QuerySet[Contact] = Contact.objects.visible_to(by).filter(archived_at=None)
    for word in words_of(text):
        found = found.filter(Q(name__icontains=word) | Q(email__icontains=word))
    return found.order_by(Lower("name"), "pk")


def _activities(text: str, by: Actor) -> QuerySet[Activity]:
    """Every word begins a word of the subject or the body; newest first, of a word in very many some of them."""
    words = [word for part in words_of(text) for word in re.findall(r"\w+", part)]
    seen: QuerySet[Activity] = Activity.objects.visible_to(by).filter(removed_at=None, account__archived_at=None)
    if not words:
        return seen.none()
    asked = SearchQuery(" & ".join(f"{word}:*" for word in words), search_type="raw", config="simple")
    said = seen.annotate(said=SearchVector("subject", "body", config="simple")).filter(said=asked)
    weighed = said.order_by().values("pk")[:MOST_WEIGHED]
    return Activity.objects.filter(pk__in=weighed).select_related("account").order_by("-happened_at", "pk")


def _documents(text: str, by: Actor) -> QuerySet[Document]:
    found: QuerySet[Document] = Document.objects.visible_to(by).filter(removed_at=None, account__archived_at=None)
    for word in words_of(text):
        found = found.filter(name__icontains=word)
    return found.select_related("account").order_by("-created_at", "pk")


def _account(row: Account) -> Hit:
    return Hit(f"account-{row.pk}", f"/accounts/{row.pk}/", "building-2", row.name, row.industry or "Account")


def _contact(row: Contact) -> Hit:
    url = reverse("accounts:contact", args=[row.pk])
    return Hit(f"contact-{row.pk}", url, "user", row.name, row.title or row.email or "Contact")


_ICONS = {"call": "phone", "mail": "mail", "meeting": "users", "note": "file-text"}


def _activity(row: Activity) -> Hit:
    url = f"/accounts/{row.account_id}/#timeline"
    return Hit(f"activity-{row.pk}", url, _ICONS.get(row.kind, "file-text"), row.subject, row.account.name)


def _document(row: Document) -> Hit:
    return Hit(f"document-{row.pk}", f"/accounts/{row.account_id}/#documents", "paperclip", row.name, row.account.name)


def _records(text: str, by: Actor) -> QuerySet[CustomRecord]:
    return found_by_words(words_of(text), by=by)


def _record(row: CustomRecord) -> Hit:
    url = reverse("accounts:record", args=[row.object.code, row.pk])
    return Hit(f"record-{row.pk}", url, "layers", row.name, f"{row.object.name}, {row.account.name}")


Finder = Callable[[str, Actor], QuerySet[Any]]
KINDS: dict[str, tuple[str, Finder, Callable[[Any], Hit]]] = {
    "accounts": ("Accounts", _accounts, _account),
    "contacts": ("Contacts", _contacts, _contact),
    "activities": ("Activities and notes", _activities, _activity),
    "documents": ("Documents", _documents, _document),
    "records": ("Own records", _records, _record),
}
