from kpis.models.catalogue import Kpi, KpiAlias, Scorecard, UnknownKpi
from kpis.models.health import AccountHealth, Band, HealthScore
from kpis.models.uploads import Upload, UploadIssue
from kpis.models.values import KpiValue

__all__ = [
    "AccountHealth",
    "Band",
    "HealthScore",
    "Kpi",
    "KpiAlias",
    "KpiValue",
    "Scorecard",
    "UnknownKpi",
    "Upload",
    "UploadIssue",
]
