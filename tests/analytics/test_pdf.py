"""The file itself: real text, pages that know where they are, tags for those who listen, nothing fetched."""

import hashlib
import logging
import re
import socket
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.storage import default_storage

from accounts.models import Account
from analytics import pdf
from analytics.models import Report
from analytics.pdf import render_pdf
from core.models import Entry
from kpis.models import AccountHealth
from kpis.operations.health import rescore_accounts
from tests.analytics.conftest import AT, SYSTEM, VALUES, pdf_of, words
from tests.world import World

Written = Callable[..., Report]


def test_the_file_says_what_is_stored(scored: World, written: Written) -> None:
    Account.objects.filter(pk=scored.account.pk).update(arr=Decimal("482000"), industry="Logistics", region="EMEA")
    report = written(scored.account, by=scored.alice)
    pages = [words(page) for page in pdf_of(report).pages]
    text = " ".join(pages)
    health = AccountHealth.objects.select_related("latest").get(pk=scored.account.pk)
    assert report.pages == len(pages) > 1
    for said in (
        "Initech",
        "€482,000",
        "Logistics, EMEA",
        f"{health.score}",
        "november.xlsx v2, KPI Data!C17: “85 %”",
        "Corrected by hand, Mona",
        "Scorecard",
        health.latest.input_hash,
        str(report.pk),
    ):
        assert said in text, said
    head = Entry.objects.order_by("seq").filter(event="kpis.health_changed").get()
    assert f"Stood at entry {head.seq}, {head.hash}" in text


def test_printed_contributions_add_up_to_the_printed_score(scored: World, written: Written) -> None:
    text = " ".join(words(page) for page in pdf_of(written(scored.account, by=scored.alice)).pages)
    evidence = text[text.index("Evidence") : text.index("Without data")]
    lines = re.findall(r"\d{1,3}% \d+\.\d \d+\.\d\d% (−?\d+\.\d\d)", evidence)
    score = AccountHealth.objects.get(pk=scored.account.pk).score
    assert len(lines) == VALUES
    assert sum(map(Decimal, lines)) == score
    assert f"Sum {score}" in evidence
    assert f"Health score, the sum of the contributions {score}" in text


def test_every_page_says_whose_it_is_of_when_and_which_one(scored: World, written: Written) -> None:
    scored.alice.time_zone = "Europe/Berlin"
    scored.alice.save()
    pages = [words(page) for page in pdf_of(written(scored.account, by=scored.alice)).pages]
    for number, text in enumerate(pages, start=1):
        assert "As of 20 Nov 2026, 10:30 CET" in text
        assert f"{number} of {len(pages)}" in text
        assert "Initech" in text
        assert "North" in text


def test_the_table_of_evidence_repeats_its_head(scored: World, written: Written) -> None:
    pages = [words(page) for page in pdf_of(written(scored.account, by=scored.alice)).pages]
    with_lines = [text for text in pages[1:] if re.search(r"Oct 2026 \d{1,3}% ", text)]
    assert len(with_lines) > 1
    assert all("KPI and source Value Month Fresh Points Weight Contribution" in text for text in with_lines)


def test_tags_language_title_and_words_for_pictures(scored: World, written: Written) -> None:
    reader = pdf_of(written(scored.account, by=scored.alice))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712  a type of its own
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert reader.metadata is not None
    assert reader.metadata.title == "Initech: health report as of 20 Nov 2026"
    assert reader.metadata.author == "North"
    kinds: dict[str, int] = {}
    alternatives = []
    for element in _elements(root["/StructTreeRoot"]):
        kind = str(element.get("/S", ""))
        kinds[kind] = kinds.get(kind, 0) + 1
        if kind == "/Figure":
            alternatives.append(str(element.get("/Alt", "")))
    assert (kinds["/H1"], kinds["/H2"] >= 7, kinds["/TH"] > 50, kinds["/Table"] >= 4) == (1, True, True, True)
    assert len(alternatives) == 6
    assert all(alternatives)
    assert alternatives[0].startswith("Health score by month: ")


