from dataclasses import dataclass
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class ReportCreated(Event):
    name = "analytics.report_created"
    report_id: UUID
    kind: str
    sha256: str
