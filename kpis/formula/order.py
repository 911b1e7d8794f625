"""Formulas that read formulas: in which order they are computed, and what would go in a circle."""

from collections.abc import Collection, Mapping


def circle(start: str, reads: Mapping[str, Collection[str]]) -> list[str] | None:
    """The way from a KPI back to itself, both ends named: ["a", "b", "a"]; None when there is none.

    reads: KPI code -> the codes its formula reads, for every KPI that has a formula.
    """
    paths = [[start]]
    seen: set[str] = set()
    while paths:
        path = paths.pop(0)
        for code in sorted(reads.get(path[-1], ())):
            if code == start:
                return [*path, code]
            if code not in seen:
                seen.add(code)
                paths.append([*path, code])
    return None


def in_order(reads: Mapping[str, Collection[str]]) -> list[str]:
    """The KPIs with a formula, each after those it reads. Raises ValueError for a circle, which none may be in."""
    done: dict[str, None] = {}
    left = sorted(reads)
    while left:
        ready = [code for code in left if all(other in done or other not in reads for other in reads[code])]
        if not ready:
            raise ValueError(f"these formulas read each other: {', '.join(left)}")
        done.update(dict.fromkeys(ready))
        left = [code for code in left if code not in done]
    return list(done)


def affected(changed: Collection[str], reads: Mapping[str, Collection[str]]) -> set[str]:
    """Every KPI with a formula that reads one of the changed ones, directly or through others."""
    found: set[str] = set()
    while new := {code for code, of in reads.items() if code not in found and (found | set(changed)) & set(of)}:
        found |= new
    return found
