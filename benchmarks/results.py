"""What was measured: a table for people, a flat JSON object for machines."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """The figure to reach: at most `limit`, at least it when `least`, no other when `exactly`."""

    limit: float
    least: bool = False
    exactly: bool = False

    def met(self, value: float) -> bool:
        if self.exactly:
            return value == self.limit
        return value >= self.limit if self.least else value <= self.limit

    def __str__(self) -> str:
        return f"{'=' if self.exactly else '≥' if self.least else '≤'} {self.limit:,.10g}"


@dataclass(frozen=True)
class Result:
    value: float
    unit: str
    target: str
    ok: bool | None  # None: measured, no target set


class Results:
    """Collects measurements and prints each as it comes."""

    def __init__(self) -> None:
        self.found: dict[str, Result] = {}

    def add(self, name: str, value: float, unit: str, target: Target | None = None) -> None:
        ok = target.met(value) if target else None
        self.found[name] = Result(round(value, 3), unit, str(target) if target else "", ok)
        verdict = {True: "ok", False: "MISSED", None: ""}[ok]
        print(f"{name:<44} {value:>14,.2f} {unit:<12} {str(target or ''):<10} {verdict}", flush=True)

    def write(self) -> Path:
        path = Path(os.environ.get("BENCH_JSON", ".run/bench.json"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({name: asdict(result) for name, result in self.found.items()}, indent=1))
        return path

    @property
    def missed(self) -> list[str]:
        return [name for name, result in self.found.items() if result.ok is False]
