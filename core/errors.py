class DomainError(Exception):
    """An expected refusal, worded for the person who caused it. Pages answer 422, the API 409.

    `field` names the input it belongs to, so that the page can say it there; None means the whole form.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Conflict(DomainError):
    """Somebody else changed the record since it was opened; nothing was overwritten."""


class CrossTenant(RuntimeError):
    """A queryset, record or cursor of one tenant was about to be used in another. Always a defect, never a refusal."""
