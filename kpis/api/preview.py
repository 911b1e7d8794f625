from uuid import UUID

from django.utils.timezone import now
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from core.http import ApiRequest
from core.rules import require
from kpis import rules
from kpis.models import ScorecardVersion
from kpis.queries.preview import CannotPreview, effect_of_definition
from kpis.scoring.document import shape_fault
from kpis.serializers.effect import EffectOut, PreviewInput

REFUSED = OpenApiResponse(description="The text cannot be scored; `detail` names the KPI or category that is wrong.")


class ScorecardPreview(ViewSet):
    """What a text of a scorecard would do to the portfolio."""

    request: ApiRequest

    @extend_schema(
        request=PreviewInput, responses={200: EffectOut, 409: REFUSED}, operation_id="scorecard_versions_preview"
    )
    def create(self, request: ApiRequest, version_id: str) -> Response:
        """Score every account you see with this text and as it is today, and say who changes colour. Stores nothing."""
        require(request.actor, rules.EDIT_SCORECARD)
        version = ScorecardVersion.objects.select_related("scorecard").get(pk=UUID(version_id))
        given = PreviewInput(data=request.data)
        given.is_valid(raise_exception=True)
        definition = given.validated_data.get("definition")
        if definition is None:
            definition = version.definition
        if fault := shape_fault(definition):
            raise CannotPreview(fault, field="definition")
        effect = effect_of_definition(definition, scorecard=version.scorecard, by=request.actor, at=now(), kept=True)
        return Response(effect.as_json())
