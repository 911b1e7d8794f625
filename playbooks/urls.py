from django.urls import path

from playbooks import views

app_name = "playbooks"
urlpatterns = [
    path("", views.today, name="today"),
    path("steps/<uuid:step_id>/complete/", views.complete_step, name="complete-step"),
    path("steps/<uuid:step_id>/reopen/", views.reopen_step, name="reopen-step"),
    path("steps/<uuid:step_id>/decide/", views.decide_step, name="decide-step"),
    path("steps/<uuid:step_id>/resume/", views.resume_step, name="resume-step"),
    path("playbooks/failed/", views.failed, name="failed"),
    path("runs/", views.runs, name="runs"),
    path("runs/<uuid:run_id>/", views.run, name="run"),
    path("runs/<uuid:run_id>/stop/", views.stop_run, name="stop-run"),
    path("runs/<uuid:run_id>/effect/", views.run_effect, name="run-effect"),
    path("playbooks/triggers/<uuid:trigger_id>/replay/", views.trigger_replay, name="trigger-replay"),
    path("playbooks/<slug:code>/effect/", views.effect, name="effect"),
    path("playbooks/<slug:code>/effect/state/", views.effect_state, name="effect-state"),
    path("playbooks/<slug:code>/effect/cancel/", views.effect_cancel, name="effect-cancel"),
    path("playbooks/", views.playbooks, name="playbooks"),
    path("playbooks/triggers/<uuid:trigger_id>/", views.set_trigger, name="set-trigger"),
    path("accounts/<uuid:account_id>/start-playbook/", views.start_run, name="start-run"),
    path("accounts/<uuid:account_id>/panels/playbooks/", views.panel, name="panel"),
]