def _elements(node: Any) -> list[Any]:
    """Every structure element below `node`."""
    found, children = [], node.get("/K", [])
    for child in children if isinstance(children, list) else [children]:
        child = child.get_object() if hasattr(child, "get_object") else child
        if isinstance(child, dict) and "/S" in child:
            found += [child, *_elements(child)]
    return found


def test_letters_are_embedded_and_our_own(scored: World, written: Written) -> None:
    reader = pdf_of(written(Account.objects.create(name="Łódź & Söhne — Ağrı"), by=scored.mona))
    fonts = {}
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            fonts[str(font.get_object()["/BaseFont"])] = "/FontFile2" in descendant["/FontDescriptor"]
    assert all(fonts.values())
    assert {name.partition("+")[2].partition("-")[0] for name in fonts} == {"Inter"}
    assert "Łódź & Söhne — Ağrı" in words(reader.pages[0])


def test_an_account_without_data_says_so_in_every_section(world: World, written: Written) -> None:
    report = written(world.account, by=world.alice)
    assert report.pages == 1
    text = words(pdf_of(report).pages[0])
    assert "No data: no KPI of this account has a value that counts, so there is no score." in text
    for section in ("What the score is made of", "What costs most", "What gives most", "Evidence"):
        assert section in text, section
    assert text.count("No data.") == 4
    assert "Nothing is on the record for this account." in text
    assert text.count("—") == 3, "ARR, renewal and customer since are unknown"
    assert "Stood at entry" in text


def test_hostile_names_are_printed_and_fetch_nothing(
    world: World, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "<img src=http://127.0.0.1/x> <script>alert(1)</script> {{ 7|add:7 }} url(http://127.0.0.1)"
    Account.objects.filter(pk=world.account.pk).update(
        name=name, industry="</p><link rel=stylesheet href=file:///etc/passwd>", region="<iframe src=file:///etc/hosts>"
    )
    touched = []
    connect = socket.socket.connect

    def watched(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            touched.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    text = words(pdf_of(written(world.account, by=world.alice)).pages[0])
    assert touched == []
    for printed in (
        "<img src=http://127.0.0.1/x>",
        "<script>alert(1)</script>",
        "{{ 7|add:7 }}",
        "href=file:///etc/passwd",
    ):
        assert printed in text, printed


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/x.png", "https://example.com/x.png", "file:///etc/passwd", "ftp://x/y", "//x/y"]
)
def test_nothing_but_data_is_fetched(
    address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*args: Any) -> None:
        raise AssertionError(f"connected to {args}")

    monkeypatch.setattr(socket.socket, "connect", refused)
    body = f'<img alt="x" src="{address}"><link rel="stylesheet" href="{address}"><p>still here</p>'
    with caplog.at_level(logging.CRITICAL, "weasyprint"):
        data, pages = render_pdf(
            f"<html lang=en><title>t</title>{body}</html>", f"@import url({address}); p {{ color: red }}"
        )
    assert pages == 1
    assert data.startswith(b"%PDF-")
    assert b"root:" not in data


def test_a_document_does_not_grow_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST_CHARACTERS", 100)
    with pytest.raises(pdf.TooLarge, match="^This report is too large to be written."):
        render_pdf("x" * 101, "")


def test_the_hash_is_of_the_file(scored: World, written: Written) -> None:
    report = written(scored.account, by=scored.alice)
    with default_storage.open(report.path) as file:
        data = file.read()
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (report.sha256, report.size)
    assert Entry.objects.get(event="analytics.report_created").data == {
        "account_id": str(scored.account.pk),
        "report_id": str(report.pk),
        "kind": "health",
        "sha256": report.sha256,
    }


def test_a_score_without_a_single_value_is_no_data_too(scored: World, written: Written) -> None:
    """Scoring leaves a row for an account that has nothing: nothing of it is printed as if it were a figure."""
    empty = Account.objects.create(name="Empty", owner=scored.alice)
    rescore_accounts(account_ids=[empty.pk], at=AT, by=SYSTEM)
    text = " ".join(words(page) for page in pdf_of(written(empty, by=scored.alice)).pages)
    assert "No data: no KPI of this account has a value that counts, so there is no score." in text
    assert text.count("No data.") == 4
    assert "0.00" not in text
    assert "61 KPIs of the scorecard have no value that counts." in text
