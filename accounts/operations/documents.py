"""Documents of an account, and links that let somebody without a login fetch one of them for a time."""

import hashlib
import secrets
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.core.signing import BadSignature
from django.db import transaction
from uuid6 import uuid7

from accounts import rules
from accounts.events import DocumentChanged
from accounts.models import Account, Document, ShareDownload, ShareLink
from accounts.queries.documents import subjects
from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.rules import require
from tenants.context import sign, tenant_path, unsign

PURPOSE = "share"
LONGEST_DAYS = 90
NO_CONTROLS = str.maketrans("", "", "".join(map(chr, [*range(32), 127])))


class LinkOver(DomainError):
    """The link was right and is not valid any more: expired, revoked, used up, or its document is gone."""


def add_document(*, account_id: UUID, file: UploadedFile, by: Actor, at: datetime, about: str = "") -> Document:
    """Keep a file at an account under a name that the server makes. Emits DocumentChanged.

    about: a value of queries.documents.subjects when it belongs to a contract, renewal, task or activity there.

    Raises DomainError, PermissionDenied, Account.DoesNotExist.
    """
    account = Account.objects.visible_to(by).get(pk=account_id)
    require(by, rules.KEEP_DOCUMENTS, account)
    name = PurePosixPath((file.name or "").replace("\\", "/")).name.translate(NO_CONTROLS).strip()[-200:]
    if not name:
        raise DomainError("The file has no name.", field="file")
    if not file.size:
        raise DomainError("The file is empty.", field="file")
    if file.size > settings.UPLOAD_MAX_BYTES:
        raise DomainError("The file is too large.", field="file")
    kind, _, key = about.partition(":")
    if about and about not in {value for value, _ in subjects(account)}:
        raise DomainError("There is no such thing at this account.", field="about")
    made = Document(id=uuid7(), account=account, name=name, size=file.size, created_at=at)
    made.content_type, made.by_id, made.by_label = (file.content_type or "")[:120], by.user_id, by.label[:160]
    made.subject_kind, made.subject_id = kind, UUID(key) if key else None
    digest = hashlib.sha256()
    for part in file.chunks():
        digest.update(part)
    made.sha256 = digest.hexdigest()
    made.path = default_storage.save(tenant_path("documents", str(made.pk)), file)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            record(DocumentChanged(account.pk, made.pk, "added"), by=by)
    except Exception:
        default_storage.delete(made.path)
        raise
    return made


@transaction.atomic
def remove_document(*, document_id: UUID, by: Actor, at: datetime, restore: bool = False) -> Document:
    """Take a document away, with it every link to it, or bring it back; a second time nothing happens.

    Emits DocumentChanged. Raises PermissionDenied, Document.DoesNotExist.
    """
    found = _locked(document_id, by)
    if (found.removed_at is None) != restore:
        found.removed_at = None if restore else at
        found.save(update_fields=["removed_at"])
        record(DocumentChanged(found.account_id, found.pk, "restored" if restore else "removed"), by=by)
    return found


@transaction.atomic
def share_document(
    *, document_id: UUID, days: int, by: Actor, at: datetime, label: str = "", most: int | None = None
) -> tuple[ShareLink, str]:
    """Make a link for `days`; returns it with its token, which is shown this once and kept nowhere.

    most: downloads after which it is used up. Emits DocumentChanged. Raises DomainError, PermissionDenied,
    Document.DoesNotExist.
    """
    found = _locked(document_id, by)
    if found.removed_at is not None:
        raise DomainError("The document was removed.")
    if not 1 <= days <= LONGEST_DAYS:
        raise DomainError(f"A link is valid for 1 to {LONGEST_DAYS} days.", field="days")
    if most is not None and most < 1:
        raise DomainError("At least one download.", field="most")
    secret = secrets.token_urlsafe(32)
    link = ShareLink(document=found, secret_hash=_hash(secret), label=label.strip()[:120], most=most)
    link.expires_at, link.created_at, link.created_by = at + timedelta(days=days), at, by.label[:160]
    link.save(force_insert=True)
    record(DocumentChanged(found.account_id, found.pk, "shared", link.pk), by=by)
    return link, sign(secret, PURPOSE)


@transaction.atomic
def revoke_link(*, link_id: UUID, by: Actor, at: datetime) -> ShareLink:
    """Let a link lead nowhere from now on; a second time nothing happens. Emits DocumentChanged."""
    link = ShareLink.objects.select_for_update(of=("self",)).get(
        pk=link_id, document__in=Document.objects.visible_to(by).values("pk")
    )
    document = _locked(link.document_id, by)
    if link.revoked_at is None:
        link.revoked_at = at
        link.save(update_fields=["revoked_at"])
        record(DocumentChanged(document.account_id, document.pk, "revoked", link.pk), by=by)
    return link


def shared_by(*, token: str, at: datetime, lock: bool = False) -> ShareLink:
    """The link behind a token of this tenant. Raises ShareLink.DoesNotExist for one that never was, LinkOver."""
    try:
        secret: Any = unsign(token, PURPOSE)
    except BadSignature as error:
        raise ShareLink.DoesNotExist from error
    links = ShareLink.objects.select_related("document")
    links = links.select_for_update(of=("self",)) if lock else links
    link: ShareLink = links.get(secret_hash=_hash(str(secret)))
    used_up = link.most is not None and link.downloads >= link.most
    if link.revoked_at or link.document.removed_at or used_up or link.expires_at <= at:
        raise LinkOver("This link is not valid any more. Ask who sent it for a new one.")
    return link


@transaction.atomic
def download_shared(*, token: str, at: datetime, by: Actor, address: str = "", agent: str = "") -> Document:
    """The document behind a link, with the download logged. Emits DocumentChanged.

    by: nobody in particular. Raises ShareLink.DoesNotExist, LinkOver.
    """
    link = shared_by(token=token, at=at, lock=True)
    link.downloads += 1
    link.save(update_fields=["downloads"])
    ShareDownload.objects.create(link=link, at=at, address=address[:60], agent=agent[:200])
    record(DocumentChanged(link.document.account_id, link.document_id, "downloaded", link.pk), by=by)
    found: Document = link.document
    return found


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _locked(document_id: UUID, by: Actor) -> Document:
    found: Document = Document.objects.visible_to(by).select_for_update(of=("self",)).get(pk=document_id)
    require(by, rules.KEEP_DOCUMENTS, found.account)
    return found
