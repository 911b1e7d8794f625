"""Two accounts made one, and parted again to the last row."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied

from accounts.models import Account, Contact, ContactRole, Contract, DuplicatePair, Merge, Outcome, SubscriptionLine
from accounts.operations import NameTaken, archive_account, create_account, edit_account
from accounts.operations.duplicates import decide_pair, find_duplicates
from accounts.operations.merging import default_choice, merge_accounts, undo_merge
from accounts.operations.movements import rebuild_movements
from core.errors import Conflict, DomainError
from core.models import TenantModel
from kpis.models import KpiValue
from playbooks.models import Playbook, PlaybookVersion, Run, Step
from tests.accounts.conftest import entries
from tests.kpis.health.book import NOVEMBER, OCTOBER, furnish, score, value
from tests.world import World

AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
# Said of the two accounts, the merge and the pair themselves; versions only go up, so that editors notice each other.
TOLD = {"accounts.Merge", "accounts.DuplicatePair"}


def book() -> dict[str, dict[Any, dict[str, Any]]]:
    """Every row of every table of the workspace, but for the trail and what tells of merges."""
    found: dict[str, dict[Any, dict[str, Any]]] = {}
    for model in apps.get_models():
        ours = issubclass(model, TenantModel) or model._meta.label in ("kpis.AccountHealth", "kpis.RollUp")
        if ours and model._meta.label not in TOLD:
            found[model._meta.label] = {row.pop(model._meta.pk.attname): row for row in model.objects.values()}
    found["accounts.RevenueMovement"] = {tuple(row.values()): {} for row in found["accounts.RevenueMovement"].values()}
    for row in found["accounts.Account"].values():
        row.pop("version")
    return found


def two() -> tuple[Account, Account]:
    """Both with contracts, people, outcomes, values and scores that partly say the same."""
    furnish()
    kept = Account.objects.create(name="Acme Ltd", arr=Decimal("100.00"), region="EMEA")
    gone = Account.objects.create(name="ACME Limited", key="A-7", arr=Decimal("90.00"), industry="Steel")
    ann, ben = Contact.objects.create(name="Ann"), Contact.objects.create(name="Ben")
    for account in (kept, gone):
        ContactRole.objects.create(contact=ann, account=account, starts_on=NOVEMBER)
        Outcome.objects.create(account=account, kind="renewed", on=OCTOBER, recorded_at=AT, recorded_by="x")
        value(account, "seat_use", 70 if account == kept else 50)
    ContactRole.objects.create(contact=ben, account=gone, starts_on=NOVEMBER)
    Outcome.objects.create(account=gone, kind="expanded", on=OCTOBER, recorded_at=AT, recorded_by="x")
    value(gone, "seat_use", 40, OCTOBER)
    value(gone, "support_csat", 90)
    contract = Contract.objects.create(account=gone, name="Main", starts_on=OCTOBER, state="active")
    SubscriptionLine.objects.create(
        contract=contract, amount=10, starts_on=OCTOBER, recorded_at=AT, recorded_by="x", billing="month"
    )
    Account.objects.create(name="Acme Spain", parent=gone)
    score(kept, gone)
    rebuild_movements(account_ids=[kept.pk, gone.pk], on=AT.date())
    kept.refresh_from_db()
    gone.refresh_from_db()
    return kept, gone


def merge(world: World, kept: Account, gone: Account, *take: str) -> Merge:
    kept.refresh_from_db()
    gone.refresh_from_db()
    return merge_accounts(
        kept_id=kept.pk,
        gone_id=gone.pk,
        take=take,
        versions=(kept.version, gone.version),
        by=world.mona.as_actor(),
        at=AT,
    )


def test_a_merge_moves_every_row_and_lists_what_stays(world: World) -> None:
    kept, gone = two()
    done = merge(world, kept, gone, "industry", "key")
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert (kept.name, kept.key, kept.industry, kept.region) == ("Acme Ltd", "A-7", "Steel", "EMEA")
    assert (gone.archived_at, gone.key, gone.name) == (AT, None, "ACME Limited")
    assert Contract.objects.get().account_id == kept.pk
    assert Account.objects.get(name="Acme Spain").parent_id == kept.pk
    assert {role.contact.name for role in kept.contact_roles.all()} == {"Ann", "Ben"}
    assert set(kept.outcomes.values_list("kind", flat=True)) == {"renewed", "expanded"}
    current = {(v.kpi.code, v.period): v.value for v in KpiValue.objects.current().filter(account=kept)}
    assert current == {("seat_use", NOVEMBER): 70, ("seat_use", OCTOBER): 40, ("support_csat", NOVEMBER): 90}
    stayed = {label.split(".")[1]: len(rows) for label, rows in done.moved["stayed"].items()}
    assert stayed == {"ContactRole": 1, "Outcome": 1, "KpiValue": 1}
    told = entries("accounts.accounts_merged")
    assert [(one["account_id"], one["kept"]) for one in told] == [(str(kept.pk), True), (str(gone.pk), False)]
    assert told[0]["rows"] == sum(map(len, done.moved["moved"].values()))


@pytest.mark.parametrize("take", [(), ("industry",), ("name", "key", "arr", "industry", "region")])
def test_undoing_a_merge_restores_every_row_of_every_table(world: World, take: tuple[str, ...]) -> None:
    kept, gone = two()
    before = book()
    done = merge(world, kept, gone, *take)
    assert book() != before
    undo_merge(merge_id=done.pk, by=world.mona.as_actor(), at=AT)
    assert book() == before
    undo_merge(merge_id=done.pk, by=world.mona.as_actor(), at=AT)
    assert len(entries("accounts.merge_undone")) == 2


def test_undo_leaves_what_somebody_changed_since(world: World) -> None:
    kept, gone = two()
    done = merge(world, kept, gone, "industry", "name")
    kept.refresh_from_db()
    mona = world.mona.as_actor()
    edit_account(account_id=kept.pk, expected_version=kept.version, changes={"industry": "Tin"}, by=mona)
    undo_merge(merge_id=done.pk, by=mona, at=AT)
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert (kept.industry, kept.name, gone.name, gone.archived_at) == ("Tin", "Acme Ltd", "ACME Limited", None)


def test_a_name_that_is_taken_by_now_stops_the_undo_and_nothing_is_half_done(world: World) -> None:
    kept, gone = two()
    done = merge(world, kept, gone, "name")
    kept.refresh_from_db()
    mona = world.mona.as_actor()
    edit_account(account_id=kept.pk, expected_version=kept.version, changes={"name": "Acme"}, by=mona)
    Account.objects.create(name="Other")
    create_account(name="ACME Limited", by=mona)
    before = book()
    with pytest.raises(DomainError, match="cannot be parted"):
        undo_merge(merge_id=done.pk, by=mona, at=AT)
    assert book() == before


def test_steps_stay_with_the_run_that_stays(world: World) -> None:
    kept, gone = two()
    playbook = Playbook.objects.create(code="risk", name="Risk")
    version = PlaybookVersion.objects.create(playbook=playbook, number=1, definition={"steps": []}, created_at=AT)
    for account in (kept, gone):
        run = Run.objects.create(account=account, playbook=playbook, version=version, started_at=AT)
        Step.objects.create(run=run, account=account, position=1, stage=1, code="call", due_on=NOVEMBER)
    before = book()
    done = merge(world, kept, gone)
    assert Step.objects.filter(account=gone).count() == Run.objects.filter(account=gone).count() == 1
    undo_merge(merge_id=done.pk, by=world.mona.as_actor(), at=AT)
    assert book() == before


def test_parents_never_make_a_circle(world: World) -> None:
    top = Account.objects.create(name="Top")
    middle = Account.objects.create(name="Middle", parent=top)
    low = Account.objects.create(name="Low", parent=middle)
    with pytest.raises(DomainError, match="further below"):
        merge(world, low, top)
    before = book()
    done = merge(world, middle, top)
    middle.refresh_from_db()
    low.refresh_from_db()
    assert (middle.parent_id, low.parent_id) == (None, middle.pk)
    undo_merge(merge_id=done.pk, by=world.mona.as_actor(), at=AT)
    assert book() == before


def test_who_may_and_what_is_refused(world: World) -> None:
    kept, gone = two()
    given: dict[str, Any] = {"kept_id": kept.pk, "gone_id": gone.pk, "take": (), "at": AT}
    with pytest.raises(PermissionDenied):
        merge_accounts(**given, versions=(1, 1), by=world.alice.as_actor())
    with pytest.raises(Conflict):
        merge_accounts(**given, versions=(1, 9), by=world.mona.as_actor())
    with pytest.raises(DomainError, match="itself"):
        merge_accounts(**{**given, "gone_id": kept.pk}, versions=(1, 1), by=world.mona.as_actor())
    merge(world, kept, gone)
    with pytest.raises(DomainError, match="archived"):
        merge(world, kept, gone)
    with pytest.raises(DomainError, match="merged into “Acme Ltd”"):
        archive_account(account_id=gone.pk, by=world.mona.as_actor(), at=AT, restore=True)


def test_the_default_choice_fills_gaps_only(world: World) -> None:
    kept, gone = two()
    assert default_choice(kept, gone) == {"key", "industry"}


def test_finding_remembers_what_a_person_said(world: World) -> None:
    names = ["Acme Ltd", "ACME Limited", "Acme, Ltd.", "Globex", "Umbrella"]
    accounts = {name: Account.objects.create(name=name) for name in names}
    assert find_duplicates(at=AT) == 3
    pairs = list(DuplicatePair.objects.all())
    assert {pair.score for pair in pairs} == {100}
    assert {p.first_id for p in pairs} | {p.second_id for p in pairs} == {accounts[n].pk for n in names[:3]}
    decide_pair(pair_id=pairs[0].pk, different=True, by=world.mona.as_actor(), at=AT)
    assert find_duplicates(at=AT) == 2
    assert DuplicatePair.objects.get(pk=pairs[0].pk).state == "different"
    Account.objects.filter(name="Acme, Ltd.").update(name="Zebra")
    find_duplicates(at=AT)
    assert DuplicatePair.objects.filter(state="open").count() <= 1


def test_contacts_at_one_domain_propose_accounts_that_share_a_word(world: World) -> None:
    one, other = Account.objects.create(name="Acme Robotics"), Account.objects.create(name="Acme")
    for account in (one, other):
        person = Contact.objects.create(name="P", email=f"p@{'acme.example'}")
        ContactRole.objects.create(contact=person, account=account, starts_on=NOVEMBER)
    assert find_duplicates(at=AT) == 1
    assert ["contacts at acme.example", 100] in DuplicatePair.objects.get().reasons


def test_a_name_is_never_taken_twice(world: World) -> None:
    kept, gone = two()
    merge(world, kept, gone)
    with pytest.raises(NameTaken):
        create_account(name="ACME Limited", by=world.mona.as_actor())
