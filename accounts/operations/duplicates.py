"""Find accounts that may be one, and remember what a person said of a pair."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import rules
from accounts.events import PairDecided
from accounts.matching import PROPOSED_FROM, Likeness, Name, compare, read_name
from accounts.models import Account, DuplicatePair
from accounts.queries.duplicates import Pair, duplicate_pairs, names_to_search, neighbours, shared_domains
from core import jobs
from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.models import Job
from core.rules import require

CHUNK = 500
FIND = "accounts.find_duplicates"


@transaction.atomic
def start_finding_duplicates(*, by: Actor) -> Job:
    """Have the worker compare all accounts; an open job is the answer. Raises PermissionDenied."""
    require(by, rules.MERGE)
    running = Job.objects.filter(kind=FIND, finished_at=None).first()
    return running or jobs.start_job(FIND, by=by, unit="accounts")


def find_duplicates(*, at: datetime, job: Job | None = None) -> int:
    """Compare every account with those that look like it; returns how many pairs wait for a person.

    Pairs that a person decided stay decided; open ones that are no longer alike go.
    """
    names = {pk: read_name(name) for pk, name in Account.objects.active().values_list("pk", "name")}
    domains = shared_domains()
    found: dict[Pair, Likeness] = {}
    _take(found, set(domains), names, domains)
    ids = sorted(names)
    with names_to_search(list(names.items())):
        for start in range(0, len(ids), CHUNK):
            with transaction.atomic():
                chunk = ids[start : start + CHUNK]
                _take(found, neighbours(chunk), names, domains)
                if job:
                    jobs.progress(job, done=start + len(chunk), total=len(ids))
    return _keep(found, at)


def _take(
    found: dict[Pair, Likeness], pairs: set[Pair], names: Mapping[UUID, Name], domains: Mapping[Pair, set[str]]
) -> None:
    for pair in pairs - found.keys():
        if pair[0] in names and pair[1] in names:
            likeness = compare(names[pair[0]], names[pair[1]], domains=domains.get(pair, set()))
            if likeness.score >= PROPOSED_FROM:
                found[pair] = likeness


@transaction.atomic
def _keep(found: Mapping[Pair, Likeness], at: datetime) -> int:
    known = {(pair.first_id, pair.second_id): pair for pair in DuplicatePair.objects.select_for_update()}
    open_ones = {key: pair for key, pair in known.items() if pair.state == DuplicatePair.State.OPEN}
    changed = []
    for key, pair in open_ones.items():
        if key in found and (pair.score, pair.reasons) != (found[key].score, _plain(found[key])):
            pair.score, pair.reasons = found[key].score, _plain(found[key])
            changed.append(pair)
    DuplicatePair.objects.bulk_update(changed, ["score", "reasons"], batch_size=500)
    DuplicatePair.objects.filter(pk__in=[pair.pk for key, pair in open_ones.items() if key not in found]).delete()
    DuplicatePair.objects.bulk_create(
        [
            DuplicatePair(first_id=one, second_id=two, score=like.score, reasons=_plain(like), found_at=at)
            for (one, two), like in found.items()
            if (one, two) not in known
        ],
        batch_size=1000,
        ignore_conflicts=True,
    )
    return sum(key in open_ones or key not in known for key in found)


def _plain(likeness: Likeness) -> list[list[str | int]]:
    return [[what, how] for what, how in likeness.reasons]


@transaction.atomic
def decide_pair(*, pair_id: UUID, different: bool, by: Actor, at: datetime) -> DuplicatePair:
    """They are different, which is remembered; or, after all, a person shall look at them again.

    Emits PairDecided for both accounts. Raises DomainError for a merged pair, PermissionDenied,
    DuplicatePair.DoesNotExist when `by` does not see both.
    """
    require(by, rules.MERGE)
    states = DuplicatePair.State
    here = [duplicate_pairs(by=by, state=state).filter(pk=pair_id).first() for state in states]
    if not any(here):
        raise DuplicatePair.DoesNotExist
    pair: DuplicatePair = DuplicatePair.objects.select_for_update().get(pk=pair_id)
    if pair.state == states.MERGED:
        raise DomainError("These two were merged. Undo the merge first.")
    wanted = states.DIFFERENT if different else states.OPEN
    if pair.state == wanted:
        return pair
    pair.state, pair.decided_at, pair.decided_by = wanted, at if different else None, by.label[:160] * different
    pair.save(update_fields=["state", "decided_at", "decided_by"])
    for account_id, other in ((pair.first_id, pair.second_id), (pair.second_id, pair.first_id)):
        record(PairDecided(account_id, other, different), by=by)
    return pair
