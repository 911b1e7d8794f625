from kpis.serializers.catalogue import KpiOut, UnknownKpiOut, UnknownKpiSettlement
from kpis.serializers.inbox import InboxFileOut, InboxSourceOut, SourceIn
from kpis.serializers.quality import CellPageOut, CellQuery, DecideIn, QualityOut, SuggestionOut
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
    "CellPageOut",
    "CellQuery",
    "CompareQuery",
    "DecideIn",
    "DifferencePageOut",
    "InboxFileOut",
    "KpiOut",
    "QualityOut",
    "RollbackEffectOut",
    "RollbackReason",
    "SourceIn",
    "InboxSourceOut",
    "SuggestionOut",
    "UnknownKpiOut",
    "UnknownKpiSettlement",
    "UploadAnswers",
    "UploadInput",
    "UploadIssueOut",
    "UploadOut",
    "UploadRow",
]
