from kpis.models.catalogue import Kpi, KpiAlias, ReferenceRange, UnknownKpi
from kpis.models.formulas import Formula
from kpis.models.goals import Benchmark, Target
from kpis.models.health import AccountHealth, Band, HealthScore, RollUp, ScoreException
from kpis.models.indicators import Indicator, IndicatorRule
from kpis.models.quality import QualityReport, Suggestion
from kpis.models.scorecards import BackTest, Scorecard, ScorecardVersion
from kpis.models.sources import InboxFile, InboxLook, RepeatedCell, Source
from kpis.models.uploads import Upload, UploadIssue
from kpis.models.values import KpiValue

__all__ = [
    "AccountHealth",
    "BackTest",
    "Band",
    "Benchmark",
    "Formula",
    "HealthScore",
    "InboxFile",
    "InboxLook",
    "Indicator",
    "IndicatorRule",
    "Kpi",
    "KpiAlias",
    "KpiValue",
    "QualityReport",
    "ReferenceRange",
    "RepeatedCell",
    "RollUp",
    "ScoreException",
    "Scorecard",
    "ScorecardVersion",
    "Source",
    "Suggestion",
    "Target",
    "UnknownKpi",
    "Upload",
    "UploadIssue",
]
