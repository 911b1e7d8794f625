"""Two people edited one record: what the other saved, field by field, and whether to keep it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.models import CustomRecord
from core.http import Request
from core.models import Entry


def differing(request: Request, now_says: Mapping[str, str], labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Field -> what it says now (`text`) and whether to keep that (`keep`), where it is not what was posted.

    now_says: as the form writes it; labels: how a value reads to a person, where the form's spelling is a code. Kept by
    default: what this person has not touched. `was-<field>` in the form is what they started from.
    """
    found = {}
    for name, current in now_says.items():
        typed = posted(request, name)
        if typed is not None and typed != current:
            text = (labels or {}).get(name, current) or "nothing"
            found[name] = {"text": text, "keep": request.POST.get(f"was-{name}", "") == typed}
    return found


def posted(request: Request, name: str) -> str | None:
    """A field of the form as one text: of several boxes with one name, their values with commas. None: not asked."""
    if f"has-{name}" in request.POST:
        return ",".join(sorted(request.POST.getlist(name)))
    value = request.POST.get(name)
    return value.strip() if value is not None else None


def last_record_edit(record: CustomRecord) -> Entry | None:
    """The newest edit of a record, for whoever was about to overwrite it."""
    return last_edit(record.account_id, "accounts.record_changed", "record_id", record.pk)


def last_edit(account_id: UUID | None, event: str, key: str, subject_id: UUID) -> Entry | None:
    """The newest entry of that event about one record. Entries without an account are looked for among the newest."""
    entries = Entry.objects.filter(event=event, **{f"data__{key}": str(subject_id)})
    if account_id is not None:
        entries = entries.filter(account_id=account_id)
    return entries.order_by("-seq").first()


@dataclass(frozen=True)
class Differs:
    """A field that the other person saved otherwise: its label, what it says now, and whether to keep that."""

    name: str
    label: str
    text: str
    keep: bool


@dataclass(frozen=True)
class Edited:
    """What accounts/edited_on.html puts into a form: the version it was made on, what it said then, and after a
    conflict what the other person saved."""

    version: Any
    was: Mapping[str, str]
    clash: Sequence[Differs] = ()
    late: bool = False  # somebody else saved it since


def edited_on(
    request: Request,
    stored: Mapping[str, Any],
    version: int,
    *,
    conflict: bool = False,
    says: Mapping[str, str] | None = None,
) -> Edited:
    """stored: what the record says now, as the form writes it; says: the same for people, where the form has codes.

    A form that comes back with errors keeps the version it was made on, so that a conflict is not lost on the way.
    """
    now_says = {name: "" if value is None else str(value) for name, value in stored.items()}
    if not conflict and "version" in request.POST:
        was = {name: request.POST[f"was-{name}"] for name in now_says if f"was-{name}" in request.POST}
        return Edited(request.POST["version"], was)
    if not conflict:
        return Edited(version, now_says)
    found = differing(request, now_says, says)
    clash = [Differs(name, name.removesuffix("_id").replace("_", " "), **one) for name, one in found.items()]
    return Edited(version, now_says, clash, late=True)


def with_theirs(request: Request, data: dict[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """The posted form with the fields ticked as `theirs` as the other person saved them."""
    return data | {name: stored[name] for name in request.POST.getlist("theirs") if name in stored}
