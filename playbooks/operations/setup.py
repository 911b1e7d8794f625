"""What a new workspace gets."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from core.actor import Actor
from kpis.models import Kpi
from playbooks.engine.stages import definition_of
from playbooks.library import LIBRARY, PlaybookDef
from playbooks.models import Playbook, PlaybookVersion, Trigger


@transaction.atomic
def install_library(*, at: datetime, by: Actor) -> None:
    """Give a workspace the five system playbooks and their triggers; what is there already stays as it is.

    Comes after the KPI catalogue: a trigger on a KPI that is not there is left out.
    """
    known = set(Playbook.objects.values_list("code", flat=True))
    kpis = {kpi.number: kpi for kpi in Kpi.objects.exclude(number=None)}
    for position, given in enumerate(LIBRARY):
        if given.code not in known:
            _install(given, position, kpis, by=by, at=at)


def _install(given: PlaybookDef, position: int, kpis: dict[int | None, Kpi], *, by: Actor, at: datetime) -> None:
    playbook = Playbook.objects.create(code=given.code, name=given.name, aim=given.aim, position=position)
    playbook.live = PlaybookVersion.objects.create(
        playbook=playbook,
        number=1,
        definition=definition_of([vars(step) for step in given.steps], given.anchor),
        state=PlaybookVersion.State.LIVE,
        created_at=at,
        created_by=by.label,
        published_at=at,
        published_by=by.label,
    )
    playbook.save(update_fields=["live"])
    Trigger.objects.bulk_create(
        Trigger(
            playbook=playbook,
            metric=trigger.metric,
            kpi=kpis[trigger.kpi] if trigger.kpi else None,
            threshold=Decimal(trigger.threshold),
            active=trigger.active,
            cooldown_days=trigger.cooldown,
        )
        for trigger in given.triggers
        if trigger.kpi is None or trigger.kpi in kpis
    )
