from kpis.serializers.catalogue import KpiOut, UnknownKpiOut, UnknownKpiSettlement
from kpis.serializers.uploads import (
    AccountDecisions,
    UploadAnswers,
    UploadInput,
    UploadIssueOut,
    UploadOut,
    UploadRow,
)

__all__ = [
    "AccountDecisions",
    "KpiOut",
    "UnknownKpiOut",
    "UnknownKpiSettlement",
    "UploadAnswers",
    "UploadInput",
    "UploadIssueOut",
    "UploadOut",
    "UploadRow",
]
