from kpis.api.catalogue import Kpis, UnknownKpis
from kpis.api.health import AccountEvidence, AccountHealth, Health, SampleData
from kpis.api.uploads import Uploads
from kpis.api.values import KpiValues

__all__ = [
    "AccountEvidence",
    "AccountHealth",
    "Health",
    "KpiValues",
    "Kpis",
    "SampleData",
    "UnknownKpis",
    "Uploads",
]
