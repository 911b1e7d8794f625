from django.urls import path

from accounts import urls_teams, views
from accounts.views import activities, comments, contracts, custom, documents, duplicates, people, renewals, revenue, roles, segments, stakeholders, tasks

app_name = "accounts"
urlpatterns = [
    path("accounts/new/", views.new_account, name="new"),
    path("accounts/parents/", views.parent_options, name="parent-options"),
    path("accounts/import/", views.import_accounts, name="import"),
    path("accounts/import/bring/", views.bring_accounts, name="bring"),
    path("accounts/duplicates/", duplicates.duplicates, name="duplicates"),
    path("accounts/duplicates/<uuid:pair_id>/", duplicates.merge, name="merge"),
    path("accounts/duplicates/<uuid:pair_id>/decide/", duplicates.decide, name="decide-pair"),
    path("accounts/merges/<uuid:merge_id>/undo/", duplicates.undo, name="undo-merge"),
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
    path("accounts/<uuid:account_id>/panels/renewal/", renewals.panel, name="panel-renewal"),
    path("renewals/", renewals.renewals, name="renewals"),
    path("renewals/export/", renewals.export_renewals, name="renewals-export"),
    path("renewals/calendar/", renewals.calendar, name="renewal-calendar"),
    path("renewals/replay/", renewals.replay, name="renewal-replay"),
    path("renewals/<uuid:renewal_id>/", renewals.renewal, name="renewal"),
    path("renewals/<uuid:renewal_id>/close/", renewals.close, name="close-renewal"),
    path(
        "renewals/<uuid:renewal_id>/checkpoints/<uuid:checkpoint_id>/", renewals.decide, name="decide-checkpoint"
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
    path("accounts/<uuid:account_id>/tasks/", tasks.tasks_panel, name="panel-tasks"),
    path("accounts/<uuid:account_id>/comments/", comments.account_comments, name="panel-comments"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/<uuid:task_id>/", tasks.task, name="task"),
    *(
        path(f"tasks/<uuid:task_id>/{verb}/", tasks.task_step, {"verb": verb}, name=f"{verb}-task")
        for verb in ("done", "drop", "reopen")
    ),
    path("tasks/<uuid:task_id>/snooze/", tasks.snooze_task, name="snooze-task"),
    path("tasks/<uuid:task_id>/comments/", comments.task_comments, name="task-comments"),
    path("comments/<uuid:comment_id>/remove/", comments.remove_comment, name="remove-comment"),
    path("notices/", comments.notices, name="notices"),
    path("notices/read/", comments.read_notices, name="read-notices"),
    path("notices/<uuid:notice_id>/", comments.open_notice, name="open-notice"),
    *urls_teams.urlpatterns,
    path("segments/", segments.segment_list, name="segments"),
    path("segments/new/", segments.segment_new, name="segment-new"),
    path("segments/preview/", segments.segment_preview, name="segment-preview"),
    path("segments/<uuid:segment_id>/", segments.segment, name="segment"),
    path("segments/<uuid:segment_id>/edit/", segments.segment_edit, name="segment-edit"),
    path("accounts/<uuid:account_id>/documents/", documents.documents, name="documents"),
    path("accounts/<uuid:account_id>/documents/<uuid:document_id>/", documents.document_file, name="document-file"),
    path("accounts/<uuid:account_id>/documents/<uuid:document_id>/log/", documents.document_log, name="document-log"),
    path(
        "accounts/<uuid:account_id>/documents/<uuid:document_id>/remove/",
        documents.remove_document,
        name="remove-document",
    ),
    path(
        "accounts/<uuid:account_id>/documents/<uuid:document_id>/share/", documents.share_document, name="share-document"
    ),
    path("accounts/<uuid:account_id>/links/<uuid:link_id>/revoke/", documents.revoke_link, name="revoke-link"),
    path("shared/<str:token>/", documents.shared, name="shared"),
    path("shared/<str:token>/file/", documents.shared_file, name="shared-file"),
    path("search/", views.search, name="search"),
    path("live/", views.live, name="live"),
]
