from django.urls import path

from accounts.views import deleted, objects, past_records, records

urlpatterns = [
    path("settings/objects/", objects.objects, name="objects"),
    path("settings/objects/new/", objects.new_object, name="new-object"),
    path("settings/objects/<uuid:object_id>/", objects.edit_object, name="object"),
    path("settings/objects/<uuid:object_id>/retire/", objects.drop_object, name="retire-object"),
    path("objects/", records.index, name="record-index"),
    path("objects/<slug:code>/", records.record_list, name="records"),
    path("objects/<slug:code>/export/", records.records_export, name="records-export"),
    path("objects/<slug:code>/new/", records.new_record, name="new-record"),
    path("objects/<slug:code>/<uuid:record_id>/", records.record, name="record"),
    path("objects/<slug:code>/<uuid:record_id>/edit/", records.edit_record_page, name="edit-record"),
    path("objects/<slug:code>/<uuid:record_id>/delete/", records.delete_record, name="delete-record"),
    path("deleted/", deleted.deleted, name="deleted"),
    path("deleted/<slug:kind>/<uuid:row_id>/restore/", deleted.restore, name="restore"),
    path("as-of/<slug:kind>/<uuid:record_id>/", past_records.past, name="past"),
    path("accounts/<uuid:account_id>/panels/records/", records.records_panel, name="panel-records"),
]
