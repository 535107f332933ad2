"""Rules of breakdowns, crosses, what they leave out, and of what refers to a group."""

from collections.abc import Iterator
from math import isclose

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.reading import Row, suggestion
from helsemonitor.codebook.rules.rule import rule, unknown_answers

TOTAL = "total"
# In left_out.csv: the numbers that no group of the breakdown holds.
OUTSIDE = "_outside"


def _keys(book: Codebook, survey: str) -> dict[str, set[str]]:
    """Breakdown or cross -> its groups; of a cross those of its parts, by dimension."""
    found: dict[str, set[str]] = {}
    for row in book.rows("breakdowns"):
        if row["survey"] == survey:
            found.setdefault(row["breakdown"], set()).add(row["group_key"])
    return found


def _crosses(book: Codebook) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in book.rows("crosses"):
        found.setdefault((row["survey"], row["breakdown"]), []).append(row)
    return {cross: sorted(rows, key=lambda row: int(row["dimension"])) for cross, rows in found.items()}


@rule
def whole_sample(book: Codebook) -> Iterator[str]:
    """Every survey has the breakdown total with the one group total, made of nothing."""
    for survey in book.years:
        rows = [row for row in book.rows("breakdowns") if row["survey"] == survey and row["breakdown"] == TOTAL]
        filled = [
            row
            for row in rows
            if any(
                row[column]
                for column in ("source_item", "answers", "min_value", "max_value", "serves", "year_from", "year_to")
            )
        ]
        if [row["group_key"] for row in rows] != [TOTAL] or filled:
            place = rows[0].place if rows else book.shown("breakdowns")
            yield (
                f"{place}: the whole sample of {survey} needs one row with breakdown total and group_key total, and "
                "neither source_item, answers, numbers, years nor serves."
            )


@rule
def group_is_made_of_something(book: Codebook) -> Iterator[str]:
    """A group is made of answers, or of a range of numbers where its item holds numbers."""
    for row in book.rows("breakdowns"):
        if row["breakdown"] == TOTAL:
            continue
        if not row["source_item"]:
            yield f"{row.place}: group {row['breakdown']}:{row['group_key']} has no source_item; name one."
            continue
        numbers = book.has_numbers(row["survey"], row["source_item"])
        bounds = bool(row["min_value"] or row["max_value"])
        if numbers and (row["answers"] or not bounds):
            yield (
                f"{row.place}: group {row['breakdown']}:{row['group_key']} is made of {row['source_item']}, which "
                "holds numbers; write min_value or max_value, and no answers."
            )
        if not numbers and (bounds or not row["answers"]):
            yield (
                f"{row.place}: group {row['breakdown']}:{row['group_key']} is made of {row['source_item']}, which "
                "holds answers; write them, and neither min_value nor max_value."
            )
        if row["min_value"] and row["max_value"] and float(row["min_value"]) > float(row["max_value"]):
            yield f"{row.place}: min_value {row['min_value']} is above max_value {row['max_value']}; turn them round."


@rule
def answers_of_groups(book: Codebook) -> Iterator[str]:
    """A group, and what a breakdown leaves out, name answers of the breakdown's item."""
    sources: dict[tuple[str, str], str] = {}
    for row in book.rows("breakdowns"):
        if row["source_item"]:
            sources.setdefault((row["survey"], row["breakdown"]), row["source_item"])
    for table in ("breakdowns", "left_out"):
        for row in book.rows(table):
            item = row.get("source_item") or sources.get((row["survey"], row["breakdown"]), "")
            # Numbers in no range, or answers without a clause of a derived item, have no name of their own.
            also = (OUTSIDE,) if table == "left_out" else ()
            yield from unknown_answers(book, row, item, "answers", also)


@rule
def breakdown_says_one_thing(book: Codebook) -> Iterator[str]:
    """All rows of a breakdown or cross serve the same items, which exist, and in a wave are made of one item."""
    for table in ("breakdowns", "crosses"):
        first: dict[tuple[str, str], Row] = {}
        for row in book.rows(table):
            before = first.setdefault((row["survey"], row["breakdown"]), row)
            if before["serves"] != row["serves"]:
                yield (
                    f"{row.place}: serves of {row['breakdown']} is '{row['serves']}' and '{before['serves']}' in "
                    f"{before.place}; write the same in all its rows."
                )
            for item in row.parts("serves") if row["serves"] != "composition" else []:
                if (row["survey"], item) not in book.items:
                    known = [name for survey, name in book.items if survey == row["survey"]]
                    yield (
                        f"{row.place}: serves names item {item}, which items.csv does not have for "
                        f"{row['survey']}{suggestion(item, known)}; correct the name."
                    )
    made: dict[tuple[str, str, int], Row] = {}
    said = set()
    for row in book.rows("breakdowns"):
        for year in book.years_of(row):
            before = made.setdefault((row["survey"], row["breakdown"], year), row)
            if before["source_item"] != row["source_item"] and row.place not in said:
                said.add(row.place)
                yield (
                    f"{row.place}: breakdown {row['breakdown']} is made of {row['source_item']} here and of "
                    f"{before['source_item']} in {before.place}, both in {year}; a person can be in one group only if "
                    "one item decides."
                )


