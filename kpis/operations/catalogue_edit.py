"""A KPI of this tenant's own: made, changed, retired and brought back, and the names that files may use for it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from kpis import rules
from kpis.catalogue import CATEGORIES, normalise
from kpis.catalogue.codes import RESERVED, code_of, is_code
from kpis.events import KpiAliasChanged, KpiCreated, KpiEdited, KpiRetired
from kpis.models import Kpi, KpiAlias, KpiValue, UnknownKpi
from kpis.operations.catalogue import settle_unknown_kpi
from kpis.operations.formulas import compute_anew
from kpis.queries.uses import uses_of
from tenants.context import take_lock

EDITABLE = (
    "name", "category", "unit", "direction", "portfolio_only", "cadence", "aggregation", "weight", "minimum", "maximum",
    "outcome_like", "expires_days", "description", "caveats", "owner_label",
)  # fmt: skip
# What a value means hangs on these: with another unit every stored number would say something else.
MEANING = {"unit": "unit", "direction": "direction", "portfolio_only": "level"}
CUSTOM_FROM = 1000  # places of the tenant's own KPIs, behind the catalogue
NAMES_MOST = 40  # spellings of one KPI


class CodeTaken(DomainError):
    """Another KPI has this code, or an address of the product does."""


class NameMeansAnother(DomainError):
    """The name or alias already means another KPI."""


class MeansValues(DomainError):
    """Unit, direction or level of a KPI whose values would then say something else."""


class InUse(DomainError):
    """Something that is live reads this KPI."""


@transaction.atomic
def create_kpi(*, name: str, by: Actor, at: datetime, code: str = "", aliases: Iterable[str] = (), **given: Any) -> Kpi:
    """Add a KPI of the tenant's own; it has no ranges yet, so it is not scored. `given` are fields of EDITABLE.

    code: made from the name when empty. An open unknown name of a file that it answers to is settled with it.
    Emits KpiCreated. Raises PermissionDenied, CodeTaken, NameMeansAnother, DomainError at its field.
    """
    require(by, rules.EDIT_CATALOGUE)
    take_lock("kpi catalogue")
    fields = _checked(Kpi(), {"name": name, **given})
    other = KpiAlias.objects.select_related("kpi").filter(normalised=normalise(fields["name"])).first()
    if other:
        raise NameMeansAnother(f"“{fields['name']}” already means {other.kpi}.", field="name")
    wanted = code.strip().lower() or _unused_code(fields["name"])
    _free_code(wanted)
    last = Kpi.objects.aggregate(last=Max("position"))["last"] or 0
    kpi = Kpi(code=wanted, custom=True, position=max(last + 1, CUSTOM_FROM), **fields)
    kpi.save(force_insert=True)
    record(KpiCreated(account_id=None, kpi=kpi.code), by=by)
    _answer_to(kpi, fields["name"], "name", by=by)
    _answer_to(kpi, kpi.code, "code", by=by)
    for alias in aliases:
        if alias.strip():
            _answer_to(kpi, alias, "aliases", by=by)
    _settle_waiting(kpi, by=by)
    return kpi


@transaction.atomic
def edit_kpi(*, code: str, expected_version: int, changes: Mapping[str, Any], by: Actor, at: datetime) -> Kpi:
    """Change what a KPI says of itself; `changes` holds only what the person changed.

    A new name is added to the names in files, the old one stays among them. Other limits have the values of a computed
    KPI computed anew, because they decide which of them can be. Emits KpiEdited with old and new values.
    Raises Kpi.DoesNotExist, PermissionDenied, Conflict when somebody else saved in the meantime, MeansValues,
    NameMeansAnother, InUse, DomainError at its field.
    """
    require(by, rules.EDIT_CATALOGUE)
    kpi = Kpi.objects.select_for_update(of=("self",)).get(code=code)
    if kpi.version != expected_version:
        raise Conflict("Somebody else changed this KPI since you opened it. Nothing of theirs was overwritten.")
    wanted = _checked(kpi, changes)
    fields = {name: value for name, value in wanted.items() if getattr(kpi, name) != value}
    if not fields:
        return kpi
    _keeps_its_meaning(kpi, fields)
    before = {name: _plain(getattr(kpi, name)) for name in fields}
    for name, value in fields.items():
        setattr(kpi, name, value)
    _fits_its_values(kpi, fields)
    kpi.version += 1
    kpi.save(update_fields=[*fields, "version"])
    if "name" in fields:
        _answer_to(kpi, kpi.name, "name", by=by)
    changed = {name: [before[name], _plain(value)] for name, value in fields.items()}
    record(KpiEdited(account_id=None, kpi=kpi.code, changes=changed), by=by)
    if fields.keys() & {"minimum", "maximum"}:
        compute_anew(kpi=kpi, by=by)
    return kpi


@transaction.atomic
def retire_kpi(*, code: str, by: Actor, restore: bool = False) -> Kpi:
    """Take a KPI out of use without losing anything, or bring it back. Its values, ranges and names stay.

    Emits KpiRetired. Raises Kpi.DoesNotExist, PermissionDenied, InUse while something live reads it.
    """
    require(by, rules.EDIT_CATALOGUE)
    kpi = Kpi.objects.select_for_update(of=("self",)).get(code=code)
    if kpi.active == restore:
        return kpi
    if not restore:
        _refuse_in_use(kpi, f"{kpi} cannot be retired", "Take it out there first.")
    kpi.active = restore
    kpi.version += 1
    kpi.save(update_fields=["active", "version"])
    record(KpiRetired(account_id=None, kpi=kpi.code, restored=restore), by=by)
    return kpi


@transaction.atomic
def add_alias(*, code: str, text: str, by: Actor) -> KpiAlias:
    """Let files call a KPI by one more name. Emits KpiAliasChanged; settles an unknown name that waits for it.

    Raises Kpi.DoesNotExist, PermissionDenied, NameMeansAnother, DomainError.
    """
    require(by, rules.EDIT_CATALOGUE)
    kpi = Kpi.objects.select_for_update(of=("self",)).get(code=code)
    if kpi.aliases.count() >= NAMES_MOST:
        raise DomainError(f"{NAMES_MOST} names are the most for one KPI.", field="text")
    if not text.strip():
        raise DomainError("Type the name as files write it.", field="text")
    known = KpiAlias.objects.filter(normalised=normalise(text), kpi=kpi).first()
    if known:
        raise DomainError(
            f"“{known.text}” is one of its names already; case and punctuation do not matter.", field="text"
        )
    alias = _answer_to(kpi, text, "text", by=by)
    record(KpiAliasChanged(account_id=None, kpi=kpi.code, alias=alias.text, added=True), by=by)
    _settle_waiting(kpi, by=by)
    return alias


@transaction.atomic
def remove_alias(*, code: str, alias_id: UUID, by: Actor) -> None:
    """Take a name away; files that use it are asked about it again. Emits KpiAliasChanged.

    Raises KpiAlias.DoesNotExist, PermissionDenied, DomainError for the KPI's own name and code.
    """
    require(by, rules.EDIT_CATALOGUE)
    alias = KpiAlias.objects.select_for_update(of=("self",)).select_related("kpi").get(pk=alias_id, kpi__code=code)
    kpi = alias.kpi
    if alias.normalised in (normalise(kpi.name), normalise(kpi.code)):
        raise DomainError("A KPI always answers to its own name and code.", field="text")
    alias.delete()
    UnknownKpi.objects.filter(normalised=alias.normalised, kpi=kpi).update(kpi=None, state=UnknownKpi.State.OPEN)
    record(KpiAliasChanged(account_id=None, kpi=kpi.code, alias=alias.text, added=False), by=by)


def _checked(kpi: Kpi, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given fields as they are stored. TypeError for a field that nobody may set, DomainError at a wrong one."""
    unknown = set(given) - set(EDITABLE)
    if unknown:
        raise TypeError(f"not fields of a KPI that may be set: {sorted(unknown)}")
    fields = {name: " ".join(value.split()) if name in ("name", "unit", "owner_label") else value
              for name, value in given.items()}  # fmt: skip
    if "name" in fields and not normalise(fields["name"]):
        raise DomainError("A KPI needs a name.", field="name")
    allowed: dict[str, list[Any]] = {
        "category": [category.code for category in CATEGORIES],
        "direction": list(Kpi.Direction.values),
        "cadence": ["week", "month", "quarter", "once"],
        "aggregation": ["last", "mean", "sum"],
        "weight": [0, 1, 2, 3],
    }
    for name, known in allowed.items():
        if name in fields and fields[name] not in known:
            raise DomainError("Choose one of these.", field=name)
    low = fields.get("minimum", kpi.minimum)
    high = fields.get("maximum", kpi.maximum)
    if low is not None and high is not None and low >= high:
        raise DomainError("The largest possible value has to lie above the smallest.", field="maximum")
    return fields


