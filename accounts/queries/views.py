from accounts.models import SavedView
from core.actor import Actor

NAME_COLUMN = "name"  # the column that every list begins with
NARROWEST, WIDEST = 60, 640  # pixels


def narrowest(code: str) -> int:
    """Pixels below which a column cannot be read."""
    return 2 * NARROWEST if code == NAME_COLUMN else NARROWEST


def views_of(*, by: Actor) -> list[SavedView]:
    """One's own and the shared views, and last one's own look without a name, if there is one."""
    seen = SavedView.objects.visible_to(by).filter(removed_at=None).select_related("owner")
    found = [view for view in seen if view.name or view.owner_id == by.user_id]
    return sorted(found, key=lambda view: (not view.name, view.shared, view.name.casefold()))
