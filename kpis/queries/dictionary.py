"""What this tenant's files may speak of: its KPIs by every spelling it knows, and its accounts by name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Exists, OuterRef

from accounts.models import Account
from core.actor import Actor
from kpis import catalogue
from kpis.catalogue.lookup import SUGGESTION_FLOOR, likeness_of
from kpis.models import Formula, Kpi, KpiAlias, UnknownKpi

NOTHING = object()


@dataclass
class Dictionary:
    """The tenant's KPIs for `kpis.workbook`; `by_name` is keyed by normalised spelling."""

    by_name: dict[str, Kpi]
    by_code: dict[str, Kpi]
    _seen: dict[str, Kpi | None] = field(default_factory=dict)

    def resolve(self, text: str, /) -> Kpi | None:
        """The KPI this spelling means here, exact after normalising; None for unknown and retired KPIs."""
        known = self._seen.get(text, NOTHING)
        if known is NOTHING:
            known = self._seen[text] = self.by_name.get(catalogue.normalise(text))
        return known  # type: ignore[return-value]

    def suggest(self, text: str, /) -> Iterator[tuple[Kpi, float]]:
        """Active KPIs with names like this one, best first, likeness 0..100; those made here by all their names."""
        best = {definition.code: likeness for definition, likeness in catalogue.suggest(text)}
        wanted = catalogue.normalise(text)
        for name, kpi in self.by_name.items():
            if kpi.custom and (likeness := round(likeness_of(wanted, name), 1)) >= SUGGESTION_FLOOR:
                best[kpi.code] = max(likeness, best.get(kpi.code, 0.0))
        known = [(self.by_code[code], likeness) for code, likeness in best.items() if code in self.by_code]
        yield from sorted(known, key=lambda one: (-one[1], one[0].code))[:3]


def dictionary() -> Dictionary:
    """This tenant's KPIs and spellings, in two queries."""
    computed = Formula.objects.filter(kpi=OuterRef("pk"), live=True)
    kpis = {kpi.pk: kpi for kpi in Kpi.objects.filter(active=True).annotate(computed=Exists(computed))}
    spellings = KpiAlias.objects.values_list("normalised", "kpi_id")
    return Dictionary(
        by_name={normalised: kpis[kpi_id] for normalised, kpi_id in spellings if kpi_id in kpis},
        by_code={kpi.code: kpi for kpi in kpis.values()},
    )


def importable_accounts(*, by: Actor) -> dict[str, UUID]:
    """Exact name -> id of the accounts a file of `by` may fill: visible to them, not archived, not sample.

    To a person who sees their own accounts only, a colleague's account does not exist: its rows are held like
    those of a misspelt name, and the answer does not tell the two apart.
    """
    found = Account.objects.visible_to(by).active().filter(sample=False)
    return dict(found.values_list("name", "id"))


def sample_names() -> frozenset[str]:
    """Names of the openly synthetic accounts, which no file may fill."""
    return frozenset(Account.objects.active().filter(sample=True).values_list("name", flat=True))


def ignored_names() -> frozenset[str]:
    """Normalised KPI names that somebody said are to be ignored."""
    ignored = UnknownKpi.objects.filter(state=UnknownKpi.State.IGNORED)
    return frozenset(ignored.values_list("normalised", flat=True))
