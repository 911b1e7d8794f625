"""Contracts from a file: own fields of contracts, and figures that are none."""

import pytest

from accounts.models import Contract
from accounts.operations.custom import add_field
from accounts.operations.record_runs import undo_import
from tests.accounts.imports.test_record_imports import AT, begin, bring
from tests.world import World

HEAD = "Account,Contract number,Start date,Amount,Billing,Quantity,Discount,Notice,Paper\n"


def file(*rows: str) -> str:
    return HEAD + "".join(f"{row}\n" for row in rows)


@pytest.fixture
def paper(world: World) -> World:
    by = world.amy.as_actor()
    add_field(label="Paper", kind="choice", choices=["Ours", "Theirs"], record="contract", by=by)
    return world


@pytest.mark.parametrize(
    ("quantity", "discount", "notice"),
    [
        ("-5", "", ""), ("NaN", "", ""), ("1e400", "", ""), ("99999999999999999999", "", ""), ("1.005", "", ""),
        ("0e999999999", "", "0e999999999x"), ("1", "NaN", ""),
        ("1", "Infinity", ""), ("1", "1e999999999", ""), ("1", "", "1e999999999"), ("1", "", "NaN"),
    ],
)  # fmt: skip
def test_a_figure_that_is_none_holds_its_row_and_no_other(
    world: World, quantity: str, discount: str, notice: str
) -> None:
    rows = (f"Initech,C-1,2026-01-01,10,month,{quantity},{discount},{notice},", "Initech,C-2,2026-01-01,10,month,1,,,")
    batch = begin(world, "contracts", file(*rows))
    assert bring(world, batch) == {"create": 1, "held": 1}
    assert [one.number for one in Contract.objects.all()] == ["C-2"]
    assert batch.lines.get(action="held").error != ""


def test_own_fields_of_contracts_come_with_the_file_and_go_back_with_it(paper: World) -> None:
    first = begin(paper, "contracts", file("Initech,C-1,2026-01-01,10,month,1,,,ours"))
    assert "custom.paper" in first.mapping.values()
    assert bring(paper, first) == {"create": 1}
    assert Contract.objects.get().custom == {"paper": "Ours"}
    changed = begin(paper, "contracts", file("Initech,C-1,2026-01-01,10,month,1,,,Theirs"))
    assert bring(paper, changed) == {"update": 1}
    assert Contract.objects.get().custom == {"paper": "Theirs"}
    wrong = begin(paper, "contracts", file("Initech,C-1,2026-01-01,10,month,1,,,Nobody's"))
    assert bring(paper, wrong) == {"held": 1}
    undo_import(batch=changed, by=paper.mona.as_actor(), at=AT)
    assert Contract.objects.get().custom == {"paper": "Ours"}


def test_contracts_show_their_own_fields_to_who_may_know_of_them(paper: World) -> None:
    add_field(label="Clause", kind="text", record="contract", view_roles=["manager"], by=paper.amy.as_actor())
    bring(paper, begin(paper, "contracts", file("Initech,C-1,2026-01-01,10,month,1,,,Ours")))
    Contract.objects.update(custom={"paper": "Ours", "clause": "XHIDDENX"})
    address = f"/accounts/{paper.account.pk}/contracts/"
    page = paper.browser(paper.alice).get(address).content.decode()
    assert "Paper" in page
    assert "Ours" in page
    assert "XHIDDENX" not in page
    assert "Clause" not in page
    assert "XHIDDENX" in paper.browser(paper.mona).get(address).content.decode()
