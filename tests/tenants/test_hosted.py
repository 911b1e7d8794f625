from tenants.hosted import KEEP_ENTRIES, KEEP_NOTHING_SECONDS, KEEP_SECONDS, Kept


class Shelf:
    """A store over a dictionary, with a clock that is set by hand."""

    def __init__(self) -> None:
        self.at, self.asked, self.there = 0.0, [], {"a": "A"}
        self.kept = Kept(self.look_up, clock=lambda: self.at)

    def look_up(self, key: str) -> str | None:
        self.asked.append(key)
        return self.there.get(key)


def test_what_was_found_is_kept_for_a_while():
    shelf = Shelf()
    assert [shelf.kept.get("a"), shelf.kept.get("a")] == ["A", "A"]
    assert shelf.asked == ["a"]
    shelf.there["a"], shelf.at = "changed", KEEP_SECONDS + 0.1
    assert shelf.kept.get("a") == "changed"


def test_that_there_was_nothing_is_kept_for_a_moment_only():
    shelf = Shelf()
    assert [shelf.kept.get("b"), shelf.kept.get("b")] == [None, None]
    assert shelf.asked == ["b"]
    shelf.there["b"], shelf.at = "B", KEEP_NOTHING_SECONDS + 0.1
    assert shelf.kept.get("b") == "B"


def test_what_was_looked_up_before_a_clearing_is_not_kept_after_it():
    shelf = Shelf()
    look_up = shelf.look_up

    def change_meanwhile(key: str) -> str | None:
        found = look_up(key)
        shelf.there["a"] = "changed"
        shelf.kept.clear()
        return found

    shelf.kept._look_up = change_meanwhile
    assert shelf.kept.get("a") == "A"
    shelf.kept._look_up = look_up
    assert shelf.kept.get("a") == "changed"


def test_the_store_does_not_grow_without_end():
    shelf = Shelf()
    for number in range(KEEP_ENTRIES + 100):
        shelf.kept.get(str(number))
    assert len(shelf.kept._rows) == KEEP_ENTRIES
