"""Cells as text: one way to write numbers, dates and times, whatever file they come from."""

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal

NUMBERS = frozenset({bool, int, float, Decimal})
DATES = frozenset({date, datetime})
# How an infinite number is written, for the check that refuses it.
INFINITE = frozenset({"inf", "-inf"})


def number_text(value: float) -> str:
    """The shortest digits that are a number, without an exponent or a needless `.0`; nothing where it is none (NaN)."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return str(value)
    if value == 0:
        return "0"
    text = repr(value).removesuffix(".0")
    return f"{Decimal(text):f}" if "e" in text else text


def decimal_text(value: Decimal) -> str:
    """A decimal number without needless zeros behind its point."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def clock_text(span: timedelta) -> str:
    """A span of time as hours, minutes and seconds; more than a day is more than 24 hours."""
    seconds = abs(span) // timedelta(seconds=1)
    fraction = abs(span).microseconds
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    sign = "-" if span < timedelta(0) else ""
    return f"{sign}{text}.{fraction:06}" if fraction else f"{sign}{text}"


def cell_text(value: object) -> str:
    """A cell as text: true and false as 1 and 0, dates and times by ISO 8601, nothing for None."""
    match value:
        case None:
            return ""
        case bool():
            return str(int(value))
        case float():
            return number_text(value)
        case Decimal():
            return decimal_text(value)
        case date() | time():
            return value.isoformat()
        case timedelta():
            return clock_text(value)
        case _:
            return str(value)


def _kind(types: AbstractSet[type]) -> str:
    for kind, fitting in (("number", NUMBERS), ("date", DATES)):
        if types and types <= fitting:
            return kind
    return "text"


def column_text(values: Sequence[object]) -> tuple[tuple[str, ...], str]:
    """A column of values as text.

    Args:
        values: What a library read, one value per respondent.

    Returns:
        The cells, and what they are: `text`, `number` or `date`. Many programs have one type for dates and points in
        time, so points in time that are all midnight are dates.
    """
    types = {type(value) for value in values if value is not None and value != ""}
    if types == {datetime}:
        moments = [value for value in values if isinstance(value, datetime)]
        if all(moment.time() == time.min and moment.tzinfo is None for moment in moments):
            values = [value.date() if isinstance(value, datetime) else value for value in values]
    return tuple(cell_text(value) for value in values), _kind(types)
