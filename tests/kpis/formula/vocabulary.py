"""What the formulas of these tests may speak of."""

from kpis.catalogue import DEFINITIONS
from kpis.formula import KpiName, Names

OWN_KPIS = (
    KpiName("licence_cost", "Licence cost", "EUR"),
    KpiName("cloud_cost", "Cloud cost", "USD"),
    KpiName("waiting_time", "Waiting time", "days"),
)
NAMES = Names(
    [
        *(
            KpiName(one.code, one.name, one.unit, one.outcome_like, one.level == "portfolio", one.aliases)
            for one in DEFINITIONS
        ),
        *OWN_KPIS,
    ]
)
