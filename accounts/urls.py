from django.urls import path

from accounts import views
from accounts.views import activities, contracts, custom, people, revenue, roles, stakeholders

app_name = "accounts"
urlpatterns = [
    path("accounts/new/", views.new_account, name="new"),
    path("accounts/parents/", views.parent_options, name="parent-options"),
    path("accounts/import/", views.import_accounts, name="import"),
    path("accounts/import/bring/", views.bring_accounts, name="bring"),
    path("accounts/<uuid:account_id>/", views.account, name="account"),
    path("accounts/<uuid:account_id>/edit/", views.edit_account, name="edit"),
    path("accounts/<uuid:account_id>/archive/", views.archive_account, name="archive"),
    path("accounts/<uuid:account_id>/panels/timeline/", activities.timeline_panel, name="panel-timeline"),
    path("accounts/<uuid:account_id>/outcomes/", views.outcomes, name="outcomes"),
    path(
        "accounts/<uuid:account_id>/outcomes/<uuid:outcome_id>/withdraw/",
        views.withdraw_outcome,
        name="withdraw-outcome",
    ),
    path("accounts/<uuid:account_id>/panels/money/", contracts.money_panel, name="panel-money"),
    path("accounts/<uuid:account_id>/contracts/", contracts.contracts, name="contracts"),
    path("accounts/<uuid:account_id>/contracts/new/", contracts.new_contract, name="new-contract"),
    path(
        "accounts/<uuid:account_id>/contracts/<uuid:contract_id>/edit/", contracts.edit_contract, name="edit-contract"
    ),
    path("accounts/<uuid:account_id>/contracts/<uuid:contract_id>/lines/", contracts.new_line, name="new-line"),
    path("accounts/<uuid:account_id>/lines/<uuid:line_id>/", contracts.edit_line, name="edit-line"),
    *(
        path(
            f"accounts/<uuid:account_id>/contracts/<uuid:contract_id>/{verb}/",
            contracts.contract_step,
            {"verb": verb},
            name=f"{verb}-contract",
        )
        for verb in ("activate", "cancel", "end", "renew", "unpaid", "paid")
    ),
    path("revenue/", revenue.revenue, name="revenue"),
    path("revenue/conventions/", revenue.revenue_gap, name="revenue-gap"),
    path("revenue/movements/", revenue.revenue_movements, name="revenue-movements"),
    path("revenue/rates/", revenue.add_rate, name="revenue-rates"),
    path("accounts/<uuid:account_id>/activities/", activities.record_activity, name="activities"),
    path("accounts/<uuid:account_id>/activities/<uuid:activity_id>/", activities.edit_activity, name="activity"),
    path(
        "accounts/<uuid:account_id>/activities/<uuid:activity_id>/remove/",
        activities.remove_activity,
        name="remove-activity",
    ),
    path("accounts/<uuid:account_id>/activities/<uuid:activity_id>/undo/", activities.undo_edit, name="undo-activity"),
    path("accounts/<uuid:account_id>/people/", stakeholders.people, name="people"),
    path("accounts/<uuid:account_id>/panels/people/", stakeholders.people_panel, name="panel-people"),
    path("contacts/", people.contact_list, name="contacts"),
    path("contacts/new/", people.new_contact, name="new-contact"),
    path("contacts/accounts/", roles.account_options, name="account-options"),
    path("contacts/<uuid:contact_id>/", people.contact, name="contact"),
    path("contacts/<uuid:contact_id>/edit/", people.edit_contact, name="edit-contact"),
    path("contacts/<uuid:contact_id>/archive/", people.archive_contact, name="archive-contact"),
    path("contacts/<uuid:contact_id>/move/", roles.move_contact, name="move-contact"),
    path("contacts/<uuid:contact_id>/roles/new/", roles.new_role, name="new-role"),
    path("contacts/<uuid:contact_id>/roles/<uuid:role_id>/edit/", roles.edit_role, name="edit-role"),
    path("contacts/<uuid:contact_id>/roles/<uuid:role_id>/end/", roles.end_role, name="end-role"),
    path("settings/fields/", custom.fields, name="fields"),
    path("settings/fields/new/", custom.new_field, name="new-field"),
    path("settings/fields/<uuid:field_id>/", custom.edit_field, name="field"),
    path("settings/fields/<uuid:field_id>/move/", custom.shift_field, name="move-field"),
    path("settings/fields/<uuid:field_id>/retire/", custom.drop_field, name="retire-field"),
    path("search/", views.search, name="search"),
    path("live/", views.live, name="live"),
]
