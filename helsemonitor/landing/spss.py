"""SPSS files (.sav and .zsav), read by pyreadstat in a process of its own.

The C code under pyreadstat ends the process on some damaged files (one in 400 that a test made), which no exception
tells. So the file is read by `python -m helsemonitor.landing.spss`, which is given the open file as its standard input
and answers in JSON; whatever becomes of it, this process can say that the file is damaged. It takes some 0.7 seconds,
nearly all of them to start.
"""

import io
import json
import math
import re
import resource
import subprocess
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from helsemonitor.delimited import clean_name
from helsemonitor.errors import DataRefused, refusal
from helsemonitor.landing.cells import cell_text, number_text
from helsemonitor.landing.delivery import DeliveredColumn, ResponseSet, Table
from helsemonitor.landing.files import AGAIN, MIB, refuse_large_table, refuse_unpacked
from helsemonitor.settings import PROJECT_DIR

if TYPE_CHECKING:
    from pyreadstat.pyclasses import metadata_container as Metadata  # noqa: N812 - a class all the same

# SPSS counts seconds from the first day of the Gregorian calendar.
ORIGIN = datetime(1582, 10, 14)  # noqa: DTZ001 - SPSS knows no zones
DAYS = frozenset({"DATE", "ADATE", "EDATE", "JDATE", "SDATE", "MOYR", "QYR", "WKYR"})
MOMENTS = frozenset({"DATETIME", "YMDHMS"})
CLOCKS = frozenset({"TIME", "DTIME", "MTIME"})
LETTERS = re.compile(r"[A-Z]*")
COMMAND = ("-m", "helsemonitor.landing.spss")
# Bytes of memory that the process may take, and seconds; 2.5 million cells take two.
MEMORY = 8192 * MIB
SECONDS = 600
# What ReadStat says, and what it means; it shows no cell.
MEANT = {
    "Unable to read from file": ("the SPSS file was cut off", AGAIN),
    "File did not contain the expected number of rows": ("the SPSS file was cut off", AGAIN),
    "Unable to convert string to the requested encoding": (
        "the file holds text in another encoding than it says",
        "save it anew from SPSS in Unicode",
    ),
}
DAMAGED = ("the SPSS file is damaged", AGAIN)
Cell = float | str | None
Answer = dict[str, Any]


def _moment_text(seconds: float) -> str:
    # A double of so many seconds is not exact to the microsecond.
    return cell_text(ORIGIN + timedelta(milliseconds=round(seconds * 1000)))


def _day_text(seconds: float) -> str:
    return cell_text((ORIGIN + timedelta(days=math.floor(seconds / 86400))).date())


def _clock_text(seconds: float) -> str:
    return cell_text(timedelta(milliseconds=round(seconds * 1000)))


def _writer(form: str) -> tuple[str, Callable[[Any], str]]:
    """What the cells of a column are and how each is written, by its format in SPSS, such as `EDATE10`."""
    name = LETTERS.match(form)[0]
    if name in DAYS:
        return "date", _day_text
    if name in MOMENTS:
        return "date", _moment_text
    if name in CLOCKS:
        return "text", _clock_text
    return "number", number_text


def _same(value: Cell) -> Cell:
    """A code as it is compared: SPSS fills strings with blanks."""
    return value.rstrip() if isinstance(value, str) else value


def _missing(ranges: Iterable[Mapping[str, Cell]], codes: Iterable[Cell]) -> list[Cell]:
    """Codes that lie in one of the ranges that a column declares missing."""
    bounds = [(_same(one["lo"]), _same(one["hi"])) for one in ranges]
    return [code for code in codes if any(low <= _same(code) <= high for low, high in bounds)]


def _texts(codes: Collection[Cell], write: Callable[[Any], str], where: str) -> dict[Cell, str]:
    """Each code as text.

    Raises:
        DataRefused: Some are days that no calendar has.
    """
    texts, odd = {}, 0
    for code in codes:
        try:
            texts[code] = write(code)
        except (OverflowError, ValueError):
            odd += 1
    if odd:
        raise refusal(where, f"{odd} different values are no dates", "mend them in SPSS, or change the column's type")
    return texts


def _column(name: str, cells: list[Cell], meta: "Metadata", shown: str) -> Answer:
    is_text = meta.readstat_variable_types[name] == "string"
    kind, write = ("text", str.rstrip) if is_text else _writer(meta.original_variable_types[name] or "")
    labels = meta.variable_value_labels.get(name, {})
    codes = {cell for cell in cells if cell is not None} | set(labels)
    texts = _texts(codes, write, f"{shown} column {name}")
    missing = _missing(meta.missing_ranges.get(name, ()), codes)
    return {
        "name": clean_name(name),
        "label": meta.column_names_to_labels[name] or "",
        "kind": kind,
        "cells": ["" if cell is None else texts[cell] for cell in cells],
        "value_labels": {texts[code]: label for code, label in labels.items()},
        "missing": sorted({texts[code] for code in missing}),
    }


