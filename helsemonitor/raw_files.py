"""Raw wave files in whatever form is certain: read, brought into one form cell by cell, and copied for dbt.

A form is what a program made of numbers and codes: a decimal comma, `1.0` for code 1, blanks around a cell. What could
mean two things is refused with counts. No sentence shows a cell: the rows are respondents.
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from helsemonitor.delimited import clean_name, read_delimited, rendered

# As the gate and the warehouse take a number.
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# As programs write one: SPSS leaves out the 0 before the point, R and Excel write exponents.
POINTED = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
COMMAED = re.compile(r"[+-]?([0-9]+,[0-9]*|,[0-9]+)([eE][+-]?[0-9]{1,2})?")
# 1,234 is a thousand to some and a little over one to others.
EITHER = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
GROUPED = re.compile(
    r"[+-]?[0-9]{1,3}("
    r"([ \u00a0\u2009\u202f'’][0-9]{3})+([.,][0-9]*)?|(,[0-9]{3})+\.[0-9]*|(\.[0-9]{3})+,[0-9]*|([.,][0-9]{3}){2,}"
    r")"
)
WHOLE = re.compile(r"([+-]?[0-9]+)[.,]0+")
BEGINS_WITH_0 = re.compile(r"0[0-9]{1,8}")
DIGITS = re.compile(r"[0-9]{1,9}")
MINUS = str.maketrans("−", "-")


@dataclass(frozen=True)
class ColumnForm:
    """What the codebook says of the cells of a raw column.

    Args:
        is_number: Whether they are numbers.
        codes: Codes of its list; of a column of numbers, the codes that are no numbers.
    """

    is_number: bool = False
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RawFile:
    """A raw wave file in the one form that the road takes.

    Args:
        path: The file.
        header: Names of its columns.
        rows: Cells of each row.
        findings: What is wrong with columns: name, what was found and what to mend.
    """

    path: Path
    header: list[str]
    rows: list[list[str]]
    findings: tuple[tuple[str, str], ...] = field(default=())


def fits_pattern(name: str, pattern: str) -> bool:
    """Whether a column's name has a form in which `*` stands for any text and `?` for one character."""
    parts = {"*": ".*", "?": "."}
    form = "".join(parts.get(character, re.escape(character)) for character in clean_name(pattern))
    return re.fullmatch(form, name, re.DOTALL) is not None


def _plain_number(text: str) -> str:
    """A number in digits with a decimal point; the text itself where it is one already, or none."""
    if NUMBER.fullmatch(text) or not POINTED.fullmatch(text):
        return text
    return f"{Decimal(text):f}"


def _same_number(text: str, codes: Collection[str]) -> str:
    """The one code that is the same number as a text, the text itself where there is none."""
    if not codes or not NUMBER.fullmatch(text):
        return text
    same = [code for code in codes if NUMBER.fullmatch(code) and Decimal(code) == Decimal(text)]
    return same[0] if len(same) == 1 else text


def _number_findings(values: Mapping[str, int], has_commas: bool) -> list[str]:
    def count(form: re.Pattern[str], mark: str = "") -> int:
        return sum(n for value, n in values.items() if mark in value and form.fullmatch(value))

    commas, points, grouped = count(COMMAED), count(POINTED, "."), count(GROUPED)
    total = sum(values.values())
    mend = "deliver digits with a decimal point and nothing between thousands"
    if grouped:
        return [f"{grouped} of {total} values have marks between thousands; {mend}"]
    if commas and points:
        return [f"{commas} of {total} values have a decimal comma and {points} a decimal point; {mend}"]
    if commas and commas == count(EITHER, ","):
        return [
            f"{commas} of {total} values have a comma before three digits, which parts thousands or decimals; {mend}"
        ]
    if points and has_commas and points == count(EITHER, "."):
        return [
            f"{points} of {total} values have a point before three digits, which may part thousands, as others "
            f"of the file have a decimal comma; {mend}"
        ]
    return []


def normal_numbers(
    values: Mapping[str, int], codes: Collection[str] = (), has_commas: bool = False
) -> tuple[dict[str, str], list[str]]:
    """Bring the numbers of a column into one form.

    Args:
        values: Distinct cells and how often each stands there.
        codes: Codes that are no numbers, such as 99 for no answer.
        has_commas: Whether a column of the file has decimal commas.

    Returns:
        Cell -> its new text, for cells that change; and what keeps the column from being read with certainty.
    """
    stripped = {value: value.strip().translate(MINUS) for value in values}
    told: Counter[str] = Counter()
    for value, text in stripped.items():
        if text and text not in codes:
            told[text] += values[value]
    findings = _number_findings(told, has_commas)
    new = {}
    for value, text in stripped.items():
        number = text
        if text not in codes and not findings:
            pointed = text.replace(",", ".") if COMMAED.fullmatch(text) else text
            number = _same_number(_plain_number(pointed), codes)
        if number != value:
            new[value] = number
    return new, findings


