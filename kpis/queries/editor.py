"""What the editor of a scorecard reads beside the draft itself."""

from collections.abc import Collection, Mapping

from core.models import Entry
from kpis.events import ScorecardEdited
from kpis.models import Kpi, ScorecardVersion


def based_on(version: ScorecardVersion) -> ScorecardVersion | None:
    """The text that a draft's changes are shown against: the one it was branched from, else the live one."""
    if version.based_on_id:
        return version.based_on
    found: ScorecardVersion | None = version.scorecard.versions.filter(state=ScorecardVersion.State.LIVE).first()
    return found


def last_edit(version: ScorecardVersion) -> Entry | None:
    """The newest edit of a draft, for whoever was about to overwrite it."""
    edits = Entry.objects.filter(event=ScorecardEdited.name, data__scorecard_id=str(version.scorecard_id))
    found: Entry | None = edits.filter(data__number=version.number).order_by("-seq").first()
    return found


def scorable(kpis: Mapping[str, Kpi], *, without: Collection[str]) -> list[Kpi]:
    """The KPIs of the catalogue that could come onto a card, by name."""
    found = (
        kpi
        for kpi in kpis.values()
        if kpi.active and not (kpi.portfolio_only or kpi.template_only) and len(kpi.anchors) > 1
    )
    return sorted((kpi for kpi in found if kpi.code not in without), key=lambda kpi: kpi.name.casefold())
