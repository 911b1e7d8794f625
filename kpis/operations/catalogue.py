"""The KPI catalogue of a tenant: laid down once, confirmed by a person, and taught new names."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.models import Entry
from core.rules import require
from kpis import rules
from kpis.catalogue import DEFINITIONS, TEMPLATE_59, KpiDef, normalise
from kpis.catalogue.published import FIGURES, source_words
from kpis.events import BenchmarkChanged, CatalogueChecked, UnknownKpiSettled
from kpis.models import (
    Benchmark,
    Kpi,
    KpiAlias,
    ReferenceRange,
    Scorecard,
    ScorecardVersion,
    UnknownKpi,
    UploadIssue,
)
from kpis.scoring import default_scorecard, scorecard_to_definition
from tenants.context import take_lock

FIRST_DAY = date(2000, 1, 1)  # months before it are not kept, so the first ranges hold for every value there is
REST = 1000  # priority of the scorecard for every account that no other one is for


class KpiNotInCatalogue(DomainError):
    """A file's name was to be given to a KPI that this tenant does not have."""


class AlreadyNamed(DomainError):
    """The unknown name already means another KPI."""


@transaction.atomic
def install_catalogue(*, at: datetime, by: Actor) -> None:
    """Give this tenant the KPIs, their spellings, their first ranges, published figures and the first live scorecard.

    What is there already stays as it is. For the furnishing of a new tenant, which records its own entry; a dozen
    statements, about 30 ms.
    """
    take_lock("kpi catalogue")
    known = set(Kpi.objects.values_list("code", flat=True))
    Kpi.objects.bulk_create(
        [_kpi(definition, place) for place, definition in enumerate(DEFINITIONS) if definition.code not in known]
    )
    ids = dict(Kpi.objects.values_list("code", "id"))
    spelt = set(KpiAlias.objects.values_list("normalised", flat=True))
    KpiAlias.objects.bulk_create(
        [
            KpiAlias(kpi_id=ids[code], text=text, normalised=normalised)
            for normalised, (text, code) in _spellings().items()
            if normalised not in spelt
        ]
    )
    _first_ranges(at=at, by=by)
    _published(ids, at=at, by=by)
    if not Scorecard.objects.exists():
        standard = Scorecard.objects.create(
            name="Standard", priority=REST, description="Every account.", created_at=at, created_by=by.label
        )
        ScorecardVersion.objects.create(
            scorecard=standard,
            number=1,
            definition=scorecard_to_definition(default_scorecard()),
            state=ScorecardVersion.State.LIVE,
            note="As it comes with Plumbline.",
            live_since=at,
            created_at=at,
            created_by=by.label,
        )


def _kpi(definition: KpiDef, place: int) -> Kpi:
    return Kpi(
        code=definition.code,
        number=definition.number,
        name=definition.name,
        category=definition.category,
        unit=definition.unit,
        direction=definition.direction,
        anchors=[[float(value), points] for value, points in definition.anchors],
        weight=definition.weight,
        cadence=definition.cadence,
        expires_days=definition.expires_days,
        minimum=definition.minimum,
        maximum=definition.maximum,
        outcome_like=definition.outcome_like,
        template_only=definition.template_only,
        portfolio_only=definition.portfolio_only,
        source_keys=list(definition.sources),
        description=definition.description,
        caveats=definition.caveats,
        position=definition.number or 100 + place,
    )


def _first_ranges(*, at: datetime, by: Actor) -> None:
    """The range that each KPI of the catalogue comes with, from the first day that is kept, and its sources."""
    ranged = set(ReferenceRange.objects.values_list("kpi_id", flat=True))
    ReferenceRange.objects.bulk_create(
        ReferenceRange(
            kpi=kpi,
            valid_from=FIRST_DAY,
            anchors=kpi.anchors,
            source=source_words(kpi.source_keys),
            note="As it comes with Plumbline: a starting point.",
            created_at=at,
            created_by=by.label,
        )
        for kpi in Kpi.objects.filter(custom=False)
        if kpi.anchors and kpi.pk not in ranged
    )


