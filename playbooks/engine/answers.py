"""What was answered to the questions of a form."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any


def answers_of(
    questions: Sequence[Mapping[str, Any]], given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Question -> answer as it is stored, and question -> what is wrong with it."""
    stored: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for question in questions:
        said = str(given.get(question["id"], "") or "").strip()
        if not said:
            if question.get("required"):
                wrong[question["id"]] = "This needs an answer."
            continue
        try:
            stored[question["id"]] = _answer(question, said)
        except ValueError as error:
            wrong[question["id"]] = str(error)
    return stored, wrong


def _answer(question: Mapping[str, Any], said: str) -> Any:
    match question["kind"]:
        case "number":
            return _number(said)
        case "date":
            try:
                return date.fromisoformat(said).isoformat()
            except ValueError:
                raise ValueError("Write a day, like 2026-12-31.") from None
        case "yes":
            return said.lower() in ("yes", "true", "on", "1")
        case "choice" if said not in question["choices"]:
            raise ValueError(f"Choose one of: {', '.join(question['choices'])}.")
    if len(said) > 2000:
        raise ValueError("An answer can have 2,000 characters.")
    return said


def _number(said: str) -> str:
    try:
        found = Decimal(said.replace("−", "-"))
    except InvalidOperation:
        raise ValueError("Write a number, for example 50.") from None
    if not found.is_finite() or abs(found) >= Decimal(10) ** 14:
        raise ValueError("Write a number, for example 50.")
    return f"{found:f}"
