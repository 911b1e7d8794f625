"""What comes next: from the tree of a run and the states of its nodes to the states they should have.

It remembers nothing and does nothing: asked twice it says the same, and once its answer is kept it says nothing more.
A parallel node has no state of its own; it is over when its branches are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from playbooks.engine.definition import Node, leaves

WAITING, OPEN, DONE, SKIPPED, DROPPED, FAILED = "waiting", "open", "done", "skipped", "dropped", "failed"
OVER = (DONE, SKIPPED, DROPPED)


@dataclass(frozen=True)
class Kept:
    """What is known of a node. chosen: of a branch that is done, the lane it goes on in."""

    state: str = WAITING
    chosen: int = 0


@dataclass
class Moves:
    """Node -> the state it should have, for those that have another; ended: nothing of the tree is left to do."""

    to: dict[str, str] = field(default_factory=dict)
    ended: bool = False


def advance(nodes: tuple[Node, ...], kept: Mapping[str, Kept]) -> Moves:
    """The states that the nodes should have now.

    WAITING: not reached. OPEN: reached and to be done. DROPPED: not needed, because its case was not chosen or
    another branch of a join on any was first; it comes back when that is taken back. DONE, SKIPPED and FAILED are
    said by whoever does the steps, and left alone.
    """
    walk = _Walk(kept)
    walk.moves.ended = walk.lane(nodes, True)
    return walk.moves


class _Walk:
    def __init__(self, kept: Mapping[str, Kept]) -> None:
        self.kept = kept
        self.moves = Moves()

    def lane(self, nodes: tuple[Node, ...], reached: bool) -> bool:
        """Whether one got to the end of it."""
        for node in nodes:
            reached = self._node(node, reached)
        return reached

    def _node(self, node: Node, reached: bool) -> bool:
        if node.kind == "parallel":
            return self._parallel(node, reached)
        over = self._leaf(node, reached)
        if node.kind != "branch":
            return over
        known = self._known(node)
        if known.state == DONE:
            return self._chosen(node, known.chosen, over)
        if known.state == SKIPPED:
            return self._chosen(node, -1, over)
        for lane in node.lanes:
            self.lane(lane, False)
        return False

    def _leaf(self, node: Node, reached: bool) -> bool:
        state = self._known(node).state
        if state in (DONE, SKIPPED):
            return reached
        if state != FAILED:
            self._should(node, OPEN if reached else WAITING)
        return False

    def _parallel(self, node: Node, reached: bool) -> bool:
        if node.settings.get("join") != "any":
            ended = [self.lane(lane, reached) for lane in node.lanes]
            return all(ended)
        ended = [self._ends(lane, reached) for lane in node.lanes]
        first = ended.index(True) if True in ended else None
        for number, lane in enumerate(node.lanes):
            if first is None or number == first:
                self.lane(lane, reached)
            else:
                self._drop(lane)
        return first is not None

    def _ends(self, lane: tuple[Node, ...], reached: bool) -> bool:
        return _Walk(self.kept).lane(lane, reached)

    def _chosen(self, node: Node, chosen: int, reached: bool) -> bool:
        over = reached
        for number, lane in enumerate(node.lanes):
            if number == chosen:
                over = self.lane(lane, reached)
            else:
                self._drop(lane)
        return over

    def _drop(self, lane: tuple[Node, ...]) -> None:
        for node in leaves(lane):
            if self._known(node).state not in (DONE, SKIPPED):
                self._should(node, DROPPED)

    def _known(self, node: Node) -> Kept:
        return self.kept.get(node.id, Kept())

    def _should(self, node: Node, state: str) -> None:
        if self._known(node).state != state:
            self.moves.to[node.id] = state
