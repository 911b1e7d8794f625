from django.urls import path

from analytics import views

app_name = "analytics"
urlpatterns = [
    path("reports/", views.reports, name="reports"),
    path("reports/<uuid:report_id>/", views.report, name="report"),
    path("reports/<uuid:report_id>/download/", views.download_report, name="download"),
    path("accounts/<uuid:account_id>/report/", views.create_report, name="create"),
    path("accounts/<uuid:account_id>/panels/reports/", views.panel, name="panel"),
]
