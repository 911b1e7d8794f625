"""The interpreter alone: what comes next in a tree, whatever happens to the process between two looks."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from playbooks.engine.advance import DONE, DROPPED, FAILED, OPEN, OVER, SKIPPED, WAITING, Kept, advance
from playbooks.engine.definition import Node, leaves, read


def task(name: str) -> dict[str, Any]:
    return {"id": name, "kind": "task", "name": name, "day": 1}


def parallel(name: str, join: str, *branches: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": name, "kind": "parallel", "name": name, "join": join, "branches": list(branches)}


def branch(name: str, yes: list[dict[str, Any]], no: list[dict[str, Any]]) -> dict[str, Any]:
    cases = [{"where": "health < 50", "steps": yes}]
    return {"id": name, "kind": "branch", "name": name, "cases": cases, "otherwise": no}


def tree(*steps: dict[str, Any]) -> tuple[Node, ...]:
    return read({"steps": list(steps)})


def settled(nodes: tuple[Node, ...], **over: str | int) -> dict[str, str]:
    """The states after `over` is so; a number is the lane that a branch chose."""
    kept = {name: Kept(DONE, at) if isinstance(at, int) else Kept(at) for name, at in over.items()}
    for _ in range(3):  # taken over one after the other, it settles at once
        kept |= {name: Kept(state) for name, state in advance(nodes, kept).to.items()}
    assert advance(nodes, kept).to == {}
    return {node.id: kept.get(node.id, Kept()).state for node in leaves(nodes)}


def test_one_after_the_other() -> None:
    nodes = tree(task("a"), task("b"))
    assert settled(nodes) == {"a": OPEN, "b": WAITING}
    assert settled(nodes, a=DONE) == {"a": DONE, "b": OPEN}
    assert not advance(nodes, {"a": Kept(DONE), "b": Kept(OPEN)}).ended
    assert advance(nodes, {"a": Kept(DONE), "b": Kept(SKIPPED)}).ended


def test_a_join_on_all_waits_for_all() -> None:
    nodes = tree(parallel("p", "all", [task("a"), task("b")], [task("c")]), task("d"))
    assert settled(nodes) == {"a": OPEN, "b": WAITING, "c": OPEN, "d": WAITING}
    assert settled(nodes, a=DONE, c=DONE) == {"a": DONE, "b": OPEN, "c": DONE, "d": WAITING}
    assert settled(nodes, a=DONE, b=DONE, c=DONE)["d"] == OPEN


def test_a_join_on_any_drops_the_rest_and_takes_it_up_again() -> None:
    nodes = tree(parallel("p", "any", [task("a"), task("b")], [task("c")]), task("d"))
    assert settled(nodes, c=DONE) == {"a": DROPPED, "b": DROPPED, "c": DONE, "d": OPEN}
    assert settled(nodes, a=DROPPED, b=DROPPED, c=OPEN) == {"a": OPEN, "b": WAITING, "c": OPEN, "d": WAITING}
    assert settled(nodes, c=SKIPPED)["d"] == OPEN


def test_a_branch_goes_one_way() -> None:
    nodes = tree(branch("how", [task("a")], [task("b")]), task("c"))
    assert settled(nodes) == {"how": OPEN, "a": WAITING, "b": WAITING, "c": WAITING}
    assert settled(nodes, how=0) == {"how": DONE, "a": OPEN, "b": DROPPED, "c": WAITING}
    assert settled(nodes, how=1, b=DONE) == {"how": DONE, "a": DROPPED, "b": DONE, "c": OPEN}
    assert settled(nodes, how=SKIPPED)["c"] == OPEN
    assert settled(tree(branch("how", [], [task("b")]), task("c")), how=0) == {"how": DONE, "b": DROPPED, "c": OPEN}


def test_what_failed_holds_up_what_follows_and_nothing_else() -> None:
    nodes = tree(parallel("p", "all", [task("a"), task("b")], [task("c")]), task("d"))
    assert settled(nodes, a=FAILED, c=DONE) == {"a": FAILED, "b": WAITING, "c": DONE, "d": WAITING}
    either = tree(parallel("p", "any", [task("a")], [task("b")]))
    assert settled(either, a=FAILED, b=DONE) == {"a": DROPPED, "b": DONE}


def test_taking_back_lets_later_ones_wait_and_keeps_what_was_done() -> None:
    nodes = tree(task("a"), task("b"), task("c"))
    assert settled(nodes, a=OPEN, b=DONE, c=OPEN) == {"a": OPEN, "b": DONE, "c": WAITING}


# Any tree, any order, restarts anywhere -----------------------------------------------------------------------


@st.composite
def trees(draw: Any) -> tuple[Node, ...]:
    counter = iter(range(10_000))

    def lane(depth: int, least: int = 1) -> list[dict[str, Any]]:
        return [node(depth) for _ in range(draw(st.integers(least, 3)))]

    def node(depth: int) -> dict[str, Any]:
        kind = draw(st.sampled_from(["task", "task", "parallel", "branch"] if depth < 3 else ["task"]))
        name = f"n{next(counter)}"
        if kind == "parallel":
            return parallel(name, draw(st.sampled_from(["all", "any"])), lane(depth + 1), lane(depth + 1))
        return branch(name, lane(depth + 1), lane(depth + 1, 0)) if kind == "branch" else task(name)

    return tree(*lane(0))


class Runs(RuleBasedStateMachine):
    """A run whose process is killed now and then: what was not committed is forgotten, what was is looked at again.

    `kept` is the database; each rule is a transaction. The clock gives every step the moment it can be done at.
    """

    @initialize(nodes=trees())
    def start(self, nodes: tuple[Node, ...]) -> None:
        self.nodes = nodes
        self.all = {node.id: node for node in leaves(nodes)}
        self.kept = {name: Kept() for name in self.all}
        self.did: dict[str, int] = dict.fromkeys(self.all, 0)
        self.due: dict[str, int] = {}
        self.clock = 0
        self.ended = False
        self._commit(dict(self.kept), {})

    def _commit(self, kept: dict[str, Kept], due: dict[str, int]) -> None:
        moves = advance(self.nodes, kept)
        kept |= {name: Kept(state) for name, state in moves.to.items()}
        due |= {name: self.clock + 1 + len(name) % 3 for name, state in moves.to.items() if state == OPEN}
        self.kept, self.due, self.ended = kept, due, moves.ended

    def _ready(self) -> list[str]:
        return sorted(name for name, one in self.kept.items() if one.state == OPEN and self.due[name] <= self.clock)

    @precondition(lambda self: not self.ended)
    @rule(hours=st.integers(1, 3))
    def time_passes(self, hours: int) -> None:
        self.clock += hours

    @precondition(lambda self: not self.ended and self._ready())
    @rule(data=st.data(), killed=st.booleans())
    def a_due_step_is_done(self, data: Any, killed: bool) -> None:
        name = data.draw(st.sampled_from(self._ready()))
        chosen = data.draw(st.integers(0, 1)) if self.all[name].kind == "branch" else 0
        kept, due = dict(self.kept), dict(self.due)
        kept[name] = Kept(data.draw(st.sampled_from([DONE, DONE, DONE, SKIPPED])), chosen)
        if killed:
            return  # nothing was committed: the step is due as before
        self.did[name] += 1
        self._commit(kept, due)

    @rule()
    def looked_at_again(self) -> None:
        before = self.kept
        self._commit(dict(self.kept), dict(self.due))
        assert self.kept == before, "a second look changes nothing"

    @invariant()
    def every_step_once_and_none_lost(self) -> None:
        if not hasattr(self, "nodes"):
            return
        for name, one in self.kept.items():
            assert self.did[name] == (one.state in (DONE, SKIPPED)), name
        if self.ended:
            assert all(one.state in OVER for one in self.kept.values())
        else:
            assert any(one.state == OPEN for one in self.kept.values()), "a run that goes on has something to do"
        assert _ends(self.nodes, self.kept) is self.ended

    @invariant()
    def joins_wait(self) -> None:
        if hasattr(self, "nodes"):
            _check_order(self.nodes, self.kept)

    def teardown(self) -> None:
        """Whatever happened so far, doing what is due ends the run."""
        for _ in range(10_000):
            if not hasattr(self, "nodes") or self.ended:
                return
            self.clock += 5
            name = self._ready()[0]
            self.did[name] += 1
            self._commit({**self.kept, name: Kept(DONE)}, dict(self.due))
            self.every_step_once_and_none_lost()
        pytest.fail("it never ended")


def _ends(lane: tuple[Node, ...], kept: dict[str, Kept]) -> bool:
    """Said anew, top down: a lane has ended when each of its nodes has."""
    return all(_over(node, kept) for node in lane)


def _over(node: Node, kept: dict[str, Kept]) -> bool:
    if node.kind == "parallel":
        ended = [_ends(lane, kept) for lane in node.lanes]
        return any(ended) if node.settings["join"] == "any" else all(ended)
    one = kept[node.id]
    if node.kind == "branch" and one.state == DONE:
        return _ends(node.lanes[one.chosen], kept)
    return one.state in (DONE, SKIPPED)


def _check_order(lane: tuple[Node, ...], kept: dict[str, Kept]) -> None:
    """What follows a node that is not over is waiting or dropped, down to its last leaf."""
    reached = True
    for node in lane:
        if not reached:
            assert {kept[leaf.id].state for leaf in leaves((node,))} <= {WAITING, DROPPED}
        if reached:
            for inner in node.lanes:
                _check_order(inner, kept)
        reached = reached and _over(node, kept)


TestRuns = Runs.TestCase
TestRuns.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
