"""Units as files write them, and the few conversions that are exact.

A unit is a short name: "%", "h", "days", "/5", "USD"; "" is no unit. What has no exact conversion (days into
working hours, a mark out of 10 into one out of 5) is refused, never guessed.
"""

from decimal import Decimal
from typing import NamedTuple

_SPELLINGS = {
    "%": "% percent pct prozent percentage pourcent por ciento % points",
    "% change": "% change,change %,percent change,veränderung %",
    "s": "s,sec,secs,second,seconds,sek,sekunden",
    "min": "min,mins,minute,minutes,minuten,minutos",
    "h": "h,hr,hrs,hour,hours,std,stunde,stunden,heures,horas",
    "working h": "working h,working hours,business hours,business h,arbeitsstunden",
    "days": "d,day,days,tag,tage,tagen,jours,días,dias,calendar days",
    "working days": "working days,business days,arbeitstage,werktage",
    "weeks": "w,wk,wks,week,weeks,woche,wochen,semaines,semanas",
    "months": "mo,mos,month,months,monat,monate,mois,meses",
    "years": "y,yr,yrs,year,years,jahr,jahre",
    "points": "points,point,pts,pt,punkte,score,index,0-100,0..100,-100..100",
    "/5": "/5,1-5,1..5,of 5,out of 5,von 5,stars,sterne",
    "/7": "/7,1-7,1..7,of 7,out of 7,von 7",
    "/10": "/10,1-10,0-10,of 10,out of 10,von 10",
    "/100": "/100,of 100,out of 100,von 100",
    "x": "x,×,ratio,factor,fach,times,multiple",
    "count": "count,#,no,no.,number,anzahl,stück,pcs,tickets,cases,users,items,incidents,requests,versions,acts",
    "USD": "usd,$,us$,dollar,dollars",
    "EUR": "eur,€,euro,euros",
    "GBP": "gbp,£,pound,pounds",
    "CHF": "chf,sfr",
    "JPY": "jpy,¥,yen",
    "SEK": "sek",
    "NOK": "nok",
    "DKK": "dkk",
    "PLN": "pln,zł",
    "CAD": "cad,c$,ca$",
    "AUD": "aud,a$,au$",
}
CURRENCIES = frozenset({"USD", "EUR", "GBP", "CHF", "JPY", "SEK", "NOK", "DKK", "PLN", "CAD", "AUD"})
BY_SPELLING = {
    spelling.strip(): unit
    for unit, spellings in _SPELLINGS.items()
    for spelling in (spellings.split(",") if "," in spellings else spellings.split())
}
BY_SPELLING["por ciento"] = "%"
PERCENT_UNITS = frozenset({"%", "% change"})
TIME_IN_SECONDS = {"s": 1, "min": 60, "h": 3_600, "days": 86_400, "weeks": 604_800}

# KPI unit -> units that mean the very same number
_SAME = {
    "%": {"%", "% change"},
    "% change": {"%", "% change"},
    "h": {"h"},
    "working h": {"working h", "h"},
    "days": {"days"},
    "score": {"points", "/100", "%"},
    "0-100": {"points", "/100", "%"},
    "-100..100": {"points"},
    "1-5": {"/5", "points"},
    "1-7": {"/7", "points"},
    "count": {"count"},
    "ratio": {"x"},
}


class Converted(NamedTuple):
    """value: in the KPI's unit. text: "4 weeks × 7 = 28 days", "" where nothing was converted."""

    value: Decimal
    text: str


class NoConversion(Exception):
    """The two units have no exact conversion. str(error) says why, for a person."""


def unit_named(text: str) -> str | None:
    """The unit this text names: "" for no text, None if it is not known."""
    cleaned = " ".join(text.replace("\u00a0", " ").split()).casefold().strip("[]() ").rstrip(".")
    if not cleaned:
        return ""
    return BY_SPELLING.get(cleaned) or BY_SPELLING.get(cleaned.replace("/ ", "/"))


def convert(value: Decimal, unit: str, kpi_unit: str) -> Converted:
    """`value`, read in `unit`, in the unit of the KPI. Raises NoConversion.

    kpi_unit "" takes any unit as it is. unit "" is taken as the KPI's own.
    """
    if not kpi_unit or not unit or unit == kpi_unit or unit in _SAME.get(kpi_unit, ()):
        return Converted(value, "")
    if kpi_unit == "ratio" and unit == "%":
        share = value / 100
        return Converted(share, f"{plain(value)} % ÷ 100 = {plain(share)}")
    if unit in TIME_IN_SECONDS and kpi_unit in TIME_IN_SECONDS:
        return _convert_time(value, unit, kpi_unit)
    if kpi_unit == "working h":
        return _convert_working_time(value, unit)
    raise NoConversion(f'"{unit}" cannot be turned into "{kpi_unit}", the unit of this KPI')


def _convert_time(value: Decimal, unit: str, kpi_unit: str) -> Converted:
    have, want = TIME_IN_SECONDS[unit], TIME_IN_SECONDS[kpi_unit]
    if have >= want:
        factor = have // want
        result = value * factor
        return Converted(result, f"{plain(value)} {unit} × {factor} = {plain(result)} {kpi_unit}")
    factor = want // have
    result = value / factor
    return Converted(result, f"{plain(value)} {unit} ÷ {factor} = {plain(result)} {kpi_unit}")


def _convert_working_time(value: Decimal, unit: str) -> Converted:
    if unit in ("s", "min"):
        converted = _convert_time(value, unit, "h")
        return Converted(converted.value, converted.text.removesuffix("h") + "working h")
    raise NoConversion("this KPI counts working hours, and a day has 24 hours but about 8 working hours")


def plain(value: Decimal) -> str:
    """A number as people write it: no exponent, no trailing zeros, at most six decimals."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
