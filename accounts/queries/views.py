from accounts.models import SavedView
from core.actor import Actor


def views_of(*, by: Actor) -> list[SavedView]:
    """One's own and the shared views, and last one's own look without a name, if there is one."""
    seen = SavedView.objects.visible_to(by).filter(removed_at=None).select_related("owner")
    found = [view for view in seen if view.name or view.owner_id == by.user_id]
    return sorted(found, key=lambda view: (not view.name, view.shared, view.name.casefold()))
