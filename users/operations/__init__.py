from users.operations.operators import add_operator
from users.operations.people import (
    accept_invitation,
    add_person,
    change_role,
    deactivate_person,
    edit_profile,
    invite_person,
    reactivate_person,
    renew_invitation,
)
from users.operations.roles import Wanted, create_default_roles, edit_roles, restore_role
from users.operations.signup import Opened, open_workspace, propose_slug, resend_code, start_signup
from users.operations.tickets import enter, issue_ticket
from users.operations.tokens import create_token, revoke_token
from users.operations.trail import record_login, record_operator_change, record_refused_login, record_security_change
from users.operations.workspace import rename_workspace

__all__ = [
    "Opened",
    "Wanted",
    "accept_invitation",
    "add_operator",
    "add_person",
    "change_role",
    "create_default_roles",
    "create_token",
    "deactivate_person",
    "edit_profile",
    "edit_roles",
    "enter",
    "invite_person",
    "issue_ticket",
    "open_workspace",
    "propose_slug",
    "reactivate_person",
    "record_login",
    "record_operator_change",
    "record_refused_login",
    "record_security_change",
    "rename_workspace",
    "renew_invitation",
    "resend_code",
    "restore_role",
    "revoke_token",
    "start_signup",
]
