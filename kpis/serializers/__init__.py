from kpis.serializers.catalogue import KpiOut, UnknownKpiOut, UnknownKpiSettlement
from kpis.serializers.inbox import InboxFileOut, SourceIn, SourceOut
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
    "InboxFileOut",
    "KpiOut",
    "SourceIn",
    "SourceOut",
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
