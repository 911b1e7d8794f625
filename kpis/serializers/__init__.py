from kpis.serializers.catalogue import KpiOut, UnknownKpiOut, UnknownKpiSettlement
from kpis.serializers.uploads import (
    AccountDecisions,
    CompareQuery,
    DifferencePageOut,
    RollbackEffectOut,
    RollbackReason,
    UploadAnswers,
    UploadInput,
    UploadIssueOut,
    UploadOut,
    UploadRow,
)

__all__ = [
    "AccountDecisions",
    "CompareQuery",
    "DifferencePageOut",
    "KpiOut",
    "UnknownKpiOut",
    "UnknownKpiSettlement",
    "RollbackEffectOut",
    "RollbackReason",
    "UploadAnswers",
    "UploadInput",
    "UploadIssueOut",
    "UploadOut",
    "UploadRow",
]
