import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse

from core.models import Entry

REPOSITORY = Path(__file__).parents[2]
WORKBOOKS = Path(os.environ.get("PLUMBLINE_WORKBOOKS") or REPOSITORY.parent / "shared/data/kpi_workbooks")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the shared data sets."""
    if not (WORKBOOKS / "accounts.csv").is_file():
        pytest.skip(f"THE SHARED FILES WERE NOT TESTED: none in {WORKBOOKS}; set PLUMBLINE_WORKBOOKS")
    return WORKBOOKS.parent


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def entries(event: str) -> list[dict[str, Any]]:
    """What the trail holds of one kind of event, oldest first."""
    return [entry.data for entry in Entry.objects.filter(event=event).order_by("seq")]


def woken(answer: HttpResponse) -> dict[str, Any]:
    """The page events in an answer's HX-Trigger header."""
    return json.loads(answer.headers.get("HX-Trigger", "{}"))