def _are_padded(texts: Collection[str]) -> bool:
    """Whether the numbers among some texts have zeros before them that make them equally wide, as 01 to 12 are."""
    digits = [text for text in texts if DIGITS.fullmatch(text)]
    return len({len(text) for text in digits}) == 1 and any(map(BEGINS_WITH_0.fullmatch, digits))


def _same_but_for_zeros(texts: Collection[str], codes: Collection[str]) -> dict[str, str]:
    """Text -> code, where the numbers on one side all have the zeros and on the other none has any."""
    padded = _are_padded(texts), _are_padded(codes)
    if padded[0] == padded[1] or any(BEGINS_WITH_0.fullmatch(text) for text in (codes if padded[0] else texts)):
        return {}
    numbers = Counter(int(code) for code in codes if DIGITS.fullmatch(code))
    by_number = {int(code): code for code in codes if DIGITS.fullmatch(code) and numbers[int(code)] == 1}
    told = {text: int(text) for text in texts if DIGITS.fullmatch(text)}
    return {text: by_number[number] for text, number in told.items() if number in by_number}


def normal_codes(values: Mapping[str, int], codes: Collection[str]) -> dict[str, str]:
    """Bring the codes of a column into the form of its list.

    `1.0` is code 1, and so is `01` where every number of the column is that wide and none of the list begins with 0.

    Args:
        values: Distinct cells and how often each stands there.
        codes: Codes of the list.

    Returns:
        Cell -> its new text, for cells that change. What is not known stays, for the check of codes to say.
    """

    def key(text: str) -> str:
        composed = unicodedata.normalize("NFC", text.strip().translate(MINUS))
        whole = WHOLE.fullmatch(composed)
        return whole[1] if whole else composed

    keys = Counter(key(code) for code in codes)
    by_key = {key(code): code for code in codes if keys[key(code)] == 1}
    by_zeros = _same_but_for_zeros({key(value) for value in values}, {key(code) for code in codes})
    new = {}
    for value in values:
        text = value.strip()
        same = key(text)
        code = text if text in codes else by_key.get(by_zeros.get(same, same), text)
        if code != value:
            new[value] = code
    return new


def _replace(rows: list[list[str]], place: int, new: Mapping[str, str]) -> None:
    if new:
        for row in rows:
            row[place] = new.get(row[place], row[place])


def read_raw(
    path: Path, shown: str, forms: Mapping[str, ColumnForm], known: Collection[str] = (), ignored: Collection[str] = ()
) -> RawFile:
    """Read a raw wave file and bring its cells into one form.

    Args:
        path: The file.
        shown: What sentences call it.
        forms: Column -> its form, for the columns in use, the id and the weight among them.
        known: Further names that are expected in the header; they help to tell the separator.
        ignored: Names and patterns of columns that are not used: their cells are left blank.

    Raises:
        DataRefused: The file cannot be read.
    """
    by_name = {clean_name(name): form for name, form in forms.items()}
    told = read_delimited(path, shown, [*forms, *known])
    findings = []
    columns = [Counter(row[place] for row in told.rows) for place in range(len(told.header))]
    has_commas = any(
        COMMAED.fullmatch(value.strip())
        for name, values in zip(told.header, columns, strict=True)
        if name in by_name and by_name[name].is_number
        for value in values
    )
    for place, (name, values) in enumerate(zip(told.header, columns, strict=True)):
        form = by_name.get(name)
        if form is None:
            if any(fits_pattern(name, pattern) for pattern in ignored):
                _replace(told.rows, place, dict.fromkeys(values, ""))
        elif form.is_number:
            new, wrong = normal_numbers(values, form.codes, has_commas)
            findings += [(name, finding) for finding in wrong]
            _replace(told.rows, place, new)
        elif form.codes:
            _replace(told.rows, place, normal_codes(values, form.codes))
        else:
            _replace(told.rows, place, {value: value.strip() for value in values if value != value.strip()})
    return RawFile(path, told.header, told.rows, tuple(findings))


def write_copy(raw: RawFile, target: Path) -> None:
    """Write a raw file for dbt: UTF-8, commas, the header first. It is what was read, whatever becomes of the file.

    Args:
        raw: The file as it was read.
        target: Where the copy goes; what is there is replaced in one step.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.write_bytes(rendered(raw.header, raw.rows))
    fresh.replace(target)
