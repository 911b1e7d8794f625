"""The picture of an effect: where the accounts stand now, where they would stand, and the streams between the two."""

from collections.abc import Mapping
from dataclasses import dataclass

from kpis.queries.effect import BANDS, Effect

HEIGHT = 100.0  # of the drawing, in per cent
GAP = 3.0  # between two bands
LEAST = 2.2  # so that one account among ten thousand can be seen
LEFT, RIGHT = 0.0, 100.0


@dataclass(frozen=True)
class Block:
    """One band at one end: top and height in per cent."""

    band: str
    top: float
    height: float
    accounts: int


@dataclass(frozen=True)
class Stream:
    """Accounts that go from one band to another, or stay; `path` in a square of 100."""

    before: str
    after: str
    accounts: int
    path: str

    @property
    def stays(self) -> bool:
        return self.before == self.after


@dataclass(frozen=True)
class Picture:
    before: list[Block]
    after: list[Block]
    streams: list[Stream]


def picture(effect: Effect) -> Picture:
    """Heights follow the number of accounts, but none is drawn too thin to be seen."""
    sizes = {(flow.before, flow.after): flow.accounts for flow in effect.flows}
    for band in BANDS:
        leaving = sum(count for (before, _), count in sizes.items() if before == band)
        if staying := effect.before[band] - leaving:
            sizes[band, band] = staying
    total = sum(sizes.values()) or 1
    thick = {key: max(LEAST, HEIGHT * count / total) for key, count in sizes.items()}
    ends = [{band: sum(t for key, t in thick.items() if key[end] == band) for band in BANDS} for end in (0, 1)]
    tallest = max(sum(end.values()) + GAP * (sum(1 for h in end.values() if h) - 1) for end in ends) or 1
    scale = HEIGHT / max(tallest, 1.0)
    before, after = (
        _blocks({band: height * scale for band, height in end.items()}, counts)
        for end, counts in zip(ends, (effect.before, effect.after), strict=True)
    )
    return Picture(before, after, _streams(sizes, {key: t * scale for key, t in thick.items()}, before, after))


def _blocks(heights: Mapping[str, float], counts: Mapping[str, int]) -> list[Block]:
    blocks, top = [], 0.0
    for band in BANDS:
        if heights[band]:
            blocks.append(Block(band, round(top, 2), round(heights[band], 2), counts[band]))
            top += heights[band] + GAP
    return blocks


def _streams(
    sizes: Mapping[tuple[str, str], int],
    thick: Mapping[tuple[str, str], float],
    before: list[Block],
    after: list[Block],
) -> list[Stream]:
    starts, ends = ({block.band: block.top for block in blocks} for blocks in (before, after))
    streams = []
    for key in sorted(sizes, key=lambda one: (BANDS.index(one[0]), BANDS.index(one[1]))):
        height = thick[key]
        top, bottom = starts[key[0]], ends[key[1]]
        starts[key[0]] += height
        ends[key[1]] += height
        streams.append(Stream(*key, sizes[key], _path(top, bottom, height)))
    return sorted(streams, key=lambda one: not one.stays)  # those that move lie on top


def _path(start: float, end: float, height: float) -> str:
    """A ribbon of even thickness from the left edge to the right."""
    over = f"M{LEFT:g} {start:.2f}C50 {start:.2f} 50 {end:.2f} {RIGHT:g} {end:.2f}"
    back = f"L{RIGHT:g} {end + height:.2f}C50 {end + height:.2f} 50 {start + height:.2f} {LEFT:g} {start + height:.2f}Z"
    return over + back
