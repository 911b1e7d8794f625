"""What form controls need: ids that tie label, hint and errors together, choices, and Django widgets in our classes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.forms import BoundField
from django.utils.safestring import SafeString


@dataclass(frozen=True)
class Control:
    """Ids of one control; `described` is the aria-describedby value, `errors` the texts beside it."""

    id: str
    described: str
    errors: list[str]


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    chosen: bool


def error_list(errors: Any) -> list[str]:
    """Error texts out of whatever a form, a serializer or a view holds: text, list, dict of lists, ErrorList."""
    if not errors:
        return []
    if isinstance(errors, str):
        return [errors]
    if isinstance(errors, Mapping):
        return [text for part in errors.values() for text in error_list(part)]
    if isinstance(errors, Iterable):
        return [text for part in errors for text in error_list(part)]
    return [str(errors)]


def control(name: str, id_: str = "", hint: str = "", errors: Any = None) -> Control:
    known = error_list(errors)
    own = id_ or f"id_{name}"
    parts = [f"{own}_hint"] * bool(hint) + [f"{own}_error"] * bool(known)
    return Control(own, " ".join(parts), known)


def choices(options: Iterable[Any] | None, value: Any) -> list[Choice]:
    """Options of a select from (value, label) pairs or plain values; `value` may be one or several."""
    chosen = {str(v) for v in value} if isinstance(value, list | tuple | set | frozenset) else {str(value)}
    pairs = [o if isinstance(o, tuple | list) else (o, o) for o in options or ()]
    return [Choice(str(v), str(label), str(v) in chosen) for v, label in pairs]


_CLASSES = {"select": "select", "selectmultiple": "select", "textarea": "textarea"}
_PLAIN = ("checkbox", "radio", "file", "hidden")


def widget(field: BoundField, hint: str = "", extra: Mapping[str, Any] | None = None) -> SafeString:
    """A Django form field's own widget in our classes, described by its hint and its errors."""
    kind = getattr(field.field.widget, "input_type", "")
    attrs: dict[str, Any] = {k: v for k, v in (extra or {}).items() if v is not False and v is not None}
    if kind not in _PLAIN:
        base = _CLASSES.get(type(field.field.widget).__name__.lower(), "select" if kind == "select" else "input")
        attrs["class"] = f"{base} {field.field.widget.attrs.get('class', '')}".strip()
    known = control(field.name, field.auto_id, hint or str(field.help_text), field.errors)
    if known.described:
        attrs["aria-describedby"] = known.described
    if known.errors:
        attrs["aria-invalid"] = "true"
    return field.as_widget(attrs=attrs)
