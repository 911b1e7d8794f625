from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("accounts/new/", views.new_account, name="new"),
    path("accounts/parents/", views.parent_options, name="parent-options"),
    path("accounts/import/", views.import_accounts, name="import"),
    path("accounts/import/bring/", views.bring_accounts, name="bring"),
    path("accounts/<uuid:account_id>/", views.account, name="account"),
    path("accounts/<uuid:account_id>/edit/", views.edit_account, name="edit"),
    path("accounts/<uuid:account_id>/archive/", views.archive_account, name="archive"),
    path("accounts/<uuid:account_id>/panels/timeline/", views.timeline_panel, name="panel-timeline"),
    path("accounts/<uuid:account_id>/outcomes/", views.outcomes, name="outcomes"),
    path(
        "accounts/<uuid:account_id>/outcomes/<uuid:outcome_id>/withdraw/",
        views.withdraw_outcome,
        name="withdraw-outcome",
    ),
    path("search/", views.search, name="search"),
    path("live/", views.live, name="live"),
]