@rule
def crosses_cross(book: Codebook) -> Iterator[str]:
    """A cross has two or three different breakdowns, numbered from 1, and a name of its own."""
    for (survey, cross), rows in _crosses(book).items():
        dimensions = [int(row["dimension"]) for row in rows]
        sources = [row["source_breakdown"] for row in rows]
        if dimensions not in ([1, 2], [1, 2, 3]):
            yield (
                f"{rows[0].place}: the dimensions of cross {cross} of {survey} are {', '.join(map(str, dimensions))}; "
                "a cross needs the dimensions 1 and 2, or 1, 2 and 3."
            )
        if len(set(sources)) < len(sources) or TOTAL in sources:
            yield f"{rows[0].place}: cross {cross} of {survey} crosses {', '.join(sources)}; name different breakdowns."
        if cross in _keys(book, survey):
            yield f"{rows[0].place}: {cross} of {survey} is a breakdown in breakdowns.csv too; rename the cross."


@rule
def breakdowns_that_are_there(book: Codebook) -> Iterator[str]:
    """Figures and scopes of changes name breakdowns and groups that exist."""
    for row in book.rows("figures"):
        known = [*_keys(book, row["survey"]), *(cross for survey, cross in _crosses(book) if survey == row["survey"])]
        if row["breakdown"] not in known:
            yield (
                f"{row.place}: figure {row['figure']} shows breakdown {row['breakdown']}, which breakdowns.csv and "
                f"crosses.csv do not have for {row['survey']}{suggestion(row['breakdown'], known)}; correct the name."
            )
    for row in book.rows("changes"):
        keys = _keys(book, row["survey"])
        groups = [f"{breakdown}:{key}" for breakdown, found in keys.items() for key in found]
        crosses = [cross for survey, cross in _crosses(book) if survey == row["survey"]]
        for column in ("scope", "unaffected_breakdowns"):
            for part in row.parts(column):
                breakdown = part.split(":")[0]
                whole = column == "unaffected_breakdowns" and (part in keys or part in crosses)
                if not whole and part not in groups and not (breakdown in crosses and ":" in part):
                    yield (
                        f"{row.place}: column {column} names {part}, which is no breakdown:group of "
                        f"{row['survey']}{suggestion(part, groups)}; correct the name."
                    )


@rule
def printed_groups(book: Codebook) -> Iterator[str]:
    """The groups that printed numbers stand on exist."""
    crosses = _crosses(book)
    missing: dict[tuple[str, str, str], list[Row]] = {}
    for row in book.rows("published_results"):
        if row["denominator"] in ("none", "margin") or row["survey"] not in book.years:
            continue
        keys = _keys(book, row["survey"])
        dimensions = crosses.get((row["survey"], row["breakdown"]))
        named = (
            zip((part["source_breakdown"] for part in dimensions), row["group_key"].split("__"), strict=False)
            if dimensions
            else [(row["breakdown"], row["group_key"])]
        )
        for breakdown, key in named:
            if key not in keys.get(breakdown, set()):
                missing.setdefault((row["survey"], breakdown, key), []).append(row)
    for (survey, breakdown, key), rows in missing.items():
        yield (
            f"{book.shown('breakdowns')}: {len(rows)} numbers of published_results.csv stand on group {key} of "
            f"breakdown {breakdown} of {survey}, which is not there (first {rows[0].place}); add its row, or correct "
            "the address of the numbers."
        )


@rule
def printed_items(book: Codebook) -> Iterator[str]:
    """Printed numbers of a survey stand on items or breakdowns that it has, and a change begins before it ends."""
    for row in book.rows("published_results"):
        surveys = list(book.years)
        if row["survey"] not in surveys:
            # Reports of surveys that the codebook has not stand on nothing here; a misspelt name would look the same.
            if near := suggestion(row["survey"], surveys):
                yield f"{row.place}: survey {row['survey']} has no wave{near}; correct the name."
            continue
        own = [item for survey, item in book.items if survey == row["survey"]]
        known = [*own, *_keys(book, row["survey"]), "respondents"]
        named = [*row.parts("items"), *([row["base_item"]] if row["base_item"] else [])]
        for item in named if row["denominator"] != "none" else []:
            if item not in known:
                yield (
                    f"{row.place}: number {row['result_id']} stands on item {item}, which items.csv does not have for "
                    f"{row['survey']}{suggestion(item, known)}; correct the name."
                )
        if row["year_from"] and int(row["year_from"]) >= int(row["year"]):
            yield (
                f"{row.place}: number {row['result_id']} is a change from {row['year_from']} to {row['year']}; write "
                "the earlier year in year_from."
            )


@rule
def population_is_whole(book: Codebook) -> Iterator[str]:
    """The population shares of a breakdown add up to 100 in a wave."""
    shares: dict[tuple[str, str, str], list[Row]] = {}
    for row in book.rows("population"):
        shares.setdefault((row["survey"], row["year"], row["breakdown"]), []).append(row)
    for (survey, year, breakdown), rows in shares.items():
        total = sum(float(row["share_pct"]) for row in rows)
        if not isclose(total, 100, abs_tol=1):
            yield (
                f"{rows[0].place}: the shares of {breakdown} of {survey} {year} add up to {total:.1f} %; correct "
                "them, or add the missing group."
            )
