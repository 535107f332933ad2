"""Raw files in many forms along the road: the same marts, or a sentence; right values from plain Python."""

import csv
import shutil
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.fast_road import Outcome, fast_road
from tests.integration.test_cyclists import SEEDS

YEAR = 2022
RAW = f"raw/cyclists_{YEAR}.csv"
Change = Callable[[Path], None]


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def write(path: Path, rows: list[list[str]], encoding: str = "utf-8", delimiter: str = ",") -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


def share_with_helmet() -> float:
    """Weighted share of 2022 that ticked the helmet (column m1), in percent, over those who answered the set."""
    with (SEEDS / RAW).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if any(row[box] for box in ("m1", "m2", "m3", "m9"))]
    weights = [Decimal(row["wgt"]) for row in rows]
    ticked = sum(weight for weight, row in zip(weights, rows, strict=True) if row["m1"] == "1")
    return float(100 * ticked / sum(weights))


def road(tmp_path: Path, change: Change) -> Outcome:
    seeds = tmp_path / "seeds"
    shutil.copytree(SEEDS, seeds)
    change(seeds)
    return fast_road(seeds, tmp_path / "build")


def values(outcome: Outcome) -> list[tuple[object, ...]]:
    return outcome.rows(
        "select indicator, year, breakdown, group_key, basis, value, se from marts.fct_indicators order by all"
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[object, ...]]:
    """Indicators of the fixture as it is."""
    outcome = road(tmp_path_factory.mktemp("plain"), lambda seeds: None)
    assert outcome.sentences == ()
    shares = outcome.rows(
        "select share_pct from marts.fct_answer_shares where answer = 'helmet' and year = 2022 and breakdown = 'total' "
        "and basis = 'as_published'"
    )
    assert shares == [(pytest.approx(share_with_helmet(), rel=1e-12),)]
    assert shares[0][0] == pytest.approx(50.46454, abs=1e-5)
    return values(outcome)


def renamed(old: str, new: str, in_codebook: str | None = None) -> Change:
    """Give a column of the 2022 file another name, and say so in the codebook."""

    def change(seeds: Path) -> None:
        known = in_codebook or new
        rows = read(seeds / RAW)
        rows[0] = [new if name == old else name for name in rows[0]]
        write(seeds / RAW, rows)
        header, *waves = read(seeds / "codebook" / "waves.csv")
        place = header.index("year")
        waves = [[known if row[place] == str(YEAR) and cell == old else cell for cell in row] for row in waves]
        write(seeds / "codebook" / "waves.csv", [header, *waves])
        header, *columns = read(seeds / "codebook" / "columns.csv")
        told = [header]
        for row in columns:
            if row[1] != old:
                told.append(row)
                continue
            first, last = int(row[2] or 2021), int(row[3] or 2023)
            for year in range(first, last + 1):
                told.append([row[0], known if year == YEAR else old, str(year), str(year), *row[4:]])
        write(seeds / "codebook" / "columns.csv", told)

    return change


