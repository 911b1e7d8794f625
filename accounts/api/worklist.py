"""The work list: the page's query and the page's snooze."""

from uuid import UUID

from django.utils.timezone import localdate, now
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.operations.snoozing import UNSEEN, snooze_work
from accounts.queries.work import PRIORITIES, RANKS, VIEWS, Asked, led_by, one_item, sources, work_counts, work_page
from accounts.serializers.work import WorkOut, WorkPageOut, WorkSnooze
from core.http import ApiRequest

PAGE = 50
TEXT = ("view", "kind", "reason", "priority", "owner", "account", "after", "before")


class Work(ViewSet):
    """What needs somebody, across accounts and kinds of thing."""

    serializer_class = WorkPageOut

    @extend_schema(
        operation_id="work_list",
        parameters=[OpenApiParameter(name, str) for name in TEXT],
        responses=WorkPageOut,
    )
    def list(self, request: ApiRequest) -> Response:
        asked, day, team = _asked(request), localdate(), led_by(request.actor)
        cursors = {name: request.query_params.get(name, "") for name in ("after", "before")}
        page = work_page(asked, by=request.actor, on=day, team=team, size=PAGE, **cursors)
        counts = work_counts(asked, by=request.actor, on=day, team=team)
        body = {"results": page.rows, "after": page.after, "before": page.before}
        sums = {"views": counts.views, "kinds": counts.kinds, "reasons": counts.reasons}
        return Response(WorkPageOut({**body, **sums}).data)

    @extend_schema(request=WorkSnooze, responses=WorkOut)
    @action(detail=False, methods=["post"])
    def snooze(self, request: ApiRequest) -> Response:
        """Put one thing away until a day, with the reason; null wakes it."""
        given = WorkSnooze(data=request.data)
        given.is_valid(raise_exception=True)
        said = given.validated_data
        snooze_work(
            kind=said["kind"], item_id=said["id"], until=said["until"], reason=said.get("reason", ""),
            seen=said.get("seen", UNSEEN), by=request.actor, at=now(),
        )  # fmt: skip
        return Response(WorkOut(one_item(said["kind"], said["id"], by=request.actor, on=localdate())).data)


def _asked(request: ApiRequest) -> Asked:
    given = request.query_params
    if unknown := sorted(set(given) - set(TEXT) - {"format"}):
        raise ValidationError({name: ["The work list has no such filter."] for name in unknown})
    choices = {
        "view": VIEWS, "kind": [one.kind for one in sources()], "reason": RANKS, "priority": list(map(str, PRIORITIES)),
    }  # fmt: skip
    for name, known in choices.items():
        if given.get(name) and given[name] not in known:
            raise ValidationError({name: [f"One of {', '.join(known)}."]})
    ids: dict[str, UUID | None] = {}
    for name in ("owner", "account"):
        try:
            ids[name] = UUID(given[name]) if given.get(name) else None
        except ValueError:
            raise ValidationError({name: ["Must be a valid UUID."]}) from None
    priority = int(given["priority"]) if given.get("priority") else None
    view = given.get("view") or ("all" if ids["owner"] or ids["account"] else "mine")
    return Asked(view, given.get("kind", ""), given.get("reason", ""), priority, ids["owner"], ids["account"])
