from django import template

from core.actor import Actor
from kpis.models import BackTest
from kpis.queries.back_tests import Record, readable, record

register = template.Library()


@register.simple_tag
def back_test_record(found: BackTest | None, by: Actor) -> Record | None:
    """The record of a back-test ready to print, None where there is none that can be read."""
    return record(found, by=by) if found is not None and readable(found) else None
