from django.urls import path

from kpis import views
from kpis.views import bulk, goals, kpi_form, metrics, ranges, saved_views

app_name = "kpis"

uploads = [
    path("uploads/", views.upload_list, name="uploads"),
    path("uploads/inbox/", views.inbox_page, name="inbox"),
    path("uploads/templates/<slug:layout>.xlsx", views.starter, name="starter"),
    path("uploads/<uuid:upload_id>/", views.upload, name="upload"),
    path("uploads/<uuid:upload_id>/answers/", views.answer, name="upload-answers"),
    path("uploads/<uuid:upload_id>/accounts/", views.settle_accounts, name="upload-accounts"),
    path("uploads/<uuid:upload_id>/commit/", views.commit, name="upload-commit"),
    path("uploads/<uuid:upload_id>/cancel/", views.cancel, name="upload-cancel"),
    path("uploads/<uuid:upload_id>/held.xlsx", views.held, name="upload-held"),
    path("uploads/<uuid:upload_id>/take-in/", views.take_in, name="upload-take-in"),
    path("uploads/<uuid:upload_id>/file/", views.original, name="upload-file"),
    path("uploads/<uuid:upload_id>/compare/", views.compare, name="upload-compare"),
    path("uploads/<uuid:upload_id>/compare/export.csv", views.compare_export, name="upload-compare-export"),
    path("uploads/<uuid:upload_id>/roll-back/", views.roll_back, name="upload-roll-back"),
    path("uploads/<uuid:upload_id>/import-again/", views.import_again, name="upload-import-again"),
]
quality = [
    path("data-quality/", views.data_quality, name="data-quality"),
    path("data-quality/list/", views.quality_list, name="quality-list"),
    path("data-quality/contradictions/", views.contradictions, name="contradictions"),
    path("data-quality/suggestions/", views.suggestion_list, name="suggestions"),
]
catalogue = [
    path("kpis/", views.kpi_list, name="catalogue"),
    path("kpis/confirm/", views.confirm, name="catalogue-confirm"),
    path("kpis/unknown/", views.unknown, name="unknown"),
    path("kpis/unknown/<uuid:unknown_id>/", views.settle, name="unknown-settle"),
    path("kpis/unknown/<uuid:unknown_id>/take-in/", views.take_in_named, name="unknown-take-in"),
    path("kpis/new/", kpi_form.new_kpi, name="kpi-new"),
    path("kpis/ranges/import/", ranges.range_import, name="range-import"),
    path("kpis/<slug:code>/", views.kpi, name="kpi"),
    path("kpis/<slug:code>/edit/", kpi_form.kpi_edit, name="kpi-edit"),
    path("kpis/<slug:code>/retire/", kpi_form.kpi_retire, name="kpi-retire"),
    path("kpis/<slug:code>/names/", kpi_form.alias_add, name="alias-add"),
    path("kpis/<slug:code>/names/<uuid:alias_id>/remove/", kpi_form.alias_remove, name="alias-remove"),
    path("kpis/<slug:code>/ranges/new/", ranges.range_new, name="range-new"),
    path("kpis/<slug:code>/ranges/preview/", ranges.range_preview, name="range-preview"),
    path("kpis/<slug:code>/ranges/<uuid:range_id>/withdraw/", ranges.range_withdraw, name="range-withdraw"),
    path("kpis/<slug:code>/benchmarks/", goals.benchmark_add, name="benchmark-add"),
    path("kpis/<slug:code>/benchmarks/<uuid:benchmark_id>/remove/", goals.benchmark_remove, name="benchmark-remove"),
    path("metrics/", metrics.metric_list, name="metrics"),
    path("metrics/<slug:slug>/", metrics.metric, name="metric"),
    path("accounts/<uuid:account_id>/standing/<slug:code>/", goals.standing, name="standing"),
    path("accounts/<uuid:account_id>/standing/<slug:code>/<uuid:target_id>/end/", goals.target_end, name="target-end"),
]
portfolio = [
    path("accounts/", views.portfolio, name="portfolio"),
    path("accounts/filter/", views.portfolio_filter, name="portfolio-filter"),
    path("accounts/condition/", views.condition_check, name="condition-check"),
    path("accounts/condition/fields/", views.condition_fields, name="condition-fields"),
    path("accounts/export.csv", views.portfolio_export, name="portfolio-export"),
    path("accounts/export.xlsx", views.portfolio_workbook, name="portfolio-workbook"),
    path("accounts/columns/", saved_views.portfolio_columns, name="portfolio-columns"),
    path("accounts/columns/keep/", saved_views.portfolio_columns_keep, name="portfolio-columns-keep"),
    path("accounts/bulk/", bulk.bulk_edit, name="bulk-edit"),
    path("accounts/bulk/<uuid:change_id>/", bulk.bulk_change, name="bulk-change"),
    path("accounts/bulk/<uuid:change_id>/stop/", bulk.bulk_stop, name="bulk-stop"),
    path("accounts/bulk/<uuid:change_id>/undo/", bulk.bulk_undo, name="bulk-undo"),
    path("accounts/views/", saved_views.view_list, name="views"),
    path("accounts/views/save/", saved_views.view_save, name="view-save"),
    path("accounts/views/<uuid:view_id>/", saved_views.view_edit, name="view-edit"),
    path("accounts/views/<uuid:view_id>/look/", saved_views.view_look, name="view-look"),
    path("accounts/views/<uuid:view_id>/remove/", saved_views.view_remove, name="view-remove"),
    path("accounts/views/<uuid:view_id>/restore/", saved_views.view_restore, name="view-restore"),
    path("accounts/<uuid:account_id>/evidence/", views.evidence, name="evidence"),
    path("accounts/<uuid:account_id>/history/", views.history, name="history"),
    path("accounts/<uuid:account_id>/panels/health/", views.panel_health, name="panel-health"),
    path("accounts/<uuid:account_id>/panels/why/", views.panel_why, name="panel-why"),
    path("accounts/<uuid:account_id>/panels/measures/", views.panel_measures, name="panel-measures"),
    path("accounts/<uuid:account_id>/panels/data/", views.panel_data, name="panel-data"),
    path("accounts/<uuid:account_id>/panels/family/", views.panel_family, name="panel-family"),
    path("accounts/<uuid:account_id>/panels/exceptions/", views.panel_exceptions, name="panel-exceptions"),
    path("accounts/<uuid:account_id>/exceptions/", views.set_exception, name="exception-set"),
    path(
        "accounts/<uuid:account_id>/exceptions/<uuid:exception_id>/withdraw/",
        views.withdraw_exception,
        name="exception-withdraw",
    ),
    path(
        "accounts/<uuid:account_id>/exceptions/<uuid:exception_id>/restore/",
        views.restore_exception,
        name="exception-restore",
    ),
    path("sample-data/add/", views.sample_add, name="sample-add"),
    path("sample-data/remove/", views.sample_remove, name="sample-remove"),
]
grid = [
    path("accounts/<uuid:account_id>/values/<uuid:value_id>/", views.value_lineage, name="lineage"),
    path("accounts/<uuid:account_id>/grid/", views.grid, name="grid"),
    path("accounts/<uuid:account_id>/grid/paste/", views.grid_paste, name="grid-paste"),
    path("accounts/<uuid:account_id>/grid/paste/<slug:name>/undo/", views.undo_paste, name="undo-paste"),
    path("accounts/<uuid:account_id>/grid/undo/<uuid:value_id>/", views.undo_correction, name="undo-correction"),
    path("accounts/<uuid:account_id>/grid/<slug:code>/<slug:month>/", views.grid_cell, name="grid-cell"),
]
scorecards = [
    path("scorecards/", views.scorecard_list, name="scorecards"),
    path("scorecards/new/", views.scorecard_new, name="scorecard-new"),
    path("scorecards/review/", views.scorecard_reviews, name="scorecard-reviews"),
    path("scorecards/compare/", views.scorecard_compare, name="scorecard-compare"),
    path("scorecards/<uuid:scorecard_id>/", views.scorecard, name="scorecard"),
    path("scorecards/<uuid:scorecard_id>/rule/", views.scorecard_rule, name="scorecard-rule"),
    path("scorecards/<uuid:scorecard_id>/draft/", views.scorecard_draft, name="scorecard-draft"),
    path("scorecards/<uuid:scorecard_id>/archive/", views.scorecard_archive, name="scorecard-archive"),
    path("scorecards/versions/<uuid:version_id>/", views.scorecard_version, name="scorecard-version"),
    path("scorecards/versions/<uuid:version_id>/back-test/", views.back_test, name="back-test"),
    path("scorecards/versions/<uuid:version_id>/back-test/state/", views.back_test_state, name="back-test-state"),
    path("scorecards/versions/<uuid:version_id>/back-test/cancel/", views.back_test_cancel, name="back-test-cancel"),
    path("scorecards/versions/<uuid:version_id>/merge/", views.scorecard_merge, name="scorecard-merge"),
    path("scorecards/versions/<uuid:version_id>/roll-back/", views.scorecard_roll_back, name="scorecard-roll-back"),
    path("scorecards/versions/<uuid:version_id>/step/<slug:step>/", views.scorecard_step, name="scorecard-step"),
]
scorecard_editor = [
    path("scorecards/versions/<uuid:version_id>/edit/", views.scorecard_edit, name="scorecard-edit"),
    path("scorecards/versions/<uuid:version_id>/effect/", views.scorecard_effect, name="scorecard-effect"),
]
formulas = [
    path("kpis/<slug:code>/formula/", views.formula, name="formula"),
    path("kpis/<slug:code>/formula/check/", views.formula_check, name="formula-check"),
    path("kpis/<slug:code>/formula/retire/", views.formula_retire, name="formula-retire"),
]
indicators = [
    path("indicators/", views.indicator_list, name="indicators"),
    path("indicators/rules/new/", views.indicator_rule_new, name="indicator-rule-new"),
    path("indicators/rules/preview/", views.indicator_rule_preview, name="indicator-rule-preview"),
    path("indicators/rules/<uuid:rule_id>/", views.indicator_rule, name="indicator-rule"),
    path("indicators/rules/<uuid:rule_id>/switch/", views.indicator_rule_switch, name="indicator-rule-switch"),
    path("accounts/<uuid:account_id>/panels/indicators/", views.panel_indicators, name="panel-indicators"),
]
urlpatterns = [
    *formulas,
    *indicators,
    *scorecard_editor,
    *scorecards,
    *uploads,
    *quality,
    *catalogue,
    *portfolio,
    *grid,
]
