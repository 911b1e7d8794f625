"""What the accounts of a list add up to, as a whole and by group, over all that match and not only one page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zlib import crc32

from django.db import connection
from django.db.models import F, QuerySet, TextField, Value

from accounts.conditions import Field, Kind
from accounts.models import Account
from core.money import CURRENCIES
from kpis.queries.columns import Column, fields_of
from kpis.queries.orders import group_key
from kpis.queries.portfolio import Sums


@dataclass(frozen=True)
class Total:
    """What a column of numbers adds up to. how: sum or mean; currency: of a sum of money; unknown: accounts."""

    how: str
    value: Decimal | float | None
    currency: str
    unknown: int


@dataclass
class Bundle:
    """Some accounts. key: of their group, "" for all; score: sum of hundredths; known, added: by code of a column."""

    key: str = ""
    accounts: int = 0
    scored: int = 0
    score: int = 0
    coverage: int = 0
    arr: Sums = field(default_factory=Sums)
    known: dict[str, int] = field(default_factory=dict)
    added: dict[str, Any] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """A short name of the group for an address."""
        return f"{crc32(self.key.encode()):08x}"

    @property
    def mean_score(self) -> Decimal | None:
        return Decimal(self.score) / 100 / self.scored if self.scored else None

    @property
    def mean_coverage(self) -> int | None:
        return self.coverage // self.accounts if self.accounts else None

    def total(self, column: Field) -> Total:
        """Counts and money of one currency are added up, other figures are a mean of those that are known."""
        known, added = self.known.get(column.code, 0), self.added.get(column.code)
        unknown = self.accounts - known
        if column.unit in CURRENCIES or column.unit == "count":
            return Total("sum", added if known else None, column.unit if column.unit in CURRENCIES else "", unknown)
        return Total("mean", added / known if known and added is not None else None, "", unknown)

    def add(self, row: Sequence[Any], codes: Sequence[str]) -> None:
        """row: as `bundles` reads it, without the key."""
        currency, accounts, n_arr, arr, scored, score, coverage, *figures = row
        self.accounts += accounts
        self.scored += scored
        self.score += int(score or 0)
        self.coverage += int(coverage or 0)
        self.arr.add(arr, currency, unknown=accounts - n_arr)
        for at, code in enumerate(codes):
            known, added = figures[2 * at], figures[2 * at + 1]
            self.known[code] = self.known.get(code, 0) + known
            if known:
                self.added[code] = self.added.get(code, 0) + added


def numbers(columns: Sequence[Column]) -> list[Field]:
    return [one for one in fields_of(columns) if one.kind is Kind.NUMBER]


def bundles(
    accounts: QuerySet[Account], columns: Sequence[Column], *, group: Field | None
) -> tuple[Bundle, list[Bundle]]:
    """The whole, and its groups in their order (none without `group`), in one query that reads each figure once."""
    figures = numbers(columns)
    key = group_key(group) if group else Value("", output_field=TextField())
    asked = {f"sum_{at}": one.expression() for at, one in enumerate(figures)}
    inner = accounts.order_by().annotate(
        sum_key=key,
        sum_score=F("health__score_hundredths"),
        sum_coverage=F("health__coverage"),
        **asked,
    )
    rows = inner.values_list("sum_key", "currency", "arr", "sum_score", "sum_coverage", *asked)
    sql, params = rows.query.sql_with_params()
    names = ", ".join(["key", "currency", "arr", "score", "coverage", *(f"f{at}" for at in range(len(figures)))])
    added = "".join(f", count(f{at}), sum(f{at})" for at in range(len(figures)))
    whole, found = Bundle(), dict[str, Bundle]()
    codes = [one.code for one in figures]
    with connection.cursor() as cursor:
        cursor.execute(
            "select key, currency, count(*), count(arr), sum(arr), count(score), sum(score), sum(coverage)"  # noqa: S608
            f"{added} from ({sql}) shown ({names}) group by key, currency order by key",
            params,
        )
        for mark, *row in cursor.fetchall():
            for one in (whole, found.setdefault(mark, Bundle(mark))):
                one.add(row, codes)
    return whole, list(found.values()) if group else []
