from kpis.views.back_tests import back_test, back_test_cancel, back_test_state
from kpis.views.catalogue import confirm, kpi, kpi_list, settle, take_in_named, unknown
from kpis.views.evidence import evidence
from kpis.views.exceptions import panel as panel_exceptions
from kpis.views.exceptions import restore_exception, set_exception, withdraw_exception
from kpis.views.family import panel as panel_family
from kpis.views.formulas import formula, formula_check, formula_retire
from kpis.views.grid import grid, grid_cell, undo_correction
from kpis.views.grid_paste import grid_paste, undo_paste
from kpis.views.history import history
from kpis.views.inbox import inbox_page
from kpis.views.indicators import indicator_list
from kpis.views.indicators import panel as panel_indicators
from kpis.views.indicators import rule_edit as indicator_rule
from kpis.views.indicators import rule_new as indicator_rule_new
from kpis.views.indicators import rule_preview as indicator_rule_preview
from kpis.views.indicators import rule_switch as indicator_rule_switch
from kpis.views.lineage import value_lineage
from kpis.views.panels import data as panel_data
from kpis.views.panels import health as panel_health
from kpis.views.panels import measures as panel_measures
from kpis.views.panels import why as panel_why
from kpis.views.portfolio import portfolio
from kpis.views.portfolio_export import portfolio_export, portfolio_workbook
from kpis.views.portfolio_filter import condition_check, condition_fields, portfolio_filter
from kpis.views.quality import contradictions, data_quality, quality_list, suggestion_list
from kpis.views.sample import sample_add, sample_remove
from kpis.views.scorecard_editor import scorecard_edit
from kpis.views.scorecard_effect import scorecard_effect
from kpis.views.scorecard_versions import (
    scorecard_compare,
    scorecard_merge,
    scorecard_roll_back,
    scorecard_step,
    scorecard_version,
)
from kpis.views.scorecards import (
    scorecard,
    scorecard_archive,
    scorecard_draft,
    scorecard_list,
    scorecard_new,
    scorecard_reviews,
    scorecard_rule,
)
from kpis.views.upload_history import compare, compare_export, import_again, roll_back
from kpis.views.uploads import (
    answer,
    cancel,
    commit,
    held,
    original,
    settle_accounts,
    starter,
    take_in,
    upload,
    upload_list,
)

__all__ = [
    "answer",
    "back_test",
    "back_test_cancel",
    "back_test_state",
    "cancel",
    "commit",
    "compare",
    "compare_export",
    "confirm",
    "contradictions",
    "data_quality",
    "evidence",
    "formula",
    "formula_check",
    "formula_retire",
    "grid",
    "grid_cell",
    "grid_paste",
    "held",
    "history",
    "import_again",
    "inbox_page",
    "indicator_list",
    "indicator_rule",
    "indicator_rule_new",
    "indicator_rule_preview",
    "indicator_rule_switch",
    "kpi",
    "kpi_list",
    "original",
    "panel_data",
    "panel_exceptions",
    "panel_family",
    "panel_health",
    "panel_indicators",
    "panel_measures",
    "panel_why",
    "condition_check",
    "condition_fields",
    "portfolio",
    "portfolio_export",
    "portfolio_workbook",
    "portfolio_filter",
    "quality_list",
    "restore_exception",
    "roll_back",
    "sample_add",
    "sample_remove",
    "scorecard",
    "scorecard_archive",
    "scorecard_compare",
    "scorecard_draft",
    "scorecard_edit",
    "scorecard_effect",
    "scorecard_list",
    "scorecard_merge",
    "scorecard_new",
    "scorecard_reviews",
    "scorecard_roll_back",
    "scorecard_rule",
    "scorecard_step",
    "scorecard_version",
    "set_exception",
    "settle",
    "settle_accounts",
    "starter",
    "suggestion_list",
    "take_in",
    "take_in_named",
    "undo_correction",
    "undo_paste",
    "unknown",
    "upload",
    "upload_list",
    "value_lineage",
    "withdraw_exception",
]
