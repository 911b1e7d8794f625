"""How contracts, renewals and exchange rates read on the trail; part of config.sentences."""

from collections.abc import Mapping
from typing import Any

from users.trail import Sentence

_CONTRACT = {
    "created": "Drafted a contract",
    "edited": "Changed a contract",
    "activated": "Brought a contract into force",
    "cancelled": "Recorded the notice of a contract",
    "ended": "Ended a contract",
    "withdrawn": "Took a contract back",
    "renewed": "Renewed a contract",
    "line_added": "Added a subscription line",
    "line_changed": "Changed what is paid from a day on",
    "line_corrected": "Corrected a subscription line",
    "line_removed": "Withdrew a subscription line",
    "unpaid": "Marked a contract as unpaid",
    "paid": "Marked a contract as paid",
    "overdue": "A contract is past its last day and nobody has decided",
}


_RENEWAL = {
    "opened": "Opened a renewal",
    "moved": "A renewal followed its contract",
    "forecast": "Changed what is expected of a renewal",
    "renewed": "Closed a renewal: renewed",
    "extended": "Closed a renewal: extended",
    "lost": "Closed a renewal: lost",
    "escalated": "A renewal needs a leader's decision",
}


def _renewal(data: Mapping[str, Any]) -> str:
    return _RENEWAL[data["what"]] + (f": {data['reason']}" if data.get("reason") else "")


def _decided(data: Mapping[str, Any]) -> str:
    decision = str(data["decision"]).replace("_", " ")
    return f"Decided at checkpoint {data['number']} that a renewal is {decision}: {data['note']}"


def _contract(data: Mapping[str, Any]) -> str:
    reason = f": {data['reason']}" if data.get("reason") else ""
    return f"{_CONTRACT[data['what']]}{reason}"


def _followed(data: Mapping[str, Any]) -> str:
    said = [
        f"{data[name]} {words}"
        for name, words in (
            ("changed", "changed with the day"),
            ("renewed", "renewed by themselves"),
            ("differing", "had movements nobody can explain"),
            ("broken", "break the rule of one open renewal"),
        )
        if data[name]
    ]
    return f"Followed revenue to {data['on']}: {', '.join(said)}"


_RULES = {
    "gap_days": "the gap that is no churn",
    "grace_days": "the grace for what is unpaid",
    "pause_days": "how long a pause is carried",
    "pause": "what a pause is",
    "churn_at": "when a notice is churn",
    "uplift": "where agreed price rises stand",
    "time_zone": "the time zone of finance",
    "reporting_currency": "the reporting currency",
}


def _rules(data: Mapping[str, Any]) -> str:
    said = [
        f"{_RULES.get(name, name)} from {old or 'nothing'} to {new or 'nothing'}"
        for name, (old, new) in data["changes"].items()
    ]
    reason = f": {data['reason']}" if data.get("reason") else ""
    return f"Changed how revenue is read, {', '.join(said)}{reason}"


CONTRACTS = {
    "accounts.contract_changed": Sentence("Contract changed", _contract, "file-text"),
    "accounts.renewal_changed": Sentence("Renewal changed", _renewal, "calendar"),
    "accounts.renewal_decided": Sentence("Renewal decided", _decided, "scale"),
    "accounts.revenue_followed": Sentence("Revenue followed", _followed, "trending-up"),
    "accounts.revenue_rules_changed": Sentence("Rules of revenue changed", _rules, "settings"),
    "accounts.rate_set": Sentence("Exchange rate set", "Set the rate of {currency} to {rate} from {on}", "receipt"),
}
