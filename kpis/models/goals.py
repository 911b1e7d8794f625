from typing import Any, ClassVar

from django.db import models

from accounts.models import Account, OfAccountQuerySet
from core.models import TenantModel
from kpis.models.catalogue import Kpi


class Benchmark(TenantModel):
    """What others reach, with its source: a KPI's figure in a population, never part of a score.

    statistic: "p25", "median", "p75", "mean", "best in class". year: that the figure speaks of; None where the source
    does not say, which only figures that came with the catalogue may leave open.
    """

    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="benchmarks")
    population = models.CharField(max_length=160)
    statistic = models.CharField(max_length=16)
    value = models.DecimalField(max_digits=20, decimal_places=6)
    source = models.CharField(max_length=200)
    year = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kpi", "population", "statistic", "year"], name="benchmark_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.statistic} {self.value} ({self.source}, {self.year or 'year not stated'})"


class Target(TenantModel):
    """What an account is to reach in a KPI, by when, and on what basis; a new one ends the one before."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="targets", db_index=False)
    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="targets", db_index=False)
    value = models.DecimalField(max_digits=20, decimal_places=6)
    due_on = models.DateField(null=True)
    basis = models.CharField(max_length=300)  # why this number: contract, benchmark, agreed in the review of ...
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=160, blank=True)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "kpi"], condition=models.Q(ended_at=None), name="target_once")
        ]

    def __str__(self) -> str:
        return f"{self.kpi_id}: {self.value}"
