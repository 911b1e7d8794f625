"""Who did something, as a person reads it: the system itself has a name too."""

from django import template

from users import trail

register = template.Library()


@register.filter
def who(label: str) -> str:
    """The label that a change was recorded with: "Ana Duarte", or "Plumbline, scoring" for the system."""
    return trail.who(label) if label else ""
