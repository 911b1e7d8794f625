from django.db import transaction

from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.rules import require
from tenants.operations import rename_tenant
from users import rules
from users.events import WorkspaceRenamed


@transaction.atomic
def rename_workspace(*, tenant_id: int, old: str, new: str, by: Actor) -> None:
    """Change the company's name as everybody sees it; the address stays. Emits WorkspaceRenamed."""
    require(by, rules.EDIT_WORKSPACE)
    name = " ".join(new.split())
    if not name:
        raise DomainError("Give the workspace a name.", field="name")
    if name != old:
        rename_tenant(tenant_id=tenant_id, name=name)
        record(WorkspaceRenamed(None, old, name), by=by)
