"""KPIs of the tenant's own, and changes of any: what is allowed, what is refused, what the trail says."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from core.errors import Conflict, DomainError
from core.models import Entry
from kpis.catalogue.codes import code_of
from kpis.models import Kpi, KpiAlias, UnknownKpi
from kpis.operations.catalogue_edit import (
    CodeTaken,
    InUse,
    MeansValues,
    NameMeansAnother,
    add_alias,
    create_kpi,
    edit_kpi,
    remove_alias,
    retire_kpi,
)
from kpis.queries.dictionary import dictionary
from tests.kpis.health.book import NOW, value
from tests.world import World


def made(world: World, name: str = "Café visits (per month)", **given: Any) -> Kpi:
    fields = {"category": "adoption", "unit": "count", "direction": "up", "minimum": Decimal(0), **given}
    return create_kpi(name=name, by=world.ana.as_actor(), at=NOW, **fields)


def test_a_code_is_made_from_the_name() -> None:
    assert code_of("Café visits (per month)") == "cafe_visits_per_month"
    assert code_of("3rd-party share %") == "kpi_3rd_party_share_percent"
    assert code_of("数") == "kpi"


def test_a_kpi_of_ones_own_is_known_by_its_names_and_never_scored_without_ranges(catalogue: World) -> None:
    kpi = made(catalogue, aliases=["Coffee visits"], weight=3)
    assert (kpi.code, kpi.custom, kpi.scored) == ("cafe_visits_per_month", True, False)
    ours = dictionary()
    for text in ("cafe visits", "Café visits (per month)", "COFFEE VISITS", "cafe_visits_per_month"):
        found = ours.resolve(text)
        assert text == "cafe visits" or (found is not None and found.code == kpi.code), text
    entry = Entry.objects.get(event="kpis.kpi_created")
    assert (entry.data["kpi"], entry.actor_label) == (kpi.code, catalogue.ana.as_actor().label)


@pytest.mark.parametrize(
    ("given", "refusal", "field", "words"),
    [
        ({"name": "Relationship NPS"}, NameMeansAnother, "name", "already means Relationship NPS"),
        ({"aliases": ["Seat use"]}, NameMeansAnother, "aliases", "already means Seat use"),
        ({"code": "seat_use"}, CodeTaken, "code", "is the code of Seat use"),
        ({"code": "new"}, CodeTaken, "code", "address of the catalogue"),
        ({"code": "Ünfit"}, DomainError, "code", "small letters"),
        ({"name": "  "}, DomainError, "name", "needs a name"),
        ({"minimum": Decimal(5), "maximum": Decimal(5)}, DomainError, "maximum", "above the smallest"),
        ({"category": "weather"}, DomainError, "category", "Choose one"),
    ],
)
def test_what_a_kpi_may_not_be_is_said_at_its_field(
    catalogue: World, given: dict[str, Any], refusal: type[DomainError], field: str, words: str
) -> None:
    before = (Kpi.objects.count(), KpiAlias.objects.count(), Entry.objects.count())
    with pytest.raises(refusal, match=words) as refused:
        made(catalogue, **given)
    assert refused.value.field == field
    assert (Kpi.objects.count(), KpiAlias.objects.count(), Entry.objects.count()) == before


def test_only_those_who_may_edit_the_catalogue_do(catalogue: World) -> None:
    for person in (catalogue.vic, catalogue.alice):
        with pytest.raises(PermissionDenied):
            create_kpi(name="Mine", by=person.as_actor(), at=NOW, category="adoption")
        with pytest.raises(PermissionDenied):
            edit_kpi(code="seat_use", expected_version=1, changes={"name": "Ours"}, by=person.as_actor(), at=NOW)
        with pytest.raises(PermissionDenied):
            retire_kpi(code="adoption_index", by=person.as_actor())
    assert not Kpi.objects.filter(name__in=["Mine", "Ours"]).exists()


def test_an_edit_keeps_the_old_name_in_files_and_says_old_and_new(catalogue: World) -> None:
    kpi = edit_kpi(
        code="seat_use",
        expected_version=1,
        changes={"name": "Licences in use", "weight": 2, "caveats": "Service accounts count."},
        by=catalogue.ana.as_actor(),
        at=NOW,
    )
    assert (kpi.name, kpi.weight, kpi.version) == ("Licences in use", 2, 2)
    ours = dictionary()
    assert ours.resolve("licences in use") == ours.resolve("Seat use (monthly active / paid)") == kpi
    changes = Entry.objects.get(event="kpis.kpi_edited").data["changes"]
    assert changes["weight"] == [3, 2]
    assert changes["name"] == ["Seat use (monthly active / paid)", "Licences in use"]


def test_two_editors_notice_each_other(catalogue: World) -> None:
    edit_kpi(code="seat_use", expected_version=1, changes={"weight": 2}, by=catalogue.ana.as_actor(), at=NOW)
    with pytest.raises(Conflict):
        edit_kpi(code="seat_use", expected_version=1, changes={"weight": 1}, by=catalogue.mona.as_actor(), at=NOW)
    assert Kpi.objects.get(code="seat_use").weight == 2


@pytest.mark.parametrize("change", [{"unit": "h"}, {"direction": "down"}, {"portfolio_only": True}])
def test_what_gives_values_their_meaning_cannot_change_under_them(catalogue: World, change: dict[str, Any]) -> None:
    kpi = made(catalogue)
    assert edit_kpi(code=kpi.code, expected_version=1, changes=change, by=catalogue.ana.as_actor(), at=NOW).version == 2
    other = made(catalogue, name="Another")
    value(catalogue.account, other.code, 12)
    with pytest.raises(MeansValues, match="Make a new KPI and retire this one") as refused:
        edit_kpi(code=other.code, expected_version=1, changes=change, by=catalogue.ana.as_actor(), at=NOW)
    assert refused.value.field == next(iter(change))


def test_limits_leave_no_stored_value_outside(catalogue: World) -> None:
    kpi = made(catalogue)
    value(catalogue.account, kpi.code, 12)
    with pytest.raises(DomainError, match="1 stored value lies above it") as refused:
        edit_kpi(
            code=kpi.code, expected_version=1, changes={"maximum": Decimal(10)}, by=catalogue.ana.as_actor(), at=NOW
        )
    assert refused.value.field == "maximum"


def test_a_kpi_of_a_live_scorecard_is_not_retired_and_says_where_it_counts(catalogue: World) -> None:
    with pytest.raises(InUse, match="Scorecard: Standard v1"):
        retire_kpi(code="seat_use", by=catalogue.ana.as_actor())
    assert Kpi.objects.get(code="seat_use").active


def test_retiring_loses_nothing_and_can_be_taken_back(catalogue: World) -> None:
    kpi = made(catalogue)
    value(catalogue.account, kpi.code, 12)
    assert not retire_kpi(code=kpi.code, by=catalogue.ana.as_actor()).active
    assert dictionary().resolve(kpi.name) is None
    assert kpi.values.count() == 1
    assert retire_kpi(code=kpi.code, by=catalogue.ana.as_actor(), restore=True).active
    told = Entry.objects.filter(event="kpis.kpi_retired").order_by("seq")
    assert [entry.data["restored"] for entry in told] == [False, True]


def test_an_alias_that_means_another_kpi_is_refused_with_its_name(catalogue: World) -> None:
    with pytest.raises(NameMeansAnother, match="“Support CSAT” already means Support CSAT"):
        add_alias(code="seat_use", text="Support CSAT", by=catalogue.ana.as_actor())
    alias = add_alias(code="seat_use", text="Licence burn", by=catalogue.ana.as_actor())
    found = dictionary().resolve("licence BURN")
    assert found is not None
    assert found.code == "seat_use"
    remove_alias(code="seat_use", alias_id=alias.pk, by=catalogue.ana.as_actor())
    assert dictionary().resolve("licence burn") is None
    own = KpiAlias.objects.get(normalised="seat use monthly active paid")
    with pytest.raises(DomainError, match="always answers to its own name"):
        remove_alias(code="seat_use", alias_id=own.pk, by=catalogue.ana.as_actor())


def test_an_unknown_name_that_waits_is_settled_by_a_kpi_that_answers_to_it(catalogue: World) -> None:
    unknown = UnknownKpi.objects.create(text="Coffee visits", normalised="coffee visits", first_seen_at=NOW)
    kpi = made(catalogue, aliases=["Coffee visits"])
    unknown.refresh_from_db()
    assert (unknown.state, unknown.kpi) == ("named", kpi)


def test_kpis_of_ones_own_are_suggested_for_names_like_theirs(catalogue: World) -> None:
    kpi = made(catalogue, aliases=["Espresso count"])
    found = list(dictionary().suggest("Expresso counts"))
    assert [one for one, _ in found][:1] == [kpi]
    assert found[0][1] > 80
    retire_kpi(code=kpi.code, by=catalogue.ana.as_actor())
    assert kpi not in [one for one, _ in dictionary().suggest("Expresso counts")]
