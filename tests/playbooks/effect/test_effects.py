"""From stored scores and runs to a stored estimate: in the worker, with nothing that was not known then."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied

from accounts.models import Account, Outcome
from core.actor import Actor
from core.models import Job
from kpis.models import HealthScore
from playbooks.measured.effects import newest_estimate, results_of, visible_result
from playbooks.measured.population import population
from playbooks.models import EffectEstimate, Playbook, Run
from playbooks.operations import start_run, stop_run
from playbooks.operations.effects import result_of, run_estimate, start_estimate
from playbooks.operations.measuring import set_result
from tests.playbooks.conftest import entries, only, playbook
from tests.playbooks.effect.book import BEGAN, NOW, confounded_book, score, version
from tests.world import World

ENGINE = Actor.system("playbooks")


@pytest.fixture
def book(library: World) -> World:
    confounded_book(library)
    return library


def voc() -> Playbook:
    return playbook("voc-sprint")


def test_an_estimate_is_made_in_the_worker_and_kept(book: World, django_capture_on_commit_callbacks: Any) -> None:
    with time_machine.travel(NOW, tick=False), django_capture_on_commit_callbacks(execute=True):
        made = start_estimate(playbook_id=voc().pk, by=book.mona.as_actor(), at=NOW)

    made.refresh_from_db()
    assert made.finished_at == NOW
    result = made.result
    assert result["treated"] == Run.objects.count()
    assert result["estimate"]["low"] < 12 < result["estimate"]["high"]
    assert result["verdict"] == "better"
    assert result["raw"]["value"] > result["estimate"]["value"]  # the bad come back by themselves
    assert (result["sample"], result["left_out_runs"], result["horizon"]) == (False, {}, 90)
    assert (Job.objects.get(kind="playbooks.estimate_effect").message) == "Done."
    assert entries("playbooks.effect_estimated")[0]["verdict"] == "better"


def test_the_same_figures_give_the_same_record_and_hash(book: World) -> None:
    first, second = (population(voc(), at=NOW) for _ in range(2))

    assert first.hash == second.hash
    assert result_of(first, job=None) == result_of(second, job=None)


def test_what_was_recorded_later_changes_nothing(book: World) -> None:
    before = population(voc(), at=NOW).hash
    of = version()
    late = NOW - timedelta(days=2)
    for row in list(HealthScore.objects.filter(as_of=(BEGAN - timedelta(days=1)).date())):
        HealthScore.objects.filter(pk=row.pk).update(superseded_at=late)
        again = score(row.account, 99, BEGAN - timedelta(days=1), of=of)
        again.scored_at = late
        again.save()

    assert population(voc(), at=NOW).hash == before


def test_runs_are_left_out_for_reasons_that_are_counted(book: World) -> None:
    mona = book.mona.as_actor()
    idle = list(Account.objects.filter(name__startswith="Customer", runs=None)[:3])
    start_run(account_id=idle[0].pk, playbook_id=voc().pk, by=mona, at=NOW - timedelta(days=10))
    blind = Account.objects.create(name="Never scored", owner=book.alice)
    start_run(account_id=blind.pk, playbook_id=voc().pk, by=mona, at=BEGAN)
    again = Run.objects.filter(account__name__startswith="Customer", finished_at__isnull=False).first()
    start_run(account_id=again.account_id, playbook_id=voc().pk, by=mona, at=BEGAN + timedelta(days=40))
    gone = Run.objects.filter(finished_at__isnull=False).exclude(account=again.account_id).first()
    Outcome.objects.create(
        account_id=gone.account_id, kind="churned", on=BEGAN.date() + timedelta(days=50), recorded_at=NOW,
        recorded_by="Ana",
    )  # fmt: skip

    found = population(voc(), at=NOW)

    assert found.left_out == {
        "ran it again within 90 days": 1,
        "90 days are not over yet": 1,
        "health at the start is unknown": 1,
        "left within the 90 days": 1,
    }
    assert found.gone == (1, 0)


def test_an_account_that_runs_it_is_nobodys_comparison(book: World) -> None:
    """Nor one that begins within the 90 days after."""
    idle = Account.objects.filter(name__startswith="Customer", runs=None).first()
    assert idle.pk in {row.account for row in population(voc(), at=NOW).rows if not row.treated}

    start_run(account_id=idle.pk, playbook_id=voc().pk, by=book.mona.as_actor(), at=BEGAN.replace(month=8))

    july = BEGAN.replace(month=7)
    found = population(voc(), at=NOW).rows
    assert idle.pk not in {row.account for row in found if not row.treated and row.at < july}


def test_without_runs_it_cannot_tell(library: World) -> None:
    result = result_of(population(voc(), at=NOW), job=None)

    assert (result["verdict"], result["runs"]) == ("cannot_tell", 0)
    assert result["reason"].startswith("0 runs measured")


def test_a_second_asking_is_the_first(book: World) -> None:
    mona = book.mona.as_actor()
    one, two = (start_estimate(playbook_id=voc().pk, by=mona, at=NOW) for _ in range(2))

    assert one.pk == two.pk
    with pytest.raises(PermissionDenied):
        start_estimate(playbook_id=voc().pk, by=book.alice.as_actor(), at=NOW)


def test_unchanged_figures_take_the_last_record(book: World) -> None:
    first = EffectEstimate.objects.create(playbook=voc(), created_at=NOW, created_by="Mona")
    run_estimate(estimate_id=first.pk, job=None, by=ENGINE, at=NOW)
    EffectEstimate.objects.filter(pk=first.pk).update(result={"verdict": "open", "treated": 1, "mark": "kept"})
    second = EffectEstimate.objects.create(playbook=voc(), created_at=NOW, created_by="Mona")

    run_estimate(estimate_id=second.pk, job=None, by=ENGINE, at=NOW + timedelta(hours=1))

    assert newest_estimate(voc()).pk == second.pk
    assert newest_estimate(voc()).result["mark"] == "kept"


def test_a_reader_sees_the_figures_and_only_own_accounts(book: World) -> None:
    made = EffectEstimate.objects.create(playbook=voc(), created_at=NOW, created_by="Mona")
    made = run_estimate(estimate_id=made.pk, job=None, by=ENGINE, at=NOW)

    seen = visible_result(made, by=book.alice.as_actor())

    own = {str(pk) for pk in Account.objects.filter(owner=book.alice).values_list("pk", flat=True)}
    named = {row["account"] for pair in seen["pairs"] for row in (pair["ran"], *pair["others"])}
    assert named
    assert named <= own
    assert seen["estimate"] == made.result["estimate"]


def test_results_are_counted_by_trigger_and_many_invalid_ones_flag_it(library: World) -> None:
    watched = only("health_below")
    mona = library.mona.as_actor()
    for number, code in enumerate(["invalid_trigger"] * 3 + ["success", "no_effect", "lost"]):
        account = Account.objects.create(name=f"Acme {number}", owner=library.alice)
        run = start_run(account_id=account.pk, playbook_id=voc().pk, by=mona, at=BEGAN)
        stop_run(run_id=run.pk, outcome="x", by=mona, at=BEGAN)
        Run.objects.filter(pk=run.pk).update(trigger=watched)
        set_result(run_id=run.pk, code=code, reason="x", expected_version=0, by=mona, at=BEGAN)
    for number in range(5):  # a person who starts it for nothing is no trigger
        account = Account.objects.create(name=f"Byhand {number}", owner=library.alice)
        run = start_run(account_id=account.pk, playbook_id=voc().pk, by=mona, at=BEGAN)
        stop_run(run_id=run.pk, outcome="x", by=mona, at=BEGAN)
        set_result(run_id=run.pk, code="invalid_trigger", reason="x", expected_version=0, by=mona, at=BEGAN)
    by_hand = start_run(account_id=library.account.pk, playbook_id=voc().pk, by=mona, at=BEGAN)
    stop_run(run_id=by_hand.pk, outcome="x", by=mona, at=BEGAN)

    of_trigger, hand = results_of(voc(), by=mona)

    assert (of_trigger.success, of_trigger.no_effect, of_trigger.invalid, of_trigger.lost) == (1, 1, 3, 1)
    assert (of_trigger.undecided, of_trigger.flagged) == (0, True)
    assert of_trigger.invalid_share[0] == 50
    assert (hand.trigger, hand.decided, hand.undecided, hand.flagged) == (None, 5, 1, False)
    assert results_of(voc(), by=library.bob.as_actor()) == []
    page = library.browser(library.mona).get("/playbooks/").content.decode()
    assert page.count("Often invalid") == 1
    assert "3 of 6 runs it started ended as an invalid trigger" in page
    assert "Often invalid" not in library.browser(library.bob).get("/playbooks/").content.decode()
