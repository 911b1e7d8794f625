"""What nobody is there to see: a picked-up file that did not come in, a folder that cannot be used."""

import hashlib
from datetime import datetime
from uuid import UUID

from accounts.operations.notices import tell
from accounts.queries.leaders import leaders
from kpis import rules
from kpis.models import Upload

KIND = "inbox"


def alert_of_file(*, file_name: str, reason: str, upload_id: UUID | None, at: datetime, key: str) -> None:
    """Tell those who bring files for the whole book that one in the inbox folder was not taken, and why."""
    url = f"/uploads/{upload_id}/" if upload_id else "/uploads/inbox/"
    text = f"“{file_name[:80]}” in the inbox folder did not come in. {reason}"
    tell(people=leaders(rules.UPLOAD), kind=KIND, text=text, url=url, key=f"inbox:{key}", at=at)


def alert_of_upload(upload: Upload, reason: str, *, at: datetime) -> None:
    """As `alert_of_file`, for a file that was picked up and failed while it was read; nothing for a dropped one."""
    if upload.picked_up:
        alert_of_file(file_name=upload.file_name, reason=reason, upload_id=upload.pk, at=at, key=f"upload:{upload.pk}")


def alert_of_folder(problem: str, *, at: datetime) -> None:
    """Tell the same people that the folder itself cannot be used, once a day as long as it stays so."""
    about = hashlib.blake2b(f"{at.date()} {problem}".encode(), digest_size=12).hexdigest()
    text = f"Nothing is picked up from the inbox folder. {problem}"
    tell(people=leaders(rules.UPLOAD), kind=KIND, text=text, url="/uploads/inbox/", key=f"inbox:{about}", at=at)