RENAMED = ("rid", "wgt", "s2", "a", "ride", "mood", "m1", "al1")
# Names that the warehouse uses, that differ by case or marks alone, that mean something to SQL, Jinja or a pattern.
NAMES = {
    "of the warehouse": ("respondent_no", "survey", "year", "raw_value", "column_name", "row_no", "place", "column0"),
    "alike": ("RID", "rid", "Wgt", "[rid]", "wgt as number", "A", "a b", "Q" * 200),
    "with meaning": ("*", "columns", "select", "{{ x }}", "{% y %}", "Why?", "m?", "$PARAMETER"),
    "with marks": ("it's", 'say "x"', "x,y;z", "dot.ted", "😀", "a\tb", "-- x", "x');"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_columns_have_any_name(tmp_path: Path, plain: list[tuple[object, ...]], kind: str) -> None:
    def change(seeds: Path) -> None:
        for place, old in enumerate(RENAMED):
            renamed(old, f"column {place} of eight")(seeds)
        for place, new in enumerate(NAMES[kind]):
            renamed(f"column {place} of eight", new)(seeds)

    outcome = road(tmp_path, change)
    assert outcome.sentences == ()
    assert values(outcome) == plain


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_are_one_letter_or_two(tmp_path: Path, plain: list[tuple[object, ...]], forms: tuple[str, str]) -> None:
    in_file, in_codebook = (unicodedata.normalize(form, "år é") for form in forms)
    outcome = road(tmp_path, renamed("a", in_file, in_codebook))
    assert outcome.sentences == ()
    assert values(outcome) == plain


def saved(encoding: str, delimiter: str, cell: Callable[[int, str], str] = lambda place, text: text) -> Change:
    """Save the 2022 file in another way; `cell` changes cells by the place of their column."""

    def change(seeds: Path) -> None:
        header, *rows = read(seeds / RAW)
        rows = [[cell(place, text) for place, text in enumerate(row)] for row in rows]
        write(seeds / RAW, [header, *rows], encoding, delimiter)

    return change


def in_commas(place: int, text: str) -> str:
    return text.replace(".", ",")


def as_decimals(place: int, text: str) -> str:
    return f" {text},0 " if text.isdecimal() else text.replace(".", ",")


FORMS = {
    "semicolons, UTF-16": saved("utf-16", ";"),
    "tabs, Windows-1252": saved("cp1252", "\t"),
    "bars, byte order mark": saved("utf-8-sig", "|"),
    "decimal commas in quotes": saved("utf-8", ",", in_commas),
    "decimal commas": saved("utf-8", ";", in_commas),
    "1,0 for 1, blanks around cells": saved("utf-8", ";", as_decimals),
    "1.0 for 1": saved("utf-8", ",", lambda place, text: f"{text}.0" if text.isdecimal() else text),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_is_certain_is_read(tmp_path: Path, plain: list[tuple[object, ...]], form: str) -> None:
    outcome = road(tmp_path, FORMS[form])
    assert outcome.sentences == ()
    assert values(outcome) == plain


def weights(form: Callable[[int, str], str]) -> Change:
    """Write the weights of 2022 in another form, by the number of the row."""

    def change(seeds: Path) -> None:
        header, *rows = read(seeds / RAW)
        write(seeds / RAW, [header, *([row[0], form(no, row[1]), *row[2:]] for no, row in enumerate(rows))])

    return change


def replaced(old: bytes, new: bytes, count: int = -1) -> Change:
    return lambda seeds: (seeds / RAW).write_bytes((seeds / RAW).read_bytes().replace(old, new, count)) and None


FAULTS = {
    "a point among commas": (
        weights(lambda no, text: text.replace(".", ",") if no else "0.6533"),
        ["column wgt", "319 of 320 values have a decimal comma and 1 a decimal point"],
    ),
    "thousands": (weights(lambda no, text: "1 234.5"), ["column wgt", "320 of 320", "thousands"]),
    "thousands or decimals": (weights(lambda no, text: "1,000"), ["column wgt", "320 of 320", "thousands or decimals"]),
    "blank": (weights(lambda no, text: ""), ["column wgt", "320 of 320"]),
    "text": (weights(lambda no, text: "heavy"), ["column wgt", "320 of 320", "not numbers"]),
    "another separator": (replaced(b",", b"^"), ["read with a comma between cells"]),
    "a name twice": (replaced(b",a,", b",s2,", 1), ["column s2 stands 2 times"]),
    "no name": (replaced(b",a,", b",,", 1), ["column 4 of the header has no name"]),
    "a short row": (replaced(b"\nr5,", b"\n", 1), ["1 of 320 rows do not have 14 values", "line 6"]),
    "an NUL byte": (replaced(b"r5,", b"r5\x00,"), ["NUL"]),
    "a workbook": (lambda seeds: (seeds / RAW).write_bytes(b"PK\x03\x04...") and None, [".xlsx"]),
    "an SPSS file": (lambda seeds: (seeds / RAW).write_bytes(b"$FL2@(#)") and None, [".sav"]),
    "compressed": (lambda seeds: (seeds / RAW).write_bytes(b"\x1f\x8b\x08...") and None, ["gzip"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_certain_is_said(tmp_path: Path, fault: str) -> None:
    change, parts = FAULTS[fault]
    outcome = road(tmp_path, change)
    said = "\n".join(outcome.sentences)
    assert all(part in said for part in [f"cyclists_{YEAR}.csv", *parts]), said
    assert "0.6533" not in said
    assert "column rid is missing" not in said


def with_columns(names: list[str], cell: str, row: str) -> Change:
    """Add columns to the 2022 file and a row to columns.csv."""

    def change(seeds: Path) -> None:
        header, *rows = read(seeds / RAW)
        write(seeds / RAW, [header + names, *(told + [cell] * len(names) for told in rows)])
        path = seeds / "codebook" / "columns.csv"
        columns = read(path)
        new = dict(zip(("survey", "column_name", "ignored_reason"), ("cyclists", row, "not used"), strict=True))
        new |= {"year_from": str(YEAR), "year_to": str(YEAR)}
        write(path, [*columns, [new.get(name, "") for name in columns[0]]])

    return change


def test_a_thousand_columns_are_ignored_by_pattern(tmp_path: Path, plain: list[tuple[object, ...]]) -> None:
    names = [f"open_{place}" for place in range(1000)]
    outcome = road(tmp_path, with_columns(names, 'two\nlines, "quoted"', "open_*"))
    assert outcome.sentences == ()
    assert values(outcome) == plain
    # Only what is used is taken apart: three columns of personal data would be three too many.
    assert outcome.rows("select count(*) from staging.stg_answers where column_name like 'open%'") == [(0,)]


def test_a_named_column_wins_over_a_pattern(tmp_path: Path, plain: list[tuple[object, ...]]) -> None:
    outcome = road(tmp_path, with_columns(["m7"], "x", "m?"))
    assert outcome.sentences == ()
    assert values(outcome) == plain


def test_a_pattern_that_nothing_fits_is_refused(tmp_path: Path) -> None:
    outcome = road(tmp_path, with_columns(["remark"], "x", "remarks*"))
    said = "\n".join(outcome.sentences)
    assert "no column of cyclists has the form remarks*" in said
    assert "column remark (320 values) has no row in codebook/columns.csv for cyclists 2022" in said


@pytest.mark.parametrize("cell", ["kari@example.no", "Kari", "Kari Nordmann", "01017012345", "91234567"])
def test_an_unknown_value_that_may_be_a_person_is_not_shown(tmp_path: Path, cell: str) -> None:
    outcome = road(tmp_path, saved("utf-8", ",", lambda place, text: cell if place == 2 and text == "M" else text))
    said = "\n".join(outcome.sentences)
    assert cell not in said
    assert f"cyclists_{YEAR}.csv: column s2 of cyclists 2022" in said
    assert f"up to {len(cell)} characters" in said


def test_ids_in_a_column_of_codes_are_not_shown(tmp_path: Path) -> None:
    def change(seeds: Path) -> None:
        header, *rows = read(seeds / RAW)
        write(seeds / RAW, [header, *([*row[:2], row[0], *row[3:]] for row in rows)])

    said = "\n".join(road(tmp_path, change).sentences)
    assert "holds values 320 times that code list sex does not have" in said
    assert "r17" not in said


def test_waves_are_cycles_and_quarters(tmp_path: Path, plain: list[tuple[object, ...]]) -> None:
    """Ids of any form, a label, a date; the numbers are those of the years."""

    def change(seeds: Path) -> None:
        path = seeds / "codebook" / "waves.csv"
        header, *rows = read(path)
        ids = {"2021": "2020-2021", "2022": "22'Q1", "2023": "2023Q1"}
        for row in rows:
            told = dict(zip(header, row, strict=True))
            (seeds / "raw" / f"cyclists_{told['year']}.csv").rename(seeds / "raw" / f"cyclists_{ids[told['year']]}.csv")
            told["wave"] = ids[told["year"]]
            if told["year"] == "2022":
                told |= {"label_en": "Winter 2022", "wave_date": "2022-02-01"}
            row[:] = [told[name] for name in header]
        write(path, [header, *rows])

    outcome = road(tmp_path, change)
    assert outcome.sentences == ()
    assert values(outcome) == plain
    assert outcome.rows(
        "select year, wave, label_no, label_en, wave_date::varchar from marts.dim_wave order by year"
    ) == [
        (2021, "2020-2021", "2020-2021", "2020-2021", "2021-01-01"),
        (2022, "22'Q1", "Winter 2022", "Winter 2022", "2022-02-01"),
        (2023, "2023Q1", "2023Q1", "2023Q1", "2023-01-01"),
    ]