def _published(ids: Mapping[str, UUID], *, at: datetime, by: Actor) -> None:
    """Published figures beside the KPIs, once: a tenant that took one away does not get it back."""
    if Benchmark.objects.exists() or Entry.objects.filter(event=BenchmarkChanged.name).exists():
        return
    Benchmark.objects.bulk_create(
        Benchmark(
            kpi_id=ids[figure.kpi],
            population=figure.population,
            statistic=figure.statistic,
            value=figure.value,
            source=figure.source,
            year=figure.year,
            created_at=at,
            created_by=by.label,
        )
        for figure in FIGURES
    )


def _spellings() -> dict[str, tuple[str, str]]:
    """Normalised spelling -> (the spelling, KPI code); every KPI answers to its name, its aliases and its code."""
    found: dict[str, tuple[str, str]] = {}
    for definition in DEFINITIONS:
        for text in (definition.name, *definition.aliases):
            found.setdefault(normalise(text), (text, definition.code))
    for entry in TEMPLATE_59:
        found.setdefault(normalise(entry.name), (entry.name, entry.kpi.code))
    for definition in DEFINITIONS:
        found.setdefault(normalise(definition.code), (definition.code, definition.code))
    return found


@transaction.atomic
def confirm_catalogue(*, by: Actor) -> None:
    """Somebody looked at the catalogue and says that it is right. Emits CatalogueChecked."""
    require(by, rules.EDIT_CATALOGUE)
    record(CatalogueChecked(account_id=None), by=by)


@transaction.atomic
def settle_unknown_kpi(*, unknown_id: UUID, kpi: str | None, by: Actor) -> UnknownKpi:
    """Say what an unknown KPI name means (`kpi`: its code), or that it is to be ignored (None).

    A name that is given becomes an alias: the next file with it is read without asking. Rows that were held
    for it stay held until `take_in_held` of their upload. Emits UnknownKpiSettled. Raises
    UnknownKpi.DoesNotExist, KpiNotInCatalogue, AlreadyNamed.
    """
    require(by, rules.EDIT_CATALOGUE)
    unknown = UnknownKpi.objects.select_for_update(of=("self",)).select_related("kpi").get(pk=unknown_id)
    if unknown.state == UnknownKpi.State.NAMED:
        raise AlreadyNamed(f"“{unknown.text}” already means {unknown.kpi}.")
    meaning = _chosen(kpi) if kpi else None
    if meaning:
        _teach(unknown, meaning, by)
    unknown.kpi = meaning
    unknown.state = UnknownKpi.State.NAMED if meaning else UnknownKpi.State.IGNORED
    unknown.save(update_fields=["kpi", "state"])
    _hold_or_pass(unknown)
    record(UnknownKpiSettled(account_id=None, unknown_id=unknown.pk, kpi=meaning.code if meaning else None), by=by)
    return unknown


def _hold_or_pass(unknown: UnknownKpi) -> None:
    """Rows of a name that is ignored wait no more; they are only shown. Naming it later holds them again."""
    held, notice = UploadIssue.State.HELD, UploadIssue.State.NOTICE
    before, after = (held, notice) if unknown.state == UnknownKpi.State.IGNORED else (notice, held)
    UploadIssue.objects.filter(unknown=unknown, state=before).update(state=after)


def _chosen(code: str) -> Kpi:
    kpi = Kpi.objects.filter(code=code, active=True).first()
    if kpi is None:
        raise KpiNotInCatalogue("There is no KPI of that name in your catalogue.", field="kpi")
    if kpi.portfolio_only:
        raise KpiNotInCatalogue(f"{kpi} is a figure of the whole portfolio, not of one account.", field="kpi")
    return kpi


def _teach(unknown: UnknownKpi, kpi: Kpi, by: Actor) -> None:
    alias, new = KpiAlias.objects.get_or_create(
        normalised=unknown.normalised,
        defaults={"kpi": kpi, "text": unknown.text, "confirmed_by": by.label},
    )
    if not new and alias.kpi_id != kpi.pk:
        raise AlreadyNamed(f"“{unknown.text}” already means {alias.kpi}.", field="kpi")
