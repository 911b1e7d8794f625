"""The five system playbooks: aims, steps by stage, and the measured triggers they come with.

`day` counts working days from the start. Only triggers that are
measured are listed; those that are off wait for a person to turn them on.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class StepDef:
    """One step: what to do, who does it, in which stage, due how many working days after the start.

    before: or so many calendar days before the playbook's day; droppable: left out when that has passed at the start.
    """

    code: str
    name: str
    instructions: str
    stage: int
    day: int
    role: str = "CSM"
    before: int | None = None
    droppable: bool = False


@dataclass(frozen=True)
class TriggerDef:
    """A measured condition; threshold in points of health or in the KPI's unit; `kpi` is its catalogue number.

    cooldown: days after a start in which it stays quiet.
    """

    metric: str
    threshold: str
    active: bool
    kpi: int | None = None
    cooldown: int = 28


@dataclass(frozen=True)
class PlaybookDef:
    code: str
    name: str
    aim: str
    steps: tuple[StepDef, ...]
    triggers: tuple[TriggerDef, ...] = field(default=())
    anchor: tuple[str, int] | None = None  # field of the account and days before it, of a playbook planned back from it


VOICE = PlaybookDef(
    "voc-sprint",
    "Voice-of-Customer Sprint",
    "Surface where value is missing and turn it into committed fixes.",
    (
        StepDef("recruit", "Recruit sponsors and users", "Find 6 to 10 people to talk to, critics included.", 1, 3),
        StepDef("interviews", "Hold the interviews", "30 to 40 minutes each, the same questions.", 2, 7),
        StepDef("mine", "Read tickets and notes of 60 days", "Look for value, adoption, support, roadmap.", 2, 7),
        StepDef("themes", "Cluster the themes", "Each theme with its evidence and how often it came.", 3, 11),
        StepDef("readout", "Executive readout", "Themes, evidence and quick wins, to the sponsor.", 4, 18),
        StepDef("fixes", "Commit three fixes", "One now, one next release, one process; owner and date each.", 5, 21),
        StepDef("heard", "Send “we heard you”", "To the participants first, then to everybody.", 6, 26),
        StepDef("follow-up", "Schedule the follow-up survey", "30 to 60 days out, the same question.", 7, 28),
    ),
    (TriggerDef("health_below", "50", active=True), TriggerDef("health_fell", "10", active=True)),
)

ACTIVATION = PlaybookDef(
    "activation-blitz",
    "Activation Blitz",
    "Shorten the way to the first value.",
    (
        StepDef("targets", "Pick two target features", "The two that the customer's goals need most.", 1, 1),
        StepDef(
            "walkthroughs", "Walk users to two first results", "In the product, at their own work.", 2, 3, "Enablement"
        ),
        StepDef("office-hours", "Hold office hours", "Open questions, twice.", 3, 7),
        StepDef("training", "Train by role", "Power users and readers apart.", 4, 12, "Enablement"),
        StepDef(
            "use-cases", "Tie three use cases to their KPIs", "Written down, agreed with the customer's admin.", 5, 14
        ),
        StepDef("checkpoint", "Executive checkpoint", "Before and after, in stored figures.", 6, 21),
        StepDef("nudges", "Nudge those who have not started", "One message, one ask.", 7, 26),
        StepDef("stories", "Record two success stories", "With a named person of the customer.", 8, 29),
    ),
    (TriggerDef("kpi_below", "50", active=False, kpi=13), TriggerDef("kpi_below", "25", active=False, kpi=15)),
)

SLA = PlaybookDef(
    "sla-stabilizer",
    "SLA Stabilizer",
    "Stop the breaches and show that they have stopped.",
    (
        StepDef(
            "root-causes",
            "Root causes of all breaches",
            "60 days: volume, complexity, staffing, process.",
            1,
            3,
            "Support lead",
        ),
        StepDef("capacity", "Review capacity", "Against the volume that really came.", 1, 4, "Support lead"),
        StepDef("actions", "Take three immediate actions", "Owner and date each.", 2, 7, "Support lead"),
        StepDef("escalation", "Set escalation rules", "Who is told when, before the breach.", 3, 9, "Support lead"),
        StepDef("message", "Tell the customer", "What went wrong, what changed, named contacts.", 4, 10),
        StepDef("validate", "Check that it holds", "14 days of figures with their ticket count.", 5, 14),
    ),
    (TriggerDef("kpi_above", "20", active=False, kpi=31), TriggerDef("kpi_below", "85", active=False, kpi=29)),
)

RENEWAL = PlaybookDef(
    "renewal-safeguard",
    "Renewal Safeguard",
    "Bring a doubtful renewal home, or know early why not.",
    (
        StepDef("brief", "Write the strategy brief", "Health, use, people, competition, budget.", 1, 2, before=88),
        StepDef("risk", "Assess the risk", "From stored figures; what is unknown is named.", 2, 5, before=83),
        StepDef(
            "people",
            "Map and win back the people",
            "Champion, economic buyer, sponsor, admin.",
            3,
            10,
            before=76,
            droppable=True,
        ),
        StepDef("value", "Show the value", "Realised against the business case.", 4, 21, before=60, droppable=True),
        StepDef("case", "Present the business case", "To the economic buyer.", 5, 32, before=45),
        StepDef("review", "Executive review", "Their executive and ours.", 6, 43, "Manager", before=30),
        StepDef(
            "terms", "Negotiate and record the terms", "Renewed, extended, or lost with the reason.", 7, 60, before=0
        ),
    ),
    (TriggerDef("renewal_risk", "70", active=False, cooldown=90),),
    anchor=("renewal_on", 90),
)

EXPANSION = PlaybookDef(
    "expansion-timing",
    "Expansion Timing",
    "Offer more when it helps the customer, never while something is wrong.",
    (
        StepDef("growth", "Analyse use and growth", "Where are limits close?", 1, 5),
        StepDef("whitespace", "Map what they do not use yet", "By goal, not by product.", 1, 7),
        StepDef("value", "Work out the value", "With the customer's own figures.", 2, 11),
        StepDef("case", "Write the business case", "One page.", 3, 14),
        StepDef("align", "Align the people", "Budget confirmed by name.", 4, 18),
        StepDef("proposal", "Send the proposal", "With the plan to put it into use.", 5, 21, "Account executive"),
    ),
)

LIBRARY: tuple[PlaybookDef, ...] = (VOICE, ACTIVATION, SLA, RENEWAL, EXPANSION)
NAMES: dict[str, str] = {playbook.code: playbook.name for playbook in LIBRARY}
STEPS: dict[tuple[str, str], str] = {
    (playbook.code, step.code): step.name for playbook in LIBRARY for step in playbook.steps
}
