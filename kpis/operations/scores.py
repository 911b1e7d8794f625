"""Computed scores as rows, in the form of `kpis.scoring.stored`."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from uuid6 import uuid7

from core.among import among
from kpis.models import HealthScore
from kpis.queries.scored import Scored
from kpis.scoring.stored import RECORD

_COLUMNS = ", ".join(("id", "account_id", "version_id", "as_of", *RECORD, "scored_at"))
_JSON = ("categories", "parts", "exceptions")


def replace_scores(scored: Scored, accounts: list[UUID], which: list[int], *, at: datetime) -> dict[int, UUID]:
    """Supersede what is stored of that day for the rows in `which` and store them anew; row -> id of its score.

    By COPY: a batch is thousands of rows of several kilobytes.
    """
    if not which:
        return {}
    of_day = HealthScore.objects.filter(among("account_id", [accounts[row] for row in which]), as_of=scored.day)
    of_day.filter(superseded_at=None).update(superseded_at=at)
    made: dict[int, UUID] = {row: uuid7() for row in which}
    with connection.cursor() as cursor, cursor.copy(f"copy kpis_healthscore ({_COLUMNS}) from stdin") as stream:
        for columns in _rows(scored, accounts, made, at):
            stream.write_row(columns)
    return made


def _rows(scored: Scored, accounts: list[UUID], made: dict[int, UUID], at: datetime) -> Iterator[tuple[Any, ...]]:
    for (row, score_id), record in zip(made.items(), scored.records(list(made)), strict=True):
        plain = (orjson.dumps(record[name]).decode() if name in _JSON else record[name] for name in RECORD)
        yield (score_id, accounts[row], scored.card.row.pk, scored.day, *plain, at)
