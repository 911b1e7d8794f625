"""Accounts that may be one: candidates for a comparison, the pairs that wait for a person, the merges."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from accounts.matching import Name, own_domain
from accounts.models import Account, ContactRole, DuplicatePair, Merge
from core.actor import Actor

NEIGHBOURS = 20  # of a name, the likest ones: whoever has more is one of a series, not written twice
LIKE_FROM = 0.4  # share of common trigrams from which two names are compared at all
MOST_AT_DOMAIN = 5  # accounts with contacts at one domain; at more of them it is an agency's or a group's

Pair = tuple[UUID, UUID]


def pair_of(one: UUID, other: UUID) -> Pair:
    return (one, other) if one < other else (other, one)


@contextmanager
def names_to_search(names: Sequence[tuple[UUID, Name]]) -> Iterator[None]:
    """The words of all names in an indexed table of this database session, for `neighbours`; gone afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists pg_temp.names_to_match")
        cursor.execute("create temporary table names_to_match (id uuid primary key, core text not null)")
        cursor.execute(
            "insert into names_to_match select * from unnest(%s::uuid[], %s::text[])",
            [[pk for pk, _ in names], [name.core for _, name in names]],
        )
        cursor.execute("create index on names_to_match using gin (core gin_trgm_ops)")
        cursor.execute("analyze names_to_match")
    yield
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists pg_temp.names_to_match")


def neighbours(ids: Sequence[UUID]) -> set[Pair]:
    """The pairs of these accounts with those whose names look most like theirs.

    Within `names_to_search`, and in a transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("select set_config('pg_trgm.similarity_threshold', %s, true)", [str(LIKE_FROM)])
        cursor.execute(_NEIGHBOURS, [NEIGHBOURS, list(ids)])
        return {pair_of(one, other) for one, other in cursor.fetchall()}


_NEIGHBOURS = """
select one.id, other.id
from names_to_match one
cross join lateral (
    select near.id from names_to_match near
    where near.core %% one.core and near.id <> one.id
    order by similarity(near.core, one.core) desc, near.id limit %s
) other
where one.id = any(%s)
"""


def shared_domains() -> dict[Pair, set[str]]:
    """Accounts that have contacts at one domain, which is not everybody's and not that of many accounts."""
    at: dict[str, set[UUID]] = defaultdict(set)
    roles = ContactRole.objects.filter(ends_on=None, account__archived_at=None).exclude(contact__email="")
    for account_id, email in roles.values_list("account_id", "contact__email").iterator(chunk_size=5000):
        if domain := own_domain(email):
            at[domain].add(account_id)
    found: dict[Pair, set[str]] = defaultdict(set)
    for domain, accounts in at.items():
        if len(accounts) <= MOST_AT_DOMAIN:
            for one, other in combinations(accounts, 2):
                found[pair_of(one, other)].add(domain)
    return found


def duplicate_pairs(*, by: Actor, state: str = DuplicatePair.State.OPEN) -> QuerySet[DuplicatePair]:
    """Pairs both of which `by` sees; open ones only while neither is archived."""
    seen = Account.objects.visible_to(by)
    if state == DuplicatePair.State.OPEN:
        seen = seen.active()
    pairs = DuplicatePair.objects.filter(state=state).select_related("first__owner", "second__owner")
    if by.sees_all and state != DuplicatePair.State.OPEN:
        return pairs
    return pairs.filter(first__in=seen, second__in=seen)


def merges(*, by: Actor) -> QuerySet[Merge]:
    """What was merged, undone ones too, as far as `by` sees the account that was kept."""
    return Merge.objects.filter(kept__in=Account.objects.visible_to(by)).select_related("kept", "gone")


def merged_into(account_id: UUID) -> Merge | None:
    """The merge by which this account went, unless it was undone."""
    found: Merge | None = Merge.objects.filter(gone_id=account_id, undone_at=None).select_related("kept").first()
    return found


def merges_of(account_id: UUID) -> QuerySet[Merge]:
    """Merges in force that this account had a part in."""
    return Merge.objects.filter(Q(kept_id=account_id) | Q(gone_id=account_id), undone_at=None)


def sizes_of(ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """How much hangs on each of the accounts, by what a person would ask for first. One query."""
    counted = {"Contracts": "contracts", "People": "contact_roles", "Outcomes": "outcomes", "Below it": "children"}
    figures = {name: Count(name, distinct=True) for name in counted.values()}
    rows = Account.objects.filter(pk__in=ids).annotate(**{f"n_{name}": count for name, count in figures.items()})
    return {row.pk: {label: getattr(row, f"n_{name}") for label, name in counted.items()} for row in rows}
