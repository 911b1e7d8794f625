"""Names for companies that do not exist. Put together from syllables of our own; any likeness is chance."""

import numpy as np
from numpy.random import Generator

STEMS = (
    "Alder", "Bryn", "Cald", "Dorn", "Elver", "Fenn", "Garr", "Hald", "Ivern", "Jarn", "Kest", "Lorn",
    "Marl", "Nevin", "Orrin", "Pend", "Quill", "Rav", "Sorn", "Tarn", "Ulver", "Vesk", "Wyn", "Yarl",
    "Zeph", "Arken", "Bol", "Cress", "Drav", "Eskel",
)  # fmt: skip
ENDINGS = (
    "mere", "holt", "wick", "stead", "gard", "mark", "ley", "combe", "dale", "haven", "ridge", "brook",
    "field", "moor", "crest", "fell",
)  # fmt: skip

# industry -> what a company in it may call itself
INDUSTRIES = {
    "Logistics": ("Freight", "Logistics", "Haulage", "Shipping"),
    "Manufacturing": ("Castings", "Precision Works", "Tooling", "Components"),
    "Retail": ("Outfitters", "Home Stores", "Grocers", "Market"),
    "Healthcare": ("Clinics", "Diagnostics", "Care Group", "Pharmacy"),
    "Financial services": ("Mutual", "Leasing", "Assurance", "Payments"),
    "Software": ("Systems", "Analytics", "Cloudworks", "Labs"),
    "Energy": ("Power", "Renewables", "Grid Services", "Solar"),
    "Education": ("Academy", "Learning", "Institute", "Press"),
}
REGIONS = ("DACH", "Nordics", "UK & Ireland", "Benelux", "Southern Europe", "North America")


def company_names(count: int, random: Generator) -> list[tuple[str, str]]:
    """(name, industry) of `count` companies, all names different. Raises ValueError above 15,360."""
    trades = [(industry, trade) for industry, all_of in INDUSTRIES.items() for trade in all_of]
    possible = len(STEMS) * len(ENDINGS) * len(trades)
    if count > possible:
        raise ValueError(f"there are only {possible} sample names")
    names = []
    for number in random.choice(possible, size=count, replace=False):
        stem, rest = divmod(int(number), len(ENDINGS) * len(trades))
        ending, trade = divmod(rest, len(trades))
        industry, word = trades[trade]
        names.append((f"{STEMS[stem]}{ENDINGS[ending]} {word}", industry))
    return names


def annual_revenues(count: int, random: Generator) -> np.ndarray:
    """Yearly contract values in the tenant's currency, full hundreds: many small ones, few large, median 48,000."""
    return np.maximum(3_000, np.round(np.exp(random.normal(np.log(48_000), 0.9, count)) / 100) * 100)
