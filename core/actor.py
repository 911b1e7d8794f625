from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Actor:
    """Whoever causes a change: a person, a person's API token, or the system itself."""

    label: str
    user_id: UUID | None = None
    permissions: frozenset[str] = frozenset()
    sees_all: bool = False
    token_id: UUID | None = None
    role: str = ""  # code of the person's role

    @classmethod
    def system(cls, label: str) -> "Actor":
        """The product acting on its own. Only tasks and commands may build one; ruff bans it elsewhere."""
        return cls(label=f"system:{label}", sees_all=True)

    @property
    def is_system(self) -> bool:
        return self.user_id is None and self.sees_all
