from django.urls import path

from accounts.views import assignment, feed, teams

urlpatterns = [
    path("settings/teams/", teams.teams, name="teams"),
    path("settings/teams/<uuid:team_id>/", teams.team, name="team"),
    path("settings/teams/<uuid:team_id>/member/", teams.team_member, name="team-member"),
    path("settings/teams/<uuid:team_id>/archive/", teams.archive_team, name="archive-team"),
    path("settings/assignment/", assignment.assignment_rules, name="assignment"),
    path("settings/assignment/run/", assignment.run_rules, name="run-assignment"),
    path("settings/assignment/new/", assignment.rule, name="new-assignment-rule"),
    path("settings/assignment/<uuid:rule_id>/", assignment.rule, name="assignment-rule"),
    path("settings/assignment/<uuid:rule_id>/switch/", assignment.switch_rule, name="switch-assignment-rule"),
    path("settings/hand-over/<uuid:user_id>/", teams.hand_over, name="hand-over"),
    path("feed/", feed.feed, name="feed"),
    path("queue/", assignment.queue, name="queue"),
    path("queue/<uuid:team_id>/next/", assignment.take_next, name="take-next"),
    path("accounts/<uuid:account_id>/panels/owner/", assignment.owner_panel, name="panel-owner"),
]
