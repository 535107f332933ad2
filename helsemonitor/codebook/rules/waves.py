"""Rules of surveys, waves and ranges of years."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.reading import Row
from helsemonitor.codebook.rules.rule import rule

# Files whose rows hold in a range of years, and the columns that name what may have one row a wave.
RANGED = {
    "columns": ("column_name",),
    "routing": ("item",),
    "derivations": ("item", "answer", "clause"),
    "breakdowns": ("breakdown", "group_key"),
    "left_out": ("breakdown", "answers"),
}


def _entry(row: Row, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{column} {row[column]}" for column in columns)


@rule
def unreviewed(book: Codebook) -> Iterator[str]:
    """A person has checked what columns.csv says of every wave."""
    for row in book.rows("waves"):
        if row["reviewed"] != "yes":
            yield (
                f"{row.place}: {row['survey']} {row['year']} is not marked reviewed; check what columns.csv says of "
                "its columns, their items and code lists, and write yes."
            )


@rule
def unused_survey(book: Codebook) -> Iterator[str]:
    """Every survey has a wave."""
    for row in book.rows("surveys"):
        if row["survey"] not in book.years:
            yield f"{row.place}: survey {row['survey']} has no wave in waves.csv; declare one, or take the row out."


@rule
def dates_turned_round(book: Codebook) -> Iterator[str]:
    """Fieldwork begins before it ends, within two years of the wave's year where that is a calendar year."""
    for row in book.rows("waves"):
        start, end = row["fieldwork_start"], row["fieldwork_end"]
        if start and end and start > end:
            yield f"{row.place}: fieldwork begins on {start} and ends on {end}; turn the dates round."
        for column in ("fieldwork_start", "fieldwork_end", "wave_date"):
            year = int(row["year"])
            if row[column] and 1800 <= year <= 2200 and abs(int(row[column][:4]) - year) > 2:
                yield (
                    f"{row.place}: column {column} is {row[column]} in a wave of {year}; correct the date or the year."
                )


@rule
def waves_in_order(book: Codebook) -> Iterator[str]:
    """The years of a survey sort its waves as their fieldwork does."""
    dated = [row for row in book.rows("waves") if row["fieldwork_start"]]
    dated.sort(key=lambda row: (row["survey"], int(row["year"])))
    for before, row in pairwise(dated):
        if before["survey"] == row["survey"] and before["fieldwork_start"] > row["fieldwork_start"]:
            yield (
                f"{row.place}: fieldwork of {row['survey']} {row['year']} begins on {row['fieldwork_start']}, before "
                f"that of {before['year']} on {before['fieldwork_start']} ({before.place}); correct the dates or the "
                "years, which sort the waves."
            )


@rule
def id_is_weight(book: Codebook) -> Iterator[str]:
    """The respondents' id and their weight are two columns."""
    for row in book.rows("waves"):
        if row["respondent_column"] == row["weight_column"]:
            yield f"{row.place}: column {row['weight_column']} is named as id and as weight; name two columns."


@rule
def range_turned_round(book: Codebook) -> Iterator[str]:
    """No range ends before it begins."""
    ends = {**dict.fromkeys(RANGED, ("year_from", "year_to")), "changes": ("year", "year_to")}
    for table, (first, last) in ends.items():
        for row in book.rows(table):
            if row[first] and row[last] and int(row[first]) > int(row[last]):
                yield (
                    f"{row.place}: the range begins in {row[first]} ({first}) and ends in {row[last]} ({last}); turn "
                    "it round."
                )


@rule
def crossing_ranges(book: Codebook) -> Iterator[str]:
    """Of the rows of one entry no two hold in one wave."""
    for table, columns in RANGED.items():
        holding: Counter[tuple[str, ...]] = Counter()
        first: dict[tuple[str, ...], Row] = {}
        for row in book.rows(table):
            for year in book.years_of(row):
                key = (row["survey"], *(row[column] for column in columns), str(year))
                holding[key] += 1
                before = first.setdefault(key, row)
                if holding[key] == 2:
                    yield (
                        f"{row.place}: {_entry(row, columns)} of {row['survey']} has two rows that hold in {year}, "
                        f"and one is allowed ({before.place}); close the older range with year_to."
                    )


@rule
def idle_range(book: Codebook) -> Iterator[str]:
    """Every range holds in a declared wave."""
    for table, columns in RANGED.items():
        for row in book.rows(table):
            if not book.years_of(row) and not (
                row["year_from"] and row["year_to"] and row["year_from"] > row["year_to"]
            ):
                yield (
                    f"{row.place}: the range {row['year_from']}-{row['year_to']} of {_entry(row, columns)} of "
                    f"{row['survey']} holds in no declared wave; correct its years or its survey, or take the row out."
                )
