"""How the entries of the trail read. A test holds this table against all events."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from config import sentences_work as work
from config.sentences_catalogue import CATALOGUE, kpi_name
from config.sentences_contracts import CONTRACTS
from config.sentences_effects import EFFECTS
from config.sentences_people import PEOPLE
from config.sentences_playbooks import PLAYBOOKS
from config.sentences_teams import TEAMS
from users.trail import Sentence

# Areas of the trail, in the order in which the page offers them.
AREAS = {
    "accounts": "Accounts",
    "kpis": "KPIs and health",
    "playbooks": "Playbooks",
    "analytics": "Reports",
    "users": "People and access",
    "tenants": "Workspace",
}

_BANDS = {"green": "healthy", "yellow": "watch", "red": "at risk", "unknown": "not enough data"}


def _points(hundredths: int | None) -> str:
    return "unknown" if hundredths is None else f"{hundredths / 100:.2f}"


def _health(data: Mapping[str, Any]) -> str:
    band = _BANDS.get(data["band"], data["band"])
    return f"Health score went from {_points(data['old'])} to {_points(data['new'])}: {band}"


_FIELDS = {"arr": "ARR", "key": "number", "owner_id": "owner", "renewal_on": "renewal"}


def _edited(data: Mapping[str, Any]) -> str:
    """Of the workspace's own fields only that they changed: not every reader may know of each."""
    usual = [_FIELDS.get(name, name.replace("_", " ")) for name in data["changes"] if not name.startswith("custom.")]
    own = ["own fields"] if len(usual) < len(data["changes"]) else []
    fields = ", ".join([*usual, *own])
    return f"Changed the account: {fields}" if fields else "Changed the account"


_VIEW = {
    "saved": "Saved a view", "changed": "Changed a saved view", "shared": "Shared a saved view",
    "unshared": "Kept a saved view to themselves again", "removed": "Removed a saved view",
    "restored": "Brought a saved view back",
}  # fmt: skip


def _view(data: Mapping[str, Any]) -> str:
    return _VIEW.get(data["what"], "Changed a saved view")


def _segment(data: Mapping[str, Any]) -> str:
    return f"{data['what'].capitalize()} the segment {data['segment']}: {data['where']}"


def _left(data: Mapping[str, Any]) -> str:
    days = data["days"]
    return f"Left the segment {data['segment']} after {days} day{'' if days == 1 else 's'}"


def _bulk(data: Mapping[str, Any]) -> str:
    said = [_FIELDS.get(n, "an own field" if n.startswith("custom.") else n.replace("_", " ")) for n in data["changes"]]
    return f"Changed {data['accounts']:,} accounts at once: {', '.join(said)}"


def _name_matched(data: Mapping[str, Any]) -> str:
    if data.get("forgotten"):
        return "Forgot which account a name in files means"
    if data.get("account_id") is None:
        return "Said that a name in files is an account that is not here yet"
    alike = f", {data['score']} % alike" if data.get("score") is not None else ""
    return f"Said that a name in files means this account{alike}"


def _outcome(verb: str) -> Any:
    def said(data: Mapping[str, Any]) -> str:
        reason = f": {data['reason']}" if data.get("reason") else ""
        return f"{verb} that it {data['kind']} on {date.fromisoformat(data['on']):%-d %b %Y}{reason}"

    return said


def _corrected(data: Mapping[str, Any]) -> str:
    before = "nothing" if data["old"] is None else data["old"]
    month = f"{date.fromisoformat(data['period']):%b %Y}"
    return f"Corrected {kpi_name(data['kpi'])} of {month} from {before} to {data['new']}: {data['reason']}"


def _formula(data: Mapping[str, Any]) -> str:
    return f"Wrote version {data['version']} of the formula of {kpi_name(data['kpi'])}: {data['text']}"


_MEASURES = {"health": "health", "health_change": "health in 28 days", "days_to_renewal": "days to renewal"}


def _why(data: Mapping[str, Any]) -> str:
    """[[measure, value, op, limit], ...] as they were."""
    parts = [f"{_MEASURES.get(measure) or kpi_name(measure)} {value}" for measure, value, *_ in data["why"]]
    return f" ({', '.join(parts)})" if parts else ""


def _opened(data: Mapping[str, Any]) -> str:
    return f"{data['kind'].capitalize()} opened: {data['rule']}{_why(data)}"


def _closed(data: Mapping[str, Any]) -> str:
    days = f"{data['days']} day{'' if data['days'] == 1 else 's'}"
    return f"{data['kind'].capitalize()} closed after {days}: {data['rule']}{_why(data)}"