def _unused_code(name: str) -> str:
    """A code made from the name that no other KPI has and that is no address of ours."""
    code, number = code_of(name), 1
    taken = set(Kpi.objects.filter(code__startswith=code).values_list("code", flat=True)) | RESERVED
    while (wanted := code if number == 1 else f"{code}_{number}") in taken:
        number += 1
    return wanted


def _free_code(code: str) -> None:
    if not is_code(code):
        raise DomainError("A code is small letters, digits and underscores, and begins with a letter.", field="code")
    if code in RESERVED:
        raise CodeTaken(f"“{code}” is an address of the catalogue itself. Choose another code.", field="code")
    other = Kpi.objects.filter(code=code).first()
    if other:
        kept = "" if other.active else ", which is retired: bring it back instead, or choose another code"
        raise CodeTaken(f"“{code}” is the code of {other}{kept}.", field="code")


def _answer_to(kpi: Kpi, text: str, field: str, *, by: Actor) -> KpiAlias:
    """Make `text` one of the KPI's names. Raises NameMeansAnother with the name of the KPI that it means."""
    said = " ".join(text.split())
    key = normalise(said)
    if not key or len(said) > 200:
        raise DomainError("A name is 1 to 200 letters or digits.", field=field)
    alias = KpiAlias.objects.select_related("kpi").filter(normalised=key).first()
    if alias is None:
        try:
            with transaction.atomic():
                return KpiAlias.objects.create(kpi=kpi, text=said, normalised=key, confirmed_by=by.label)
        except IntegrityError:  # somebody gave the name away at this moment
            alias = KpiAlias.objects.select_related("kpi").get(normalised=key)
    if alias.kpi_id != kpi.pk:
        raise NameMeansAnother(f"“{said}” already means {alias.kpi}.", field=field)
    return alias


