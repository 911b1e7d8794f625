"""Documents on the account page, and the open door of a shared link."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, login_required
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import rules
from accounts.models import Account, Document, ShareLink
from accounts.operations import documents as operations
from accounts.queries.documents import documents_of, downloads_of, is_over, subject_words, subjects
from accounts.serializers.work import ShareInput
from accounts.serving import document_answer, panel_answer
from accounts.views.activities import posted, said
from core.errors import DomainError
from core.http import Request, file_too_large, toast
from core.rules import allowed, require

SHOWN = 50


@login_required
@require_http_methods(["GET", "POST"])
def documents(request: Request, account_id: UUID) -> HttpResponse:
    """The panel; posted to, it keeps a file."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    if request.method == "GET":
        return _panel(request, account)
    require(request.actor, rules.KEEP_DOCUMENTS, account)
    file = request.FILES.get("file")
    if file is None:
        problem = "The file is too large." if file_too_large(request) else "Choose a file."
        return _panel(request, account, errors={"file": [problem]}, status=422)
    try:
        about = request.POST.get("about", "")
        made = operations.add_document(account_id=account.pk, file=file, about=about, by=request.actor, at=now())
    except DomainError as refusal:
        return _panel(request, account, errors={refusal.field or "file": [str(refusal)]}, status=422)
    return _done(request, account, f"“{made.name}” is kept.")


@login_required
@require_GET
def document_file(request: Request, account_id: UUID, document_id: UUID) -> FileResponse:
    _, found = _document(request, account_id, document_id)
    try:
        return document_answer(found)
    except DomainError as refusal:
        raise Http404 from refusal


@login_required
@require_POST
def remove_document(request: Request, account_id: UUID, document_id: UUID) -> HttpResponse:
    """Take it away; `?restore=1` brings it back."""
    account, found = _document(request, account_id, document_id, removed=True)
    restore = request.GET.get("restore") == "1"
    operations.remove_document(document_id=found.pk, by=request.actor, at=now(), restore=restore)
    if restore:
        return _done(request, account, f"“{found.name}” is back.", wake=True)
    undo = f"{reverse('accounts:remove-document', args=[account.pk, found.pk])}?restore=1"
    return _done(request, account, f"“{found.name}” is removed. Its links lead nowhere.", undo)


@login_required
@require_POST
def share_document(request: Request, account_id: UUID, document_id: UUID) -> HttpResponse:
    """Make a link, whose address is shown this once."""
    account, found = _document(request, account_id, document_id)
    require(request.actor, rules.KEEP_DOCUMENTS, account)
    data = posted(request, ("days", "label", "most"))
    given = ShareInput(data=data)
    errors = {} if given.is_valid() else said(given)
    if not errors:
        try:
            _, token = operations.share_document(
                document_id=found.pk, by=request.actor, at=now(), **given.validated_data
            )
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    if errors:
        return _panel(request, account, shared=found, values=data, errors=errors, status=422)
    url = request.build_absolute_uri(reverse("accounts:shared", args=[token]))
    return _panel(request, account, shared=found, url=url)


@login_required
@require_POST
def revoke_link(request: Request, account_id: UUID, link_id: UUID) -> HttpResponse:
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    get_object_or_404(ShareLink.objects.filter(document__account=account), pk=link_id)
    operations.revoke_link(link_id=link_id, by=request.actor, at=now())
    return _done(request, account, "The link leads nowhere now.")


@login_required
@require_GET
def document_log(request: Request, account_id: UUID, document_id: UUID) -> HttpResponse:
    """Every download through the links of a document, the newest 200."""
    account, found = _document(request, account_id, document_id)
    context = {"account": account, "document": found, "downloads": list(downloads_of(found.pk)[:200])}
    return render(request, "accounts/document_log.html", context)


@login_not_required
@require_GET
def shared(request: Request, token: str) -> HttpResponse:
    """What a link leads to: name and size, and the button. Looking is no download."""
    try:
        link = operations.shared_by(token=token, at=now())
    except ShareLink.DoesNotExist as error:
        raise Http404 from error
    except operations.LinkOver as over:
        return _quiet(render(request, "accounts/shared.html", {"over": str(over)}, status=410))
    return _quiet(render(request, "accounts/shared.html", {"link": link, "document": link.document, "token": token}))


@login_not_required
@require_GET
def shared_file(request: Request, token: str) -> HttpResponse | FileResponse:
    """The file behind a link; every time is logged."""
    address, agent = request.META.get("REMOTE_ADDR", ""), request.headers.get("User-Agent", "")
    try:
        found = operations.download_shared(token=token, at=now(), by=request.actor, address=address, agent=agent)
        return document_answer(found)
    except ShareLink.DoesNotExist as error:
        raise Http404 from error
    except DomainError as over:
        return _quiet(render(request, "accounts/shared.html", {"over": str(over)}, status=410))


def _quiet(answer: HttpResponse) -> HttpResponse:
    """The address is the secret: it goes into no referrer, cache or search engine."""
    answer["Referrer-Policy"] = "no-referrer"
    answer["Cache-Control"] = "private, no-store"
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _document(
    request: Request, account_id: UUID, document_id: UUID, *, removed: bool = False
) -> tuple[Account, Document]:
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    known = Document.objects.filter(account=account)
    return account, get_object_or_404(known if removed else known.filter(removed_at=None), pk=document_id)


def _panel(
    request: Request, account: Account, *, shared: Document | None = None, url: str = "",
    values: dict[str, Any] | None = None, errors: dict[str, list[str]] | None = None, status: int = 200,
    done: bool = False,
) -> HttpResponse:  # fmt: skip
    found, at = list(documents_of(account.pk)[: SHOWN + 1]), now()
    context = {
        "documents": [
            (one, [(link, is_over(link, at)) for link in one.links.all()], shared is not None and one.pk == shared.pk)
            for one in found[:SHOWN]
        ],
        "more": len(found) > SHOWN,
        "belongs": subject_words(found[:SHOWN]),
        "subjects": subjects(account) if allowed(request.actor, rules.KEEP_DOCUMENTS, account) else [],
        "url": url,
        "values": {"days": "14", **(values or {})},
        "errors": errors or {},
        "refused": (errors or {}).get("", []),
        "may_keep": allowed(request.actor, rules.KEEP_DOCUMENTS, account) and account.archived_at is None,
        "done": done,
    }
    return panel_answer(request, account, "accounts/documents_panel.html", context, status=status)


def _done(request: Request, account: Account, text: str, undo_url: str = "", *, wake: bool = False) -> HttpResponse:
    if not request.htmx:
        messages.success(request, text)
        return redirect("accounts:account", account.pk)
    events: dict[str, Any] = {"document-changed": {}} if wake else {}
    return toast(_panel(request, account, done=True), text, undo_url=undo_url, **events)
