"""What is known of a source over its files: cells that said again what was there, its inbox, what people decided."""

from django.db import models

from core.models import Guarded, TenantModel
from kpis.models.uploads import Upload
from kpis.models.values import KpiValue


class RepeatedCell(Guarded):
    """A cell of an imported file that changed nothing, because the value was there or a person had corrected it.

    value: what was in force then. said: the cell's number. With these rows two versions of a file can be compared
    cell by cell, and a value that is rolled back stays when a later file says the same.
    """

    id = models.BigAutoField(primary_key=True)
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="repeated")
    value = models.ForeignKey(KpiValue, on_delete=models.CASCADE, related_name="repeated")
    said = models.DecimalField(max_digits=20, decimal_places=6)
    sheet = models.CharField(max_length=80, blank=True)
    address = models.CharField(max_length=24, blank=True)
    raw = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.address}: {self.raw}"


class Source(TenantModel):
    """All files of one name. imports_alone: a person has said that a clean file of it needs nobody to commit it."""

    file_name = models.CharField(max_length=200, unique=True)
    imports_alone = models.BooleanField(default=False)
    decided_by = models.CharField(max_length=160, blank=True)
    decided_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.file_name


class InboxFile(TenantModel):
    """A file seen in the inbox folder: growing (it is left until it stands still), taken, refused or known already."""

    class State(models.TextChoices):
        GROWING = "growing"
        TAKEN = "taken"
        REFUSED = "refused"
        KNOWN = "known"  # exactly these bytes under this name were picked up before

    file_name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    modified_ns = models.BigIntegerField()  # as the file system says; another figure means that somebody still writes
    state = models.CharField(max_length=8, default=State.GROWING)
    message = models.CharField(max_length=400, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    kept_as = models.CharField(max_length=300, blank=True)  # below the inbox folder
    upload = models.ForeignKey(Upload, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    seen_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file_name"], condition=models.Q(done_at=None), name="inbox_file_once")
        ]
        indexes = [models.Index(fields=["-seen_at", "id"], name="inbox_file_newest")]

    def __str__(self) -> str:
        return f"{self.file_name} {self.state}"


class InboxLook(TenantModel):
    """The last look into the inbox folder; one row. problem: why it failed, empty when it did not."""

    one = models.BooleanField(default=True, unique=True)
    looked_at = models.DateTimeField()
    problem = models.CharField(max_length=400, blank=True)

    def __str__(self) -> str:
        return f"looked at {self.looked_at:%Y-%m-%d %H:%M}"