def _settle_waiting(kpi: Kpi, *, by: Actor) -> None:
    """Unknown names of files that the KPI answers to by now mean it; their rows can be taken in."""
    if kpi.portfolio_only:
        return
    names = kpi.aliases.values_list("normalised", flat=True)
    waiting = UnknownKpi.objects.filter(normalised__in=list(names)).exclude(state=UnknownKpi.State.NAMED)
    for unknown_id in list(waiting.values_list("pk", flat=True)):
        settle_unknown_kpi(unknown_id=unknown_id, kpi=kpi.code, by=by)


def _keeps_its_meaning(kpi: Kpi, fields: Mapping[str, Any]) -> None:
    changed = [name for name in MEANING if name in fields]
    if not changed:
        return
    name, word = changed[0], MEANING[changed[0]]
    count = KpiValue.objects.filter(kpi=kpi).count()
    if count:
        raise MeansValues(
            f"{kpi} has {count:,} stored value{'s' if count > 1 else ''}, which would mean something else with another "
            f"{word}. Make a new KPI and retire this one.",
            field=name,
        )
    if name != "unit" and kpi.ranges.filter(superseded_at=None).exists():
        raise MeansValues(f"Its ranges were made for this {word}. Take them back first.", field=name)
    if name == "portfolio_only":
        _refuse_in_use(kpi, "It cannot become a figure of the whole portfolio", "Take it out there first.", name)


def _fits_its_values(kpi: Kpi, fields: Mapping[str, Any]) -> None:
    """New limits leave no stored value and no range outside."""
    for name, beyond, words in (("minimum", "value__lt", "below"), ("maximum", "value__gt", "above")):
        limit = fields.get(name)
        if limit is None:
            continue
        outside = KpiValue.objects.current().filter(Q(kpi=kpi) & Q(**{beyond: limit})).count()
        if outside:
            raise DomainError(f"{outside:,} stored value{'s lie' if outside > 1 else ' lies'} {words} it.", field=name)
        ends = [Decimal(str(value)) for value, _ in kpi.anchors]
        if ends and (min(ends) < limit if name == "minimum" else max(ends) > limit):
            raise DomainError("The range in force reaches beyond it. Set a range within it first.", field=name)


def _refuse_in_use(kpi: Kpi, what: str, way_out: str, field: str | None = None) -> None:
    live = [use for use in uses_of(kpi.code) if use.live]
    if live:
        named = "; ".join(f"{use.kind}: {use.label}" for use in live[:4])
        more = f" and {len(live) - 4} more" if len(live) > 4 else ""
        raise InUse(f"{what} while it is used ({named}{more}). {way_out}", field=field)


def _plain(value: Any) -> Any:
    if not isinstance(value, Decimal):
        return value
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
