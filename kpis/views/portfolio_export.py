"""The list of accounts as a file: exactly what is shown, in its order."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from accounts import rules as accounts_rules
from accounts.conditions import Field, Kind
from accounts.models import Account
from core.http import Request, permission_required
from kpis.catalogue import CATEGORIES
from kpis.models import AccountHealth, Band
from kpis.queries import columns as columns_queries
from kpis.queries import portfolio as queries
from kpis.queries.columns import Column
from kpis.queries.orders import group_name
from kpis.views.looks import Looks
from kpis.views.portfolio import asked
from kpis.workbook import neutralise
from kpis.workbook.table import write_table


@login_required
@require_GET
@permission_required(accounts_rules.EXPORT)
def portfolio_export(request: Request) -> HttpResponse:
    """As CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(
        [neutralise(one) if isinstance(one, str) else one for one in line] for line in _file(request)
    )
    return _answer(text.getvalue(), "text/csv; charset=utf-8", "csv")


@login_required
@require_GET
@permission_required(accounts_rules.EXPORT)
def portfolio_workbook(request: Request) -> HttpResponse:
    """As an Excel workbook; text is written as text, so that nothing in it is calculated."""
    content = write_table("Accounts", _file(request))
    return _answer(content, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")


def _answer(content: str | bytes, kind: str, ending: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="accounts-{now():%Y-%m-%d}.{ending}"'
    return response


def _file(request: Request) -> Iterator[list[Any]]:
    given, today = asked(request), now().date()
    wanted = given.wanted()
    accounts = queries.book(wanted, by=request.actor, today=today)
    if given.errors.get("where"):
        accounts = accounts.none()  # as the page: nobody knows who is meant
    looks = Looks.of(wanted, by=request.actor)
    ordered, order = queries.in_order(accounts, wanted.sort, all_scored=False, field=looks.sort, group=looks.group)
    ordered = ordered.annotate(**columns_queries.asked_of(looks.columns)).order_by(*order)
    lines = _lines(ordered) if looks.columns == columns_queries.usual() else _chosen(ordered, looks.columns)
    return _grouped(lines, ordered, looks.group) if looks.group else lines


def _grouped(lines: Iterator[list[Any]], accounts: Iterable[Account], group: Field) -> Iterator[list[Any]]:
    """Each line begins with the name of its group; groups that are shut on the page are in the file too."""
    yield [group.label, *next(lines)]
    for account, line in zip(accounts, lines, strict=True):
        yield [group_name(group, getattr(account, "group_key", "")), *line]


def _lines(accounts: Iterable[Account]) -> Iterator[list[Any]]:
    yield [
        "Account", "Industry", "Region", "Sample", "Band", "Score", *(category.name for category in CATEGORIES),
        "Change in 28 days", "Coverage %", "ARR", "Currency", "Owner", "Renewal", "As of",
    ]  # fmt: skip
    for account in accounts:
        health = getattr(account, "health", None)
        prints = list(health.fingerprint) if health else [None] * len(CATEGORIES)
        text = (account.name, account.industry, account.region)
        yield [
            *text,
            "yes" if account.sample else "no",
            Band(health.band).label if health else Band.UNKNOWN.label,
            health.score if health else None,
            *prints,
            health.change if health else None,
            health.coverage if health else None,
            account.arr,
            account.currency,
            account.owner.name if account.owner else "",
            account.renewal_on,
            health.as_of if health else None,
        ]


def _chosen(accounts: Iterable[Account], columns: list[Column]) -> Iterator[list[Any]]:
    """The name and the chosen columns; figures as figures, in the unit of the head."""
    yield ["Account", *(title for column in columns for title in _titles(column))]
    for account in accounts:
        known = columns_queries.values_of(account, columns)
        yield [account.name, *(cell for one in columns for cell in _cells(account, one, known.get(one.code)))]


def _titles(column: Column) -> list[str]:
    match column.code:
        case "arr":
            return ["ARR", "Currency"]
        case "health" if column.field is None:
            return ["Band", "Score"]
        case "health_change" if column.field is None:
            return ["Change in 28 days"]
        case "coverage" if column.field is None:
            return ["Coverage %"]
        case "trend":
            return ["Score twelve months ago"]
    unit = column.field.unit if column.field else ""
    return [f"{column.label} ({unit})" if unit else column.label]


def _cells(account: Account, column: Column, value: Any) -> list[Any]:
    health: AccountHealth | None = getattr(account, "health", None)
    match column.code:
        case "arr":
            return [account.arr, account.currency]
        case "health":
            return [Band(health.band).label if health else Band.UNKNOWN.label, health.score if health else None]
        case "health_change":
            return [health.change if health else None]
        case "coverage":
            return [health.coverage if health else None]
        case "trend":
            first = next(iter(health.trend), None) if health else None
            return [None if first is None else first / 100]
        case "renewal_on":
            return [account.renewal_on]
        case "owner":
            return [account.owner.name if account.owner else ""]
    return [_written(column.field, value)] if column.field else [None]


def _written(field: Field, value: Any) -> Any:
    if value is None or isinstance(value, date):
        return value
    if field.kind is Kind.YES:
        return "yes" if value else "no"
    return dict(field.choices).get(value, value) if field.kind is Kind.CHOICE else value
