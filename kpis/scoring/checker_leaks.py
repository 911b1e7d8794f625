"""The leak guard: what says what a prediction should predict may not hide in a score that predictions are made from.

Figures of the whole portfolio and flags of an outcome are refused always. A KPI that is outcome-like must say so on
the card (`outcome_like`): then it counts in the score a person sees, and back-tests and predictions leave it out.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from kpis.catalogue import BY_CODE
from kpis.scoring.findings import REFUSED, WARNING, Finding, KpiFacts, named

_WHOSE = r"(?:(?:has|is|the|account|customer|client|contract|subscription) )*"
OUTCOME_WORD = re.compile(r"\b(?:churn\w*|renew\w*|retention|retained|attrition|nrr|grr)\b")
OUTCOME_FLAG = re.compile(
    rf"^{_WHOSE}(?:churned|renewed|cancelled|canceled|terminated)(?: flags?| yes no| date)?$"
    r"|\b(?:churn|renewal|cancellation)\b.*\b(?:flags?|status|yes no|happened|date|occurred|outcome)\b"
)


def check_leaks(
    item: Mapping[str, Any], facts: KpiFacts, kpis: Mapping[str, KpiFacts], share: Decimal, place: str
) -> Iterator[Finding]:
    """Findings of one item; share: per cent of the score that it decides."""
    inputs = inputs_of(facts, kpis)
    name = named(facts.code, kpis)
    if figures := [code for code in inputs if code in kpis and kpis[code].portfolio_only]:
        yield Finding(
            "portfolio_only", REFUSED, place, facts.code,
            f"{name} is made from {_list(figures, kpis)}, a figure of the whole portfolio.",
            "Take it off the card, or make its formula of the account's own figures.",
        )  # fmt: skip
    if flag := _flag(facts, inputs, kpis):
        yield Finding(
            "outcome_leak", REFUSED, place, facts.code,
            f"{name} states the outcome itself ({flag}): a score made of it predicts what has happened already.",
            "Take it off the card and record it as an outcome of the account.",
        )  # fmt: skip
        return
    reason = outcome_reason(facts, kpis)
    if reason and item.get("outcome_like") is not True:
        yield Finding(
            "outcome_leak", REFUSED, place, facts.code,
            f"{name} is a hidden outcome: {reason}. A prediction fed with it would be told its own answer.",
            "Mark it as outcome-like, so that back-tests and predictions leave it out, or take it off the card.",
        )  # fmt: skip
    elif item.get("outcome_like") is True and share > 0:
        yield Finding(
            "outcome_share", WARNING, place, facts.code,
            f"{name} is outcome-like and decides {share:.1f} % of the score; back-tests and predictions leave it out.",
            "Keep it if people want to see it; the score without it is what is held against what happened.",
        )  # fmt: skip


def inputs_of(facts: KpiFacts, kpis: Mapping[str, KpiFacts]) -> tuple[str, ...]:
    """All that a formula or composite reads, however deep; each once, a circle does no harm."""
    found: dict[str, None] = {}
    waiting = list(facts.inputs)
    while waiting:
        code = waiting.pop(0)
        if code not in found and code != facts.code:
            found[code] = None
            waiting += kpis[code].inputs if code in kpis else ()
    return tuple(found)


def outcome_reason(facts: KpiFacts, kpis: Mapping[str, KpiFacts]) -> str:
    """Why a KPI is outcome-like, in words that follow a colon; "" when it is not."""
    if facts.outcome_like:
        return "the catalogue marks it as outcome-like"
    if word := _said(facts, OUTCOME_WORD):
        return f"it is called “{word}”"
    for code in inputs_of(facts, kpis):
        behind = kpis.get(code)
        if behind is not None and behind.outcome_like:
            return f"it is made from {named(code, kpis)}, which is outcome-like"
        if word := _said(behind or KpiFacts(code, code), OUTCOME_WORD):
            return f"it is made from “{word}”"
    return ""


def _flag(facts: KpiFacts, inputs: tuple[str, ...], kpis: Mapping[str, KpiFacts]) -> str:
    for one in (facts, *(kpis.get(code, KpiFacts(code, code)) for code in inputs)):
        if word := _said(one, OUTCOME_FLAG):
            return f"“{word}”"
    return ""


def _said(facts: KpiFacts, pattern: re.Pattern[str]) -> str:
    """The name that gives it away. A KPI that came with the catalogue is judged by its mark: its name is known."""
    known = BY_CODE.get(facts.code)
    spellings = (facts.name, facts.code, *facts.aliases)
    if known is not None:
        own = {_plain(known.name), _plain(known.code), *(_plain(alias) for alias in known.aliases)}
        spellings = tuple(one for one in spellings if _plain(one) not in own)
    return next((one for one in spellings if pattern.search(_plain(one))), "")


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", text.casefold()).split())


def _list(codes: list[str], kpis: Mapping[str, KpiFacts]) -> str:
    return ", ".join(named(code, kpis) for code in codes)
