from kpis.api.back_tests import BackTests
from kpis.api.catalogue import Kpis, UnknownKpis
from kpis.api.exceptions import AccountExceptions, AccountScorecard
from kpis.api.family import AccountRollUp
from kpis.api.formulas import Formulas
from kpis.api.health import AccountEvidence, AccountHealth, Health, SampleData
from kpis.api.history import AccountHistory, AccountMoves, AccountScores
from kpis.api.inbox import Inbox
from kpis.api.indicators import IndicatorRules, Indicators
from kpis.api.preview import ScorecardPreview
from kpis.api.quality import DataQuality, Suggestions
from kpis.api.scorecards import Scorecards, ScorecardVersions
from kpis.api.uploads import Uploads
from kpis.api.values import KpiValues

__all__ = [
    "AccountEvidence",
    "AccountExceptions",
    "AccountHealth",
    "AccountHistory",
    "AccountMoves",
    "AccountRollUp",
    "AccountScorecard",
    "AccountScores",
    "BackTests",
    "DataQuality",
    "Formulas",
    "Health",
    "Inbox",
    "IndicatorRules",
    "Indicators",
    "KpiValues",
    "Kpis",
    "SampleData",
    "ScorecardPreview",
    "ScorecardVersions",
    "Scorecards",
    "Suggestions",
    "UnknownKpis",
    "Uploads",
]
