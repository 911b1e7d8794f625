"""Figures that stand where they do not belong: one for everybody, another account's, another month's, the future's."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

import numpy as np

from core.time import months_back
from kpis.quality.types import Cube, Finding, Floats

LEAST_ACCOUNTS = 10  # with one figure, before it is odd
ALL_THE_SAME = 0.9  # of the accounts in a month
USUALLY_SAME = 0.4  # the largest share of one figure in other months, above which it is usual
LEAST_KPIS = 8  # figures of a row that must agree before it is somebody else's
ROUND = (0.0, 1.0, 100.0)  # figures that many accounts share for good reasons


def same_for_everybody(cube: Cube) -> Iterator[Finding]:
    """One figure for nearly all accounts of a month, where accounts differ in other months."""
    for kpi, measure in enumerate(cube.measures):
        shares = [_commonest(cube.values[:, kpi, month]) for month in range(len(cube.months))]
        for month, (figure, share, count) in enumerate(shares):
            others = [one[1] for at, one in enumerate(shares) if at != month and one[2] >= LEAST_ACCOUNTS]
            odd = (
                count >= LEAST_ACCOUNTS
                and share >= ALL_THE_SAME
                and figure not in (*ROUND, measure.minimum, measure.maximum)
            )
            if not odd or not others or max(others) > USUALLY_SAME:
                continue
            same = cube.look[:, kpi, month] & (cube.values[:, kpi, month] == figure)
            for account in np.flatnonzero(same):
                yield Finding(
                    "duplicate", int(account), kpi, month,
                    f"{round(share * count):,} of {count:,} accounts have just this figure in this month;"
                    " in others they differ.",
                    {"accounts": count, "share": round(share, 3)},
                )  # fmt: skip


def _commonest(column: Floats) -> tuple[float, float, int]:
    """(figure, its share, accounts that have any)."""
    known = column[~np.isnan(column)]
    if not known.size:
        return 0.0, 0.0, 0
    figures, counts = np.unique(known, return_counts=True)
    top = int(counts.argmax())
    return float(figures[top]), float(counts[top] / known.size), int(known.size)


def rows_twice(cube: Cube) -> Iterator[Finding]:
    """A whole row of one account that is another account's, figure for figure: the one it fits worse is doubted."""
    for month in range(len(cube.months)):
        groups: dict[bytes, list[int]] = defaultdict(list)
        table = cube.values[:, :, month]
        for row in np.flatnonzero((~np.isnan(table)).sum(axis=1) >= LEAST_KPIS):
            groups[table[row].tobytes()].append(int(row))
        for accounts in (group for group in groups.values() if len(group) > 1):
            misfits = [_misfit(cube, account, month) for account in accounts]
            if any(misfit is None for misfit in misfits):
                continue  # without a history nobody can say whose it is
            rightful = int(np.argmin([misfit or 0.0 for misfit in misfits]))
            for place, account in enumerate(accounts):
                if place == rightful:
                    continue
                for kpi in np.flatnonzero(cube.look[account, :, month] & ~np.isnan(table[account])):
                    yield Finding(
                        "duplicate", account, int(kpi), month,
                        "All figures of this account in this month are another account’s, one by one.",
                        {"same_as": accounts[rightful], "figures": int((~np.isnan(table[account])).sum())},
                    )  # fmt: skip


def _misfit(cube: Cube, account: int, month: int) -> float | None:
    """How far the month is from the account's other months, in parts of their size; None without any."""
    others = np.delete(cube.values[account], month, axis=1)
    known = ~np.isnan(others).all(axis=1) & ~np.isnan(cube.values[account, :, month])
    if not known.any():
        return None
    usual = np.nanmedian(others[known], axis=1)
    return float(np.median(np.abs(cube.values[account, known, month] - usual) / (np.abs(usual) + 1e-9)))


def months_twice(cube: Cube) -> Iterator[Finding]:
    """All figures of a month are those of the month before, though this account's figures move from month to month."""
    values = cube.values
    for month in range(1, len(cube.months)):
        both = ~np.isnan(values[:, :, month]) & ~np.isnan(values[:, :, month - 1])
        same = both & (values[:, :, month] == values[:, :, month - 1])
        whole = (both.sum(axis=1) >= LEAST_KPIS) & (same.sum(axis=1) == both.sum(axis=1))
        for account in np.flatnonzero(whole):
            if _usually_same(values[account], month) > USUALLY_SAME:
                continue
            before = f"{cube.months[month - 1]:%B %Y}"
            for kpi in np.flatnonzero(cube.look[account, :, month] & same[account]):
                yield Finding(
                    "date", int(account), int(kpi), month,
                    f"All {int(both[account].sum())} figures of this month are those of {before}, again.",
                    {"same_as": before, "figures": int(both[account].sum())},
                )  # fmt: skip


def _usually_same(table: Floats, month: int) -> float:
    """The share of figures that stay from one month to the next, elsewhere in this account; 1 if nothing is known."""
    pairs = [at for at in range(1, table.shape[1]) if at != month]
    known = [~np.isnan(table[:, at]) & ~np.isnan(table[:, at - 1]) for at in pairs]
    total = sum(int(one.sum()) for one in known)
    stayed = sum(int((table[one, at] == table[one, at - 1]).sum()) for at, one in zip(pairs, known, strict=True))
    return stayed / total if total >= LEAST_KPIS else 1.0


def months_ahead(cube: Cube) -> Iterator[Finding]:
    """Months that have not begun: a slip in the year, if that month of the year before is empty."""
    for month, first in enumerate(cube.months):
        if first <= cube.now:
            continue
        year_before = months_back(first, 13)[0]
        for account, kpi in zip(*np.nonzero(cube.look[:, :, month] & ~np.isnan(cube.values[:, :, month])), strict=True):
            empty = _empty(cube, int(account), int(kpi), year_before)
            meant = f", perhaps {year_before:%B %Y} is meant" if empty else ""
            yield Finding(
                "date", int(account), int(kpi), month,
                f"{first:%B %Y} has not begun yet{meant}.",
                {"running": cube.now.isoformat()},
                move_to=year_before if empty else None,
            )  # fmt: skip


def _empty(cube: Cube, account: int, kpi: int, month: date) -> bool:
    return month in cube.months and bool(np.isnan(cube.values[account, kpi, cube.months.index(month)]))
