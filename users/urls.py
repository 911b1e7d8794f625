from django.urls import path

from users.views import doors, people, profile, roles, tokens, trail

app_name = "users"
urlpatterns = [
    path("enter/", doors.enter, name="enter"),
    path("join/<str:token>/", doors.join, name="join"),
    path("settings/", profile.profile, name="settings"),
    path("settings/workspace/", profile.workspace, name="workspace"),
    path("settings/people/", people.people, name="people"),
    path("settings/people/invite/", people.invite, name="invite"),
    path("settings/people/<uuid:user_id>/", people.person, name="person"),
    path("settings/people/<uuid:user_id>/role/", people.change_role, name="change-role"),
    path("settings/people/<uuid:user_id>/deactivate/", people.change_state, {"verb": "deactivate"}, name="deactivate"),
    path("settings/people/<uuid:user_id>/reactivate/", people.change_state, {"verb": "reactivate"}, name="reactivate"),
    path("settings/people/<uuid:user_id>/invite/", people.change_state, {"verb": "invite-again"}, name="invite-again"),
    path("settings/roles/", roles.roles, name="roles"),
    path("settings/roles/<uuid:role_id>/restore/", roles.restore, name="restore-role"),
    path("settings/tokens/", tokens.tokens, name="tokens"),
    path("settings/tokens/<uuid:token_id>/revoke/", tokens.revoke, name="revoke-token"),
    path("settings/trail/", trail.entries, name="trail"),
    path("settings/trail/check/", trail.verify, name="verify-trail"),
]
