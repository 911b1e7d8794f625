"""The living style guide: every component in every state, on made-up rows that appear nowhere else."""

from datetime import date, timedelta
from decimal import Decimal
from math import cos, sin
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

CATEGORIES = (
    "Relationship Strength",
    "Adoption & Engagement",
    "Support & Experience",
    "Product Value",
    "Business Outcomes",
)
TODAY = date(2026, 11, 20)


def _bars(*values: int | None) -> list[tuple[str, int | None, str]]:
    return [(name, value, _band(value)) for name, value in zip(CATEGORIES, values, strict=True)]


def _band(value: float | None) -> str:
    if value is None:
        return "unknown"
    return "green" if value >= 75 else "yellow" if value >= 50 else "red"


def _accounts() -> list[dict[str, Any]]:
    rows = (
        ("Meridian Freight", "Logistics, Hamburg", 58, -9, 482_000, (44, 52, 41, 82, 71), 64),
        ("Corvid Insurance", "Insurance, Leeds", 41, -14, 318_400, (38, 40, 44, 61, 35), 22),
        ("Kestrel Bank", "Banking, Dublin", 87, 4, 940_000, (90, 84, 79, 92, 88), 193),
        ("Halcyon Studios", "Media, Vancouver", None, None, None, (None, 66, None, None, None), None),
    )
    return [
        {
            "name": name,
            "hint": hint,
            "score": score,
            "band": _band(score),
            "delta": delta,
            "arr": arr,
            "bars": _bars(*bars),
            "trend": [70 - len(name) + (3, 4, 2, 5, 4, 6, 3, 1, 2, -2, -5, -6)[i] for i in range(12)]
            if score
            else [None] * 12,
            "renewal": TODAY + timedelta(days=days) if days else None,
            "days": days,
        }
        for name, hint, score, delta, arr, bars, days in rows
    ]


def _categories() -> list[tuple[str, int | None, str, int | None, str]]:
    changes = (-12, -8, None, 2, 0)
    return [(*bar, change, "#") for bar, change in zip(_bars(44, 52, None, 82, 71), changes, strict=True)]


def _contributions() -> list[tuple[str, Decimal | None, str, str, int]]:
    points = ("8.80", "13.00", None, "16.40", "10.65")
    weights, values = (20, 25, 20, 20, 15), (44, 52, None, 82, 71)
    return [
        (name, Decimal(p) if p else None, f"score {v}" if v else "no value yet", "#", w)
        for name, p, w, v in zip(CATEGORIES, points, weights, values, strict=True)
    ]


def _swarm() -> list[tuple[str, float, str, int, str]]:
    """248 made-up accounts: scores spread around two centres, sizes falling off."""
    rows = []
    for i in range(248):
        score = (
            round(84 + 13 * sin(i * 2.4) * cos(i * 0.7), 1)
            if i % 3
            else round(62 + 26 * sin(i * 1.7) * cos(i * 0.31), 1)
        )
        rows.append((f"Account {i + 1}", score, _band(score), 900_000 // (1 + i % 41) ** 2, "#"))
    return rows


MONTHS = ("Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov")
LINE = (74, 77, None, 81, 83, 80, 78, 76, 72, 66, 61, 58)
PUSHES = (
    ("Weekly active users", Decimal("9.80"), "412 now, 528 four weeks ago"),
    ("Two urgent cases open", Decimal("5.60"), "oldest 9 days"),
    ("Renewal inside 90 days", Decimal("3.90"), "64 days"),
    ("New sponsor met twice", Decimal("-2.40"), "VP Operations"),
)


def guide(request: HttpRequest) -> HttpResponse:
    """The page itself; wired at /design/ in development only."""
    return render(
        request,
        "ui/guide.html",
        {
            "accounts": _accounts(),
            "bars": _bars(44, 52, None, 82, 71),
            "categories": _categories(),
            "contributions": _contributions(),
            "line": list(zip(MONTHS, LINE, strict=True)),
            "pushes": PUSHES,
            "swarm": _swarm(),
            "swarm_bands": [
                ("red", 26, "#", False),
                ("yellow", 58, "#", False),
                ("green", 164, "#", True),
                ("unknown", 4, "#", False),
            ],
            "spark": [3, 4, 6, None, None, 5, 7, 9, 8, 11],
            "stages": [("new", "New"), ("live", "Live"), ("lost", "Lost")],
            "at": timezone.now() - timedelta(minutes=4),
            "bands": ["green", "yellow", "red", "unknown"],
            "icons": ["building-2", "upload", "gauge", "workflow", "list-checks", "file-text", "settings"],
            "problems": ["Enter an e-mail address, for example ana@harbourline.test."],
        },
    )