def _settled(data: Mapping[str, Any]) -> str:
    return f"Said that an unknown KPI is {kpi_name(data['kpi'])}" if data["kpi"] else "Set an unknown KPI aside"


def _drafted(data: Mapping[str, Any]) -> str:
    origin = f"from version {data['based_on']}" if data["based_on"] else "from a template"
    return f"Started version {data['number']} of a scorecard {origin}"


def _published(data: Mapping[str, Any]) -> str:
    parts = [f"Version {data['number']} of a scorecard went live"]
    if data["again"]:
        parts.append(f"the text of version {data['again']} again")
    if data["replaced"]:
        parts.append(f"in place of version {data['replaced']}")
    if data["alone"]:
        parts.append("approved by the person who submitted it, as nobody else could")
    return ", ".join(parts)


def _rule_set(data: Mapping[str, Any]) -> str:
    parts = []
    if len(set(data["priority"])) > 1:
        parts.append("priority from {} to {}".format(*data["priority"]))
    if data["rule"][0] != data["rule"][-1]:
        parts.append("the accounts it is for")
    return "Changed a scorecard" + (f": {', '.join(parts)}" if parts else "")


def _role(data: Mapping[str, Any]) -> str:
    parts = [f"now also {', '.join(data['added'])}"] * bool(data["added"])
    parts += [f"no longer {', '.join(data['removed'])}"] * bool(data["removed"])
    parts.append("sees every account" if data["sees_all"] else "sees own accounts")
    return f"Changed the role {data['role']}: {'; '.join(parts)}"


def _refused(data: Mapping[str, Any]) -> str:
    return "A sign-in was refused" + ("" if data["user_id"] else ": nobody here has that e-mail")


_SECURITY = {
    "password_changed": "Changed their password",
    "password_set": "Set a password",
    "password_reset": "Reset their password with a code",
    "email_changed": "Changed their e-mail address",
    "email_confirm": "Confirmed an e-mail address",
    "email_deleted": "Removed an e-mail address",
    "totp_activated": "Switched two-step sign-in on",
    "totp_deactivated": "Switched two-step sign-in off",
    "recovery_codes_generated": "Made new recovery codes",
}


def _security(data: Mapping[str, Any]) -> str:
    return _SECURITY.get(data["what"], data["what"].replace("_", " ").capitalize())


def _operator(data: Mapping[str, Any]) -> str:
    fields = f": {', '.join(data['fields'])}" if data["fields"] else ""
    return f"{data['what'].capitalize()} {data['model']} {data['row_id']} in the admin{fields}"


def _rolled_up(data: Mapping[str, Any]) -> str:
    band = _BANDS.get(data["band"], data["band"])
    return f"Health of the accounts below went from {_points(data['old'])} to {_points(data['new'])}: {band}"


def _exception_set(data: Mapping[str, Any]) -> str:
    verb = "Capped the score at" if data["kind"] == "cap" else "Lifted the score to at least"
    until = f", until {date.fromisoformat(data['expires_on']):%-d %b %Y}" if data["expires_on"] else ""
    return f"{verb} {data['limit'] / 100:g}{until}: {data['reason']}"


def _exception_withdrawn(data: Mapping[str, Any]) -> str:
    return f"Withdrew the {data['kind']} at {data['limit'] / 100:g}: {data['reason']}"


_VERDICTS = {
    "better": "better than chance",
    "worse": "worse than chance",
    "open": "no better than chance has been shown",
    "cannot_tell": "cannot tell",
}


def _record(data: Mapping[str, Any]) -> str:
    """changes are not shown: their fields are for the roles that may know of them."""
    verb = {"added": "Added", "edited": "Changed", "deleted": "Deleted", "restored": "Restored"}
    return f"{verb.get(data['what'], 'Changed')} a record: {data['code'].replace('_', ' ')}"


def _own_field(data: Mapping[str, Any]) -> str:
    """Of entries without a record the field is one of accounts."""
    return f"The {data.get('record', 'account').removeprefix('object:')} field {data['code']} was {data['what']}"


