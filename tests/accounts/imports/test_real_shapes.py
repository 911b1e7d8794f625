"""Files as they are found: a few rows of published data sets whose licences allow it, and shapes built by hand.

MAVEN: rows of the CRM sales data of Maven Analytics' data playground, which lists it as public domain.
TELCO: rows of IBM's telco-customer-churn-on-icp4d, Apache-2.0. RETAIL: rows of UCI Online Retail by invoice, CC BY 4.0.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account, Contract, Outcome, SubscriptionLine
from accounts.operations.record_imports import map_import, start_import
from accounts.operations.record_kinds.written import as_written, kind_of, proposed
from tests.accounts.imports.test_record_imports import AT, bring
from tests.world import World

MAVEN_ACCOUNTS = """account,sector,year_established,revenue,employees,office_location,subsidiary_of
Bluth Company,technolgy,1993,1242.32,3027,United States,Acme Corporation
Acme Corporation,technolgy,1996,1100.04,2822,United States,
dambase,marketing,1995,2173.98,2928,United States,Inity
"""
MAVEN_PRODUCTS = "product,series,sales_price\nGTX Plus Basic,GTX,1096\nGTX Pro,GTX,4821\n"
MAVEN_PIPELINE = """opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
1C1I7A6R,Moses Frase,GTX Plus Basic,Acme Corporation,Won,10/20/2016,3/1/2017,1054
Z063OYW0,Darcel Schlecht,GTXPro,Bluth Company,Won,10/25/2016,3/11/2017,4514
62FH5TSN,Vicki Laflamme,GTX Pro,Bluth Company,Engaging,11/14/2016,,
"""
TELCO = """customerID,gender,SeniorCitizen,tenure,Contract,PaperlessBilling,MonthlyCharges,TotalCharges,Churn
7590-VHVEG,Female,0,1,Month-to-month,Yes,29.85,29.85,No
5575-GNVDE,Male,0,34,One year,No,56.95,1889.5,No
3668-QPYBK,Male,0,2,Month-to-month,Yes,53.85,108.15,Yes
"""
RETAIL = """InvoiceNo,InvoiceDate,CustomerID,Country,lines,quantity,revenue
543272,2011-02-06 11:11,14810,United Kingdom,16,61,136.65
543521,2011-02-09 11:49,,United Kingdom,1,-6,0.0
543273,2011-02-06 11:29,16456,United Kingdom,46,247,449.28
"""


def load(world: World, kind: str, text: str, columns: dict[str, str], *, key: str = "", **reading: Any) -> Any:
    """Through the wizard as an admin: what is proposed, with the answers of a person on top."""
    amy = world.amy.as_actor()
    batch = start_import(kind=kind, data=text.encode(), file_name="f.csv", by=amy, at=AT)
    mapping = {str(at): columns.get(name, batch.mapping[str(at)]) for at, name in enumerate(batch.headings)}
    return map_import(import_id=batch.pk, mapping=mapping, key=key or batch.key, by=amy, reading=reading)


def test_a_crm_of_accounts_products_and_deals(world: World) -> None:
    new = dict.fromkeys(("year_established", "revenue", "employees"), "new")
    accounts = load(world, "accounts", MAVEN_ACCOUNTS, new)
    assert bring(world, accounts) == {"create": 2, "held": 1}
    bluth = Account.objects.get(name="Bluth Company")
    assert (bluth.parent.name, bluth.industry, bluth.region) == ("Acme Corporation", "technolgy", "United States")
    assert bluth.custom == {"year_established": "1993", "revenue": "1242.32", "employees": "3027"}
    assert accounts.lines.get(action="held").error == "No account is called “Inity” or has that number."
    assert bring(world, load(world, "products", MAVEN_PRODUCTS, {})) == {"create": 2}
    deals = load(
        world, "contracts", MAVEN_PIPELINE,
        {"opportunity_id": "number", "close_date": "starts_on", "close_value": "amount"},
        only={"column": "4", "is": "Won"}, same={"recurring": "no", "currency": "USD"},
    )  # fmt: skip
    assert deals.reading["days"] == "mdy"
    assert bring(world, deals) == {"create": 2, "left_out": 1}
    pro = SubscriptionLine.objects.select_related("product").get(contract__number="Z063OYW0")
    assert (pro.product.name, pro.amount, pro.starts_on, pro.recurring) == ("GTX Pro", 4514, date(2017, 3, 11), False)


def test_subscribers_become_accounts_contracts_and_outcomes(world: World) -> None:
    new = dict.fromkeys(("SeniorCitizen", "tenure", "PaperlessBilling"), "new")
    accounts = load(world, "accounts", TELCO, {"customerID": "key", "Contract": "tier", **new})
    assert bring(world, accounts) == {"create": 3}
    first = Account.objects.get(key="7590-VHVEG")
    assert (first.name, first.tier) == ("7590-VHVEG", "Month-to-month")
    assert first.custom == {"seniorcitizen": False, "tenure": "1", "paperlessbilling": True}
    same = {"billing": "month", "starts_on": "2026-01-01", "currency": "USD"}
    columns = {"customerID": "account", "Contract": "name", "MonthlyCharges": "amount"}
    assert bring(world, load(world, "contracts", TELCO, columns, key="name", same=same)) == {"create": 3}
    assert Account.objects.get(key="5575-GNVDE").arr == Decimal("683.40")
    assert Contract.objects.get(account=first).name == "Month-to-month"
    left = load(
        world, "outcomes", TELCO, {"customerID": "account", "Churn": ""},
        only={"column": "8", "is": "Yes"}, same={"kind": "Churned", "on": "2026-10-31"},
    )  # fmt: skip
    assert bring(world, left) == {"create": 1, "left_out": 2}
    assert Outcome.objects.get().account.key == "3668-QPYBK"


def test_invoices_name_their_customers_by_number_alone(world: World) -> None:
    batch = load(world, "accounts", RETAIL, {})
    assert bring(world, batch) == {"create": 2, "held": 1}
    assert batch.lines.get(action="held").error == "Number is missing."
    assert Account.objects.get(key="14810").region == "United Kingdom"


def test_transactions_with_padded_numbers_keep_them(world: World) -> None:
    text = "customer_id,date,number_of_cds,dollar_value\n00001,1997-01-01,1,11.77\n00001,1997-01-12,1,12.00\n"
    assert bring(world, load(world, "accounts", text, {})) == {"create": 1, "same": 1}
    assert Account.objects.filter(key="00001").exists()


def test_other_encodings_and_delimiters_are_read(world: World) -> None:
    text = "Name;Region;ARR\nMüller & Söhne;Köln;1.250,50\n"
    for data in (text.encode("cp1252"), text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode()):
        batch = start_import(kind="accounts", data=data, file_name="f.csv", by=world.mona.as_actor(), at=AT)
        assert (batch.headings, batch.reading["decimal"], batch.rows) == (["Name", "Region", "ARR"], ",", 1)
        bring(world, batch)
    assert Account.objects.get(name="Müller & Söhne").arr == Decimal("1250.50")


@pytest.mark.parametrize(
    ("cell", "days", "found"),
    [
        ("10/20/2016", "", date(2016, 10, 20)),
        ("20/10/2016", "", date(2016, 10, 20)),
        ("3/4/2026", "mdy", date(2026, 3, 4)),
        ("3/4/2026", "dmy", date(2026, 4, 3)),
        ("3/4/26", "dmy", date(2026, 4, 3)),
        ("3.4.2026", "mdy", date(2026, 4, 3)),
        ("19970112", "", date(1997, 1, 12)),
        ("2010-12-01 08:26", "", date(2010, 12, 1)),
        ("12/1/2010 8:26 PM", "mdy", date(2010, 12, 1)),
    ],
)
def test_days_are_read_as_they_are_written(cell: str, days: str, found: date) -> None:
    assert as_written(cell, "day", {"days": days}) == found


def test_what_can_be_two_days_is_asked() -> None:
    with pytest.raises(ValueError, match="can be two days"):
        as_written("3/4/2026", "day", {})
    assert as_written("31/31/2026", "day", {}) == "31/31/2026"  # left to the reader, which refuses it
    assert proposed([["1/13/2026", "1,250.50"]]) == {"days": "mdy", "decimal": "."}
    assert proposed([["13/1/2026"], ["1/13/2026"], ["1,5"], ["1.5"]]) == {"days": "", "decimal": ""}


@pytest.mark.parametrize(
    ("cell", "decimal", "found"),
    [("1.234", ".", "1.234"), ("1.234", ",", "1234"), ("$1,250.50", ".", "1250.50"), ("(12,5)", ",", "-12.5")],
)
def test_figures_are_read_with_the_sign_that_was_said(cell: str, decimal: str, found: str) -> None:
    assert as_written(cell, "amount", {"decimal": decimal}) == Decimal(found)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "22.5"], "number"),
        (["0", "1"], "yes or no"),
        (["Yes", "no", ""], "yes or no"),
        (["00012", "00013"], "text"),
        (["2026-01-01"], "date"),
        (["DSL", "No"], "text"),
        ([], "text"),
    ],
)
def test_a_new_field_has_the_kind_of_its_cells(cells: list[str], kind: str) -> None:
    assert kind_of(cells) == kind
