"""Which words in a heading mean which role of a column."""

import re
import unicodedata

from kpis.workbook.types import Role

_WORDS: dict[Role, str] = {
    "account": "account|account name|customer|customer name|client|client name|company|company name|organisation|"
    "organization|kunde|kundenname|kunden|firma|unternehmen|cliente|compte|entreprise",
    "kpi": "kpi|kpis|kpi name|kpi parameter|parameter|metric|metric name|measure|indicator|kennzahl|"
    "indicador|indicateur",
    "period": "month|period|date|reporting period|reporting month|kpi month|as of|monat|zeitraum|periode|berichtsmonat|"
    "stichtag|mes|mois",
    "value": "value|data|kpi value|actual|actual value|result|reading|wert|istwert|valor|valeur",
    "unit": "unit|units|unit of measure|uom|einheit|unidad|unite",
    "category": "category|health score component|component|kategorie|categoria|categorie",
    "ignored": "weight|source review|source|impact level|impact|measurement frequency|frequency|comment|comments|note|"
    "notes|remark|remarks|description|target|goal|kommentar|bemerkung|bemerkungen|anmerkung|quelle|gewicht|"
    "account id|customer id|client id|kundennummer|id|no|nr|row|line|problem|rule|suggested fix|suggestion|found at|"
    "currency|locale|mode",
}  # fmt: skip
_ROLE_BY_WORD: dict[str, Role] = {word: role for role, words in _WORDS.items() for word in words.split("|")}
IGNORED_SHEETS = frozenset({"summary", "zusammenfassung", "overview", "readme", "instructions", "help"})
REFERENCE_WORDS = frozenset({"higher is better", "critical min", "critical max", "healthy min", "healthy max"})


def normalised(header: str) -> str:
    """Lower case, no accents, words separated by one space: "KPI/Parameter" and "kpi_parameter" are alike."""
    folded = unicodedata.normalize("NFKD", header[:200].casefold())
    return " ".join(re.sub(r"[\W_]+", " ", "".join(c for c in folded if not unicodedata.combining(c))).split())


def role_of(header: str) -> Role | None:
    """The role a heading names, or None if it is not a known word."""
    return _ROLE_BY_WORD.get(normalised(header)) if header else None
