from dataclasses import dataclass
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class WorkspaceOpened(Event):
    """Sign-up was confirmed: the first person of a new tenant."""

    name = "users.workspace_opened"
    user_id: UUID


@dataclass(frozen=True)
class WorkspaceRenamed(Event):
    name = "users.workspace_renamed"
    old: str
    new: str


@dataclass(frozen=True)
class PersonInvited(Event):
    """`ticket_id` is what the mail carries, signed; sent again when the invitation is renewed."""

    name = "users.person_invited"
    user_id: UUID
    role: str
    ticket_id: UUID
    again: bool


@dataclass(frozen=True)
class PersonJoined(Event):
    name = "users.person_joined"
    user_id: UUID


@dataclass(frozen=True)
class PersonAdded(Event):
    """Added by a command with a password of its own, without an invitation."""

    name = "users.person_added"
    user_id: UUID
    role: str


@dataclass(frozen=True)
class RoleChanged(Event):
    name = "users.role_changed"
    user_id: UUID
    old: str
    new: str


@dataclass(frozen=True)
class PersonDeactivated(Event):
    name = "users.person_deactivated"
    user_id: UUID


@dataclass(frozen=True)
class PersonReactivated(Event):
    name = "users.person_reactivated"
    user_id: UUID


@dataclass(frozen=True)
class ProfileEdited(Event):
    """`fields` are the names of what changed, not the values."""

    name = "users.profile_edited"
    user_id: UUID
    fields: list[str]


@dataclass(frozen=True)
class RoleEdited(Event):
    name = "users.role_edited"
    role: str
    added: list[str]
    removed: list[str]
    sees_all: bool


@dataclass(frozen=True)
class RoleRestored(Event):
    name = "users.role_restored"
    role: str


@dataclass(frozen=True)
class TokenCreated(Event):
    name = "users.token_created"
    token_id: UUID
    user_id: UUID
    expires_on: str | None


@dataclass(frozen=True)
class TokenRevoked(Event):
    name = "users.token_revoked"
    token_id: UUID
    user_id: UUID


@dataclass(frozen=True)
class LoggedIn(Event):
    name = "users.logged_in"
    user_id: UUID


@dataclass(frozen=True)
class LoginRefused(Event):
    """user_id is None when nobody here has the e-mail that was tried."""

    name = "users.login_refused"
    user_id: UUID | None


@dataclass(frozen=True)
class SecurityChanged(Event):
    """`what` is a code such as password_changed, totp_activated or recovery_codes_generated."""

    name = "users.security_changed"
    user_id: UUID
    what: str


@dataclass(frozen=True)
class OperatorChanged(Event):
    """An operator changed a row through Django admin. In the operators' trail."""

    name = "users.operator_changed"
    model: str
    row_id: str
    what: str  # added, changed, deleted
    fields: list[str]
