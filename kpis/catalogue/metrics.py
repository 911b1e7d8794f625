"""The metric dictionary: every figure of the product that is not a KPI, on a card of its own. Pure.

What a page shows as a number links to its KPI's card or to one of these.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One figure: what it says, how it is computed, for what and over what time, and what it does not say.

    grain: one number for what. source: where the inputs come from. pages: where it is shown. changes: (version of
    Plumbline, what changed in the definition), newest first. decision: the file in docs/decisions that settles it.
    """

    slug: str
    name: str
    says: str
    formula: str
    grain: str
    unit: str
    better: str  # higher, lower, neither
    source: str
    caveats: str
    pages: tuple[str, ...]
    owner: str = "Plumbline; its settings belong to whoever holds “Approve and publish scorecards”"
    changes: tuple[tuple[str, str], ...] = (("0.1", "First definition."),)
    decision: str = ""


PRODUCT = "Plumbline"
BOOK = "Whoever keeps the accounts: ARR is entered or imported, never guessed"

METRICS: tuple[Metric, ...] = (
    Metric(
        "health-score",
        "Health score",
        "How an account stands, from 0 to 100.",
        "Each KPI's value becomes 0 to 100 points by its range (linear between the corners). Category = mean "
        "of its KPIs "
        "by weight × freshness. Score = mean of the categories with data by category weight. Then caps and floors, "
        "each printed with its reason.",
        "account × day",
        "points, two places",
        "higher",
        "KPI values in force on that day and the scorecard that the account's assignment gives it",
        "Missing KPIs are left out, never counted as zero: read it with its coverage and bounds. A composite "
        "hides what "
        "moves it; open the evidence. It is not a probability of anything.",
        ("Accounts", "Account", "Evidence", "KPI grid", "Health report"),
        decision="0003",
    ),
    Metric(
        "base-score",
        "Score before caps and floors",
        "What the KPIs alone give.",
        "The contributions of all KPIs, summed; they are rounded so that they add up exactly.",
        "account × day",
        "points, two places",
        "higher",
        "as the health score",
        "Equal to the health score unless an exception moved it, or coverage is too low for a score.",
        ("Evidence", "Account"),
        decision="0003",
    ),
    Metric(
        "band",
        "Band",
        "Healthy, watch, at risk, or not enough data.",
        "By the printed score: green from 75, yellow from 50, red below, unknown below 40 % coverage; the "
        "scorecard may "
        "set other limits. A score on a limit belongs to the better band.",
        "account × day",
        "word",
        "neither",
        "health score and coverage",
        "74.996 is printed as 75.00 and is green; 74.99 is yellow.",
        ("Accounts", "Account", "Evidence"),
        decision="0003",
    ),
    Metric(
        "coverage",
        "Coverage",
        "How much of the scorecard's weight has fresh data.",
        "Weight × freshness of the KPIs that have a value / weight of all KPIs of the scorecard. In the portfolio: the "
        "plain mean over accounts.",
        "account × day; portfolio: mean",
        "% of weight",
        "higher",
        "the scorecard and the age of the values",
        "High coverage says that much is known, not that it is right: the data-quality page speaks of that.",
        ("Accounts", "Account", "Evidence", "KPI grid"),
        decision="0003",
    ),
    Metric(
        "bounds",
        "Lowest and highest the score could be",
        "What the score would be if everything missing were worst, or best.",
        "The score computed once with every missing KPI at 0 points and once at 100; a value that has half faded is "
        "half missing.",
        "account × day",
        "points, two places",
        "neither",
        "as the health score",
        "A range of possibilities, not a confidence interval: no probability is attached to either end.",
        ("Evidence", "Account"),
        decision="0003",
    ),
    Metric(
        "category-score",
        "Category score",
        "How one of the categories stands, from 0 to 100.",
        "Mean of the points of its KPIs that have a value, by weight × freshness.",
        "account × category × day",
        "points, two places",
        "higher",
        "KPI values of that category",
        "A category without data has no score and no share in the health score.",
        ("Account", "Evidence", "Accounts"),
        decision="0003",
    ),
    Metric(
        "points",
        "Points of a value",
        "What a KPI's value is worth, from 0 to 100.",
        "Linear between the corners of its reference range: worst 0, red/yellow edge 50, yellow/green edge "
        "75, best 100.",
        "account × KPI × month",
        "points",
        "higher",
        "the value and the range the scorecard was published with",
        "An edge belongs to the better band.",
        ("Evidence",),
        decision="0003",
    ),
    Metric(
        "share",
        "Weight in the score",
        "How much of this score one KPI or category decides.",
        "Its weight × freshness / that of everything with data, within its category and then of the category.",
        "account × KPI × day",
        "% of the score",
        "neither",
        "the scorecard and the age of the values",
        "Not the weight on the scorecard: what is missing gives its share to the others.",
        ("Evidence",),
        decision="0003",
    ),
    Metric(
        "contribution",
        "Adds to the score",
        "How many points of the score a KPI or category gives.",
        "Share × points, in whole hundredths that sum exactly to the score before caps and floors.",
        "account × KPI × day",
        "points, two places",
        "higher",
        "as the health score",
        "Rounded by largest remainder, so one part may differ by a hundredth from its own rounding.",
        ("Evidence", "Account"),
        decision="0003",
    ),
    Metric(
        "cost",
        "Costs the score",
        "How many points the score would gain if this KPI were at its best.",
        "Share − contribution.",
        "account × KPI × day",
        "points, two places",
        "lower",
        "as the health score",
        "All else held still; KPIs move together, so the gains of several cannot simply be added up.",
        ("Account",),
    ),
    Metric(
        "freshness",
        "Freshness",
        "How much an ageing value still counts.",
        "100 % until 1.5 × the KPI's cadence after the end of its month, then falling evenly to 0 % at 4 ×; "
        "some values "
        "end at a fixed age.",
        "account × KPI × day",
        "%",
        "higher",
        "the month of the value and the day of the score",
        "A weekly KPI in a monthly file ages like a monthly one.",
        ("Evidence", "Account"),
        decision="0003",
    ),
    Metric(
        "change",
        "Change in 28 days",
        "How the score moved, both days under today's scorecard.",
        "Score today − score of 28 days ago, both by the scorecard in force today. An arrow needs 3 points "
        "and more than "
        "what ageing alone would have done.",
        "account × day",
        "points",
        "higher",
        "KPI values; for the earlier day only months that were over by then",
        "A change of the scorecard is no change of health and does not show here.",
        ("Accounts", "Account"),
        decision="0003",
    ),
    Metric(
        "trend",
        "Twelve months",
        "The score at each month's end and today.",
        "The stored score of each day, as it was computed then.",
        "account × month",
        "points",
        "higher",
        "stored scores",
        "A gap is a month without enough data, not a zero.",
        ("Accounts", "Account"),
        decision="0010",
    ),
    Metric(
        "value-change",
        "Change of a value in 28 days",
        "How a KPI's value moved.",
        "Value in force today − value that was known 28 days ago.",
        "account × KPI",
        "the KPI's unit",
        "neither",
        "KPI values; for the earlier day only months that were over by then",
        "Empty when nothing was known then.",
        ("Account",),
        decision="0010",
    ),
    Metric(
        "attention",
        "Needs attention",
        "The order of the portfolio: lowest and falling first.",
        "The score; an account whose arrow points down is pulled up by as much as it fell; one without enough data "
        "stands at 75, behind red and yellow.",
        "account",
        "place",
        "neither",
        "health score and its change",
        "An order to work in, not a measure: it does not weigh revenue or renewal dates.",
        ("Accounts",),
        decision="0010",
    ),
    Metric(
        "arr",
        "ARR",
        "Annual recurring revenue of an account, or summed over the accounts that are shown.",
        "As entered or imported for the account; sums are kept by currency and never converted.",
        "account; portfolio: sum by currency",
        "money per year",
        "higher",
        "the account's own field",
        "Accounts without ARR are counted beside the sum, not taken as zero.",
        ("Accounts", "Account"),
        owner=BOOK,
    ),
    Metric(
        "arr-at-risk",
        "Revenue at risk",
        "ARR of the shown accounts whose band is red.",
        "Sum of ARR over accounts in red, by currency.",
        "portfolio × day",
        "money per year",
        "lower",
        "ARR and band",
        "All of an account's ARR, whatever the chance of losing it: not an expected loss.",
        ("Accounts",),
        owner=BOOK,
    ),
    Metric(
        "arr-renewing",
        "Renewing in 90 days",
        "ARR of the shown accounts that renew within 90 days from today.",
        "Sum of ARR over accounts whose renewal date lies 0 to 90 days ahead, by currency.",
        "portfolio × day",
        "money per year",
        "neither",
        "ARR and renewal date",
        "Accounts without a renewal date are not in it.",
        ("Accounts",),
        owner=BOOK,
    ),
    Metric(
        "mean-score",
        "Mean score",
        "The plain mean of the known scores of the accounts that are shown.",
        "Sum of scores / number of accounts with a score.",
        "portfolio × day",
        "points",
        "higher",
        "health scores",
        "Every account counts the same, large or small; those without enough data are left out and counted beside it.",
        ("Accounts",),
    ),
    Metric(
        "percentile",
        "Place among our accounts",
        "How many of the other accounts a value is better than.",
        "Share of the other accounts with a value that are worse, equal ones counted half, rounded down. At least 8 "
        "accounts; sample accounts only among themselves.",
        "account × KPI",
        "% of the others",
        "higher",
        "newest values that still count of all active accounts",
        "Says nothing about being good: the best of a weak group is still weak.",
        ("Evidence", "Account"),
        decision="0017",
    ),
    Metric(
        "target-gap",
        "Way to the target",
        "How far a value is from the account's own target.",
        "Target − value, in the KPI's unit; nothing is left when the value is at the target or better.",
        "account × KPI",
        "the KPI's unit",
        "lower",
        "the target somebody set, with its basis, and the newest value",
        "A target is an agreement, not a range: it never enters a score.",
        ("Account", "Evidence", "KPI grid"),
        owner="Whoever set the target; its card names them",
        decision="0017",
    ),
)
BY_SLUG: dict[str, Metric] = {metric.slug: metric for metric in METRICS}
