"""Rules of limits, and of the noise of profile open."""

from collections.abc import Iterator

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.reading import Row, suggestion
from helsemonitor.codebook.rules.rule import rule
from helsemonitor.limits import ANY, LIMITS

CELL_KEYS = 1000


@rule
def missing_limit(book: Codebook) -> Iterator[str]:
    """Every limit that a check reads has a row for any survey and any name, or one for each unit."""
    there = {(row["check_name"], row["name"]) for row in book.rows("limits") if row["survey"] == ANY}
    scored = {row["kind"] for row in book.rows("kinds") if row["scored_by"] == "answer"}
    units = sorted({row["unit"] for row in book.rows("indicators") if row["kind"] in scored})
    for check, place in LIMITS.items():
        if (check, ANY) not in there:
            for name in units if place.startswith("unit") else [ANY]:
                if (check, name) not in there:
                    yield (
                        f"{book.shown('limits')}: no row for {check} of survey '*' and name '{name}'; add it, with "
                        "value, unit, date and reason."
                    )


@rule
def limit_of_something(book: Codebook) -> Iterator[str]:
    """A limit is one that a check reads, for a survey and a name that exist, where the check looks at them."""
    surveys = list(book.years)
    names = {
        *(row["item"] for row in book.rows("items")),
        *(row["column_name"] for row in book.rows("columns")),
        *(row["weight_column"] for row in book.rows("waves")),
        *(row["indicator"] for row in book.rows("indicators")),
        *(row["breakdown"] for row in book.rows("breakdowns")),
        *(unit for row in book.rows("kinds") for unit in row.parts("units")),
        *book.item_types,
        *(row[column] for row in book.rows("published_results") for column in ("measure", "source_kind")),
    }
    words = {"pp_change", "prose_approx", "two_answers", "more_answers"}
    is_house = _is_house(book)
    for row in book.rows("limits"):
        name = row["check_name"]
        if name not in LIMITS:
            yield f"{row.place}: no check reads limit {name}{suggestion(name, list(LIMITS))}; correct the name."
            continue
        if row["survey"] not in (ANY, *surveys) and not is_house:
            yield (
                f"{row.place}: limit {name} is for survey {row['survey']}, which has no "
                f"wave{suggestion(row['survey'], surveys)}; correct the name."
            )
        if row["name"] not in (ANY, *names, *words) and not is_house:
            yield (
                f"{row.place}: limit {name} is for {row['name']}, which is no item, column, indicator, breakdown, "
                f"type or unit{suggestion(row['name'], sorted(names))}; correct the name."
            )
        if not LIMITS[name] and (row["survey"] != ANY or row["name"] != ANY or row["year_from"]):
            yield f"{row.place}: limit {name} is one for all surveys, waves and names; write * and no year."


def _is_house(book: Codebook) -> bool:
    """Whether the survey has no limits of its own: those of the project name its surveys and items."""
    return not book.shown("limits").startswith(book.shown("waves").removesuffix("waves.csv"))


@rule
def noise_is_whole(book: Codebook) -> Iterator[str]:
    """The noise table gives every count and every cell key one noise, and makes no count negative."""
    classes: dict[int, list[Row]] = {}
    for row in book.rows("perturbation"):
        classes.setdefault(int(row["count_class"]), []).append(row)
        if int(row["noise"]) < -int(row["count_class"]):
            yield f"{row.place}: noise {row['noise']} makes a count of {row['count_class']} negative; correct it."
    if sorted(classes) != list(range(1, len(classes) + 1)):
        yield f"{book.shown('perturbation')}: the count classes do not go from 1 up by 1; add the missing rows."
    for count, rows in classes.items():
        ordered = sorted(rows, key=lambda row: int(row["cell_key_from"]))
        ends = [-1, *(int(row["cell_key_to"]) for row in ordered)]
        starts = [*(int(row["cell_key_from"]) for row in ordered), CELL_KEYS]
        if any(start != end + 1 for end, start in zip(ends, starts, strict=True)):
            yield (
                f"{ordered[0].place}: the cell keys of count class {count} do not cover 0 to {CELL_KEYS - 1} once "
                "each; correct cell_key_from and cell_key_to."
            )