def _response_set(name: str, found: Mapping[str, Any], shown: str) -> Answer:
    counted = found["counted_value"]
    if found["is_dichotomy"] and counted is None:
        # pyreadstat tells whole numbers only.
        raise refusal(
            f"{shown} multiple-response set {name}", "what it counts is no code", "let it count a whole number in SPSS"
        )
    return {
        "name": name,
        "label": found["label"],
        "columns": [clean_name(column) for column in found["variable_list"]],
        "counted": "" if counted is None else str(counted),
    }


def _refuse_large(meta: "Metadata", shown: str) -> None:
    rows = meta.number_rows or 0
    refuse_large_table(rows * meta.number_columns, shown)
    refuse_unpacked(rows * sum(meta.variable_storage_width.values()), shown)


def _answer(file: io.IOBase, shown: str) -> Answer:
    import pyreadstat

    how = {"user_missing": True, "disable_datetime_conversion": True, "output_format": "dict"}
    file.seek(0)
    _, meta = pyreadstat.read_sav(file, metadataonly=True, **how)
    # The place that a damaged file asks for is taken before its first row is read.
    _refuse_large(meta, shown)
    file.seek(0)
    cells, meta = pyreadstat.read_sav(file, **how)
    return {
        "columns": [_column(name, cells.pop(name), meta, shown) for name in meta.column_names],
        "response_sets": [_response_set(name, found, shown) for name, found in meta.mr_sets.items()],
    }


def read_here(file: io.IOBase, shown: str) -> Answer:
    """Read an SPSS file in this process, which a damaged one may end.

    Args:
        file: The open file.
        shown: Its path as a person would type it.

    Returns:
        `columns` and `response_sets`, in plain values that JSON takes.

    Raises:
        DataRefused: The file is damaged or too large.
    """
    import pyreadstat

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="column .* is duplicated")
            return _answer(file, shown)
    except DataRefused:
        raise
    except UserWarning:
        raise refusal(shown, "a name stands twice among the columns", "keep one") from None
    except pyreadstat.ReadstatError as error:
        raise refusal(shown, *MEANT.get(str(error), DAMAGED)) from None
    except Exception:
        # What pyreadstat says of a damaged file may show a cell.
        raise refusal(shown, *DAMAGED) from None


def _limit_this_process() -> None:
    # Not every system knows both limits.
    for kind, limit in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, MEMORY)):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, limit))


def main() -> None:
    """Answer in JSON what the file at standard input holds; its name is the one argument."""
    # A core dump would hold respondents.
    _limit_this_process()
    with open(0, "rb") as file:
        try:
            answer = read_here(file, sys.argv[1])
        except DataRefused as refused:
            answer = {"sentences": refused.sentences}
    # `json.dump` takes ten times as long.
    sys.stdout.write(json.dumps(answer))


def _asked(file: io.FileIO, shown: str) -> Answer:
    """What the other process answers.

    Raises:
        DataRefused: It refuses the file, ended by it, or found no end.
    """
    try:
        done = subprocess.run(
            [sys.executable, *COMMAND, shown],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=PROJECT_DIR,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise refusal(shown, f"the SPSS file was not read within {SECONDS} seconds", AGAIN) from None
    if done.returncode < 0:
        raise refusal(shown, *DAMAGED)
    if done.returncode:
        raise refusal(shown, f"the reader of SPSS files stopped with code {done.returncode}", "set it up (make setup)")
    answer = json.loads(done.stdout)
    if "sentences" in answer:
        raise DataRefused(answer["sentences"])
    return answer


def read_spss(file: io.FileIO, shown: str, known: Collection[str]) -> Table:
    """Read an SPSS file with its labels and what it declares missing.

    Args:
        file: The open file.
        shown: Its path as a person would type it.
        known: Not needed: the file says where its columns are.

    Raises:
        DataRefused: It is damaged or too large.
    """
    answer = _asked(file, shown)
    columns = (
        DeliveredColumn(
            name=found["name"],
            cells=tuple(found["cells"]),
            label=found["label"],
            value_labels=found["value_labels"],
            missing=frozenset(found["missing"]),
            kind=found["kind"],
        )
        for found in answer["columns"]
    )
    sets = (
        ResponseSet(found["name"], found["label"], tuple(found["columns"]), found["counted"])
        for found in answer["response_sets"]
    )
    return Table(tuple(columns), tuple(sets))


if __name__ == "__main__":
    main()
