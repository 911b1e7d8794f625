"""What the checker of scorecards needs to know of every KPI."""

from collections import defaultdict

from kpis.catalogue import BY_NUMBER
from kpis.models import Formula, Kpi, KpiAlias
from kpis.scoring.findings import KpiFacts

# Composites of the catalogue: shown, and never weighted beside their parts. By catalogue number.
COMPOSITES = {26: (13, 15, 16, 17)}
_PARTS = {BY_NUMBER[whole].code: tuple(BY_NUMBER[part].code for part in parts) for whole, parts in COMPOSITES.items()}


def kpi_facts() -> dict[str, KpiFacts]:
    """Every KPI of this workspace by code, retired ones included. Three queries."""
    aliases: dict[str, list[str]] = defaultdict(list)
    for code, text in KpiAlias.objects.values_list("kpi__code", "text"):
        aliases[code].append(text)
    inputs = dict(Formula.objects.filter(live=True).values_list("kpi__code", "inputs"))
    return {
        kpi.code: KpiFacts(
            code=kpi.code,
            name=kpi.name,
            category=kpi.category,
            unit=kpi.unit,
            direction=kpi.direction,
            minimum=kpi.minimum,
            maximum=kpi.maximum,
            outcome_like=kpi.outcome_like,
            portfolio_only=kpi.portfolio_only,
            template_only=kpi.template_only,
            active=kpi.active,
            inputs=tuple(str(one) for one in inputs.get(kpi.code, ())) or _PARTS.get(kpi.code, ()),
            aliases=tuple(aliases[kpi.code]),
        )
        for kpi in Kpi.objects.all()
    }
