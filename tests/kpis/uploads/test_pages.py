"""The pages of uploads and the catalogue: what they say, whom they let in, what they cost."""
import pytest
from django.urls import reverse
from kpis.models import Upload
from tests.kpis.uploads.conftest import bring, commit, long_csv
from tests.world import World

def test_all_pages_open(catalogue: World) -> None:
    by = catalogue.amy.as_actor()
    rows = [("Initech", "Seat use", "2026-09", "61", "%"), ("Initec", "Seat use", "2026-09", "61", "%"), ("Initech", "Seat usage", "2026-08", "good", "%"),("Initech", "Seat use", "2026-08", "good", "%")]
    upload = bring(long_csv(*rows), "a.csv", by=by)
    browser = catalogue.browser(catalogue.amy)
    for url in ["/uploads/", f"/uploads/{upload.pk}/", f"/uploads/{upload.pk}/held.xlsx", f"/uploads/{upload.pk}/file/", "/uploads/templates/long.xlsx", "/kpis/", "/kpis/unknown/", "/kpis/seat_use/"]:
        catalogue.enter("north")
        assert browser.get(url).status_code == 200, url