SENTENCES: dict[str, Sentence] = {
    "kpis.back_test_started": Sentence("Back-test started", "Started a back-test of version {version}", "history"),
    "kpis.back_test_finished": Sentence(
        "Back-test finished",
        lambda data: f"A back-test of version {data['version']} ended: {_VERDICTS.get(data['verdict'], 'see there')}",
        "history",
    ),
    "accounts.account_created": Sentence("Account created", "Created the account ({source})", "building-2"),
    "accounts.account_edited": Sentence("Account edited", _edited, "pencil"),
    "accounts.custom_object_changed": Sentence("Own object changed", "The object {code} was {what}", "settings"),
    "accounts.record_changed": Sentence("Record changed", _record, "box"),
    "accounts.custom_field_changed": Sentence("Own field changed", _own_field, "settings"),
    "accounts.account_imported": Sentence(
        "Account in a file",
        lambda data: "A file brought the account" if data["created"] else f"A file c{_edited(data)[1:]}",
        "file-up",
    ),
    "accounts.account_archived": Sentence(
        "Account archived",
        lambda data: "Brought the account back" if data["restored"] else "Archived the account",
        "flag",
    ),
    "accounts.accounts_imported": Sentence(
        "Accounts imported", "Imported accounts: {created} new, {updated} updated, {refused} refused", "file-up"
    ),
    "accounts.outcome_recorded": Sentence("Outcome recorded", _outcome("Recorded"), "flag"),
    **CONTRACTS,
    **work.SENTENCES,
    **TEAMS,
    "accounts.pair_decided": Sentence(
        "Possible duplicate decided",
        lambda data: (
            "Said that this account and one of a similar name are different"
            if data["different"]
            else "Put this account and one of a similar name up for another look"
        ),
        "git-branch",
    ),
    "accounts.accounts_merged": Sentence(
        "Accounts merged",
        lambda data: (
            f"Merged another account into this one: {data['rows']} rows moved here"
            if data["kept"]
            else f"Merged this account into another one: {data['rows']} rows moved there"
        ),
        "git-branch",
    ),
    "accounts.merge_undone": Sentence(
        "Merge undone", "Undid a merge: {rows} rows went back where they came from", "undo-2"
    ),
    "accounts.records_imported": Sentence(
        "Records imported", "Imported {kind}: {created} new, {updated} updated, {held} held", "file-up"
    ),
    "accounts.records_import_undone": Sentence(
        "Import undone", "Took an import of {kind} back: {undone} rows undone, {stayed} stay", "undo-2"
    ),
    "accounts.name_matched": Sentence("Name in files", _name_matched, "git-branch"),
    "accounts.outcome_withdrawn": Sentence("Outcome taken back", _outcome("Took back"), "undo-2"),
    **PEOPLE,
    **PLAYBOOKS,
    **EFFECTS,
    "accounts.view_changed": Sentence("Saved view changed", _view, "bookmark"),
    "accounts.segment_changed": Sentence("Segment changed", _segment, "list-filter"),
    "accounts.segment_entered": Sentence("Came into a segment", "Came into the segment {segment}", "arrow-right"),
    "accounts.segment_left": Sentence("Left a segment", _left, "arrow-left"),
    "accounts.bulk_change_started": Sentence("Many accounts changed", _bulk, "pencil"),
    "accounts.bulk_change_undone": Sentence(
        "Change of many accounts taken back", "Took a change of {accounts} accounts back", "undo-2"
    ),
    "kpis.value_corrected": Sentence("Value corrected", _corrected, "pencil"),
    "kpis.batch_imported": Sentence("Values imported", "Imported {values} KPI values", "file-spreadsheet"),
    "kpis.upload_finished": Sentence(
        "Upload finished", "An upload ended ({state}): {imported} values imported, {held} held", "file-check"
    ),
    "kpis.upload_rolled_back": Sentence(
        "Upload rolled back",
        "Rolled {file} back: {withdrawn} values taken back, {restored} earlier ones are in force again. {reason}",
        "undo-2",
        "bad",
    ),
    "kpis.inbox_file_picked_up": Sentence(
        "Inbox folder",
        lambda data: (
            f"Refused {data['file']} from the inbox folder: {data['message']}"
            if data["state"] == "refused"
            else f"Picked {data['file']} up from the inbox folder"
        ),
        "folder-open",
    ),
    "kpis.source_set": Sentence(
        "Source set",
        lambda data: (
            f"Said that {data['file']} from the inbox folder "
            + ("imports by itself when it is clean" if data["imports_alone"] else "waits for somebody to look at it")
        ),
        "folder-open",
    ),
    "kpis.health_changed": Sentence("Health changed", _health, "activity"),
    "kpis.exception_set": Sentence("Score capped or lifted", _exception_set, "shield"),
    "kpis.exception_withdrawn": Sentence("Cap or floor withdrawn", _exception_withdrawn, "undo-2"),
    "kpis.rolled_up": Sentence("Roll-up changed", _rolled_up, "building-2"),
    "kpis.portfolio_scored": Sentence("Portfolio scored", "Scored {scored} accounts, {moved} scores moved", "gauge"),
    "kpis.catalogue_checked": Sentence("Catalogue checked", "Looked over the KPI catalogue", "list-checks"),
    **CATALOGUE,
    "kpis.formula_written": Sentence("Formula written", _formula, "sigma"),
    "kpis.formula_retired": Sentence(
        "Formula retired", lambda data: f"Retired the formula of {kpi_name(data['kpi'])}", "trash-2"
    ),
    "kpis.values_computed": Sentence(
        "Values computed",
        lambda data: f"Computed {data['values']} values of {', '.join(map(kpi_name, data['kpis']))}",
        "sigma",
    ),
    "kpis.indicator_rule_changed": Sentence("Indicator rule changed", "The indicator rule “{rule}” was {what}", "zap"),
    "kpis.indicator_opened": Sentence("Indicator opened", _opened, "flag", "bad"),
    "kpis.indicator_closed": Sentence("Indicator closed", _closed, "circle-check"),
    "kpis.unknown_kpi_settled": Sentence("Unknown KPI settled", _settled, "circle-help"),
    "kpis.scorecard_created": Sentence("Scorecard created", "Created a scorecard", "file-plus"),
    "kpis.scorecard_drafted": Sentence("Scorecard drafted", _drafted, "git-branch"),
    "kpis.scorecard_edited": Sentence("Scorecard edited", "Edited version {number} of a scorecard", "pencil"),
    "kpis.scorecard_merged": Sentence(
        "Scorecard merged", "Took {rows} rows of live version {live_number} into version {number}", "corner-down-right"
    ),
    "kpis.scorecard_dropped": Sentence("Scorecard draft dropped", "Dropped version {number} of a scorecard", "trash-2"),
    "kpis.scorecard_checked": Sentence(
        "Scorecard checked",
        "Checked version {number} of a scorecard: {refused} to mend, {warnings} to look at",
        "list-checks",
    ),
    "kpis.scorecard_submitted": Sentence(
        "Scorecard sent to review", "Sent version {number} of a scorecard to review", "send"
    ),
    "kpis.scorecard_rejected": Sentence(
        "Scorecard sent back", "Sent version {number} of a scorecard back: {reason}", "undo-2", "bad"
    ),
    "kpis.scorecard_published": Sentence("Scorecard published", _published, "badge-check", "good"),
    "kpis.scorecard_rule_set": Sentence("Scorecard rule changed", _rule_set, "list-filter"),
    "kpis.scorecard_archived": Sentence("Scorecard archived", "Archived a scorecard", "archive"),
    "kpis.sample_added": Sentence(
        "Sample data added", "Added sample data: {accounts} accounts, {values} values", "flask-conical"
    ),
    "kpis.sample_removed": Sentence("Sample data removed", "Removed the sample data: {accounts} accounts", "trash-2"),
    "analytics.report_created": Sentence("Report created", "Created a report ({kind})", "file-text"),
    "users.workspace_opened": Sentence("Workspace opened", "Opened this workspace", "sparkles", "good"),
    "users.workspace_renamed": Sentence("Workspace renamed", "Renamed the workspace from {old} to {new}", "pencil"),
    "users.person_invited": Sentence("Person invited", "Invited {user_id} as {role}", "user-plus"),
    "users.person_joined": Sentence("Person joined", "{user_id} joined", "user", "good"),
    "users.person_added": Sentence("Person added", "Added {user_id} as {role}", "user-plus"),
    "users.role_changed": Sentence("Role given", "Changed the role of {user_id} from {old} to {new}", "users"),
    "users.person_deactivated": Sentence("Person deactivated", "Shut out {user_id}", "user-x", "bad"),
    "users.person_reactivated": Sentence("Person reactivated", "Let {user_id} in again", "user"),
    "users.profile_edited": Sentence("Profile edited", "Changed their own {fields}", "user"),
    "users.role_edited": Sentence("Role edited", _role, "shield"),
    "users.role_restored": Sentence("Role restored", "Restored the role {role}", "rotate-ccw"),
    "users.token_created": Sentence("API token made", "Made an API token for {user_id}", "key-round"),
    "users.token_revoked": Sentence("API token revoked", "Revoked an API token of {user_id}", "key-round", "bad"),
    "users.logged_in": Sentence("Signed in", "Signed in", "lock"),
    "users.login_refused": Sentence("Sign-in refused", _refused, "triangle-alert", "bad"),
    "users.security_changed": Sentence("Sign-in changed", _security, "shield"),
    "users.operator_changed": Sentence("Changed in the admin", _operator, "pencil"),
    "tenants.created": Sentence("Workspace made", "This workspace was made", "database"),
    "tenants.suspended": Sentence("Workspace suspended", "Suspended {schema_name}", "pause", "bad"),
    "tenants.resumed": Sentence("Workspace resumed", "Resumed {schema_name}", "play"),
}
