"""The suites: what is expected of a raw wave and of the marts, as plain values.

Nothing here imports Great Expectations; the runner turns each `Expectation` into the class that it names. A suite over
respondents never lists rows; a suite over aggregates names the failing rows by `keys`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from helsemonitor.codebook import Wave
from helsemonitor.limits import Limit, limit_for

# As R, SPSS and Excel write numbers; DuckDB reads each of them. Small weights come with an exponent.
NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?\Z"
# Numbers are exact decimals in the warehouse, with nine digits before the point and nine after it.
LARGEST_NUMBER = 999_999_999
LARGEST_WEIGHT = 1_000_000_000_000


@dataclass(frozen=True)
class Expectation:
    """One expectation and the sentence that is said when it fails.

    Args:
        kind: Class name in Great Expectations.
        kwargs: Arguments of that class.
        finding: What was found. `{count}` and `{total}` are rows, `{observed}` is the value of a whole table; in a
            suite with keys the columns of the failing row instead.
        mend: What to do.
        column: Column that the sentence names; empty where it is about the whole table.
    """

    kind: str
    kwargs: Mapping[str, Any]
    finding: str
    mend: str
    column: str = ""


@dataclass(frozen=True)
class Suite:
    """Expectations of one table.

    Args:
        name: Name of the suite, unique.
        place: The file or table, as a person would look it up.
        expectations: What is expected of it.
        survey: Survey of a raw wave.
        year: Year of a raw wave.
        keys: Columns that name a row of an aggregate; empty for respondents, whose rows are never named.
    """

    name: str
    place: str
    expectations: tuple[Expectation, ...]
    survey: str = ""
    year: int = 0
    keys: tuple[str, ...] = field(default=())


def number_column(column: str) -> str:
    """Name of the numeric copy of a text column. No delivered column's name ends in a blank."""
    return f"{column} as number "


def share_column(column: str) -> str:
    """Name of a weight in percent of the sum of all weights."""
    return f"{column} in percent of the total "


def gap_column(item: str) -> str:
    """Name of the distance of an allocation's sum from 0 or 100, whichever is nearer."""
    return f"{item} points off 0 or 100 "


def _numbers(column: str, low: float, high: float, strict: bool = False) -> list[Expectation]:
    number = number_column(column)
    low, high = max(low, -LARGEST_NUMBER), min(high, LARGEST_NUMBER)
    edge = f"above {low:g}" if strict else f"from {low:g}"
    return [
        Expectation(
            kind="ExpectColumnValuesToMatchRegex",
            kwargs={"column": column, "regex": NUMBER},
            finding="{count} of {total} values are not numbers",
            mend="deliver digits with a decimal point, and a blank where there is no value",
            column=column,
        ),
        Expectation(
            kind="ExpectColumnValuesToBeBetween",
            kwargs={"column": number, "min_value": low, "max_value": high, "strict_min": strict},
            finding=f"{{count}} of {{total}} values do not lie {edge} to {high:g}",
            mend="correct the values, or set another limit with date and reason in codebook/limits.csv",
            column=column,
        ),
    ]


def _weights(column: str, wave: Wave, limits: Sequence[Limit]) -> list[Expectation]:
    share = limit_for(limits, "weight_share", wave.survey, wave.year, [column])
    # In a small wave everybody is a large part of the total.
    ratio = limit_for(limits, "weight_ratio", wave.survey, wave.year, [column])
    share = max(share, 100 * ratio / max(wave.respondents, 1))
    parsed, _ = _numbers(column, 0, 0)
    return [
        Expectation(
            kind="ExpectColumnValuesToNotBeNull",
            kwargs={"column": column},
            finding="{count} of {total} respondents have no weight",
            mend="every respondent of a weighted wave needs one; an unweighted wave has no weight_column in waves.csv",
            column=column,
        ),
        replace(parsed, mend="deliver digits with a decimal point for every respondent"),
        Expectation(
            kind="ExpectColumnValuesToBeBetween",
            kwargs={"column": number_column(column), "min_value": 0, "strict_min": True},
            finding="{count} of {total} weights are zero or negative",
            mend="a respondent without influence does not belong in the file; ask the institute for the final weights",
            column=column,
        ),
        Expectation(
            kind="ExpectColumnValuesToBeBetween",
            kwargs={"column": share_column(column), "max_value": share},
            finding=f"{{count}} of {{total}} weights are more than {share:.3g} % of the sum of all weights",
            mend="have the weights trimmed, or set another limit with date and reason in codebook/limits.csv",
            column=column,
        ),
        # Any scale is welcome; beyond these it is another number than a weight, and decimals could not hold it.
        Expectation(
            kind="ExpectColumnValuesToBeBetween",
            kwargs={"column": number_column(column), "min_value": -LARGEST_WEIGHT, "max_value": LARGEST_WEIGHT},
            finding=f"{{count}} of {{total}} weights are larger than {LARGEST_WEIGHT:,}",
            mend="deliver weights on a smaller scale, such as people in thousands; or name the right weight_column in "
            "waves.csv",
            column=column,
        ),
    ]


def _allocations(items: Sequence[str], wave: Wave, limits: Sequence[Limit]) -> list[Expectation]:
    found = []
    for item in items:
        limit = limit_for(limits, "allocation_sum", wave.survey, wave.year, [item])
        found.append(
            Expectation(
                kind="ExpectColumnValuesToBeBetween",
                kwargs={"column": gap_column(item), "min_value": 0, "max_value": limit},
                finding=f"the points of {{count}} of {{total}} respondents sum to neither 0 nor 100 (within {limit:g})",
                mend="check that all channels of the item are mapped in columns.csv and that the file holds points",
                column=item,
            )
        )
    return found


def respondents_suite(
    wave: Wave,
    place: str,
    numbers: Mapping[str, tuple[str, str]],
    allocations: Sequence[str],
    limits: Sequence[Limit],
) -> Suite:
    """Suite of a raw wave's respondents.

    Args:
        wave: The wave.
        place: Path of its file.
        numbers: Delivered numeric column -> type and item.
        allocations: Allocation items with all channels delivered.
        limits: All limits.
    """
    respondent = wave.respondent_column
    expectations = [
        Expectation(
            kind="ExpectTableRowCountToEqual",
            kwargs={"value": wave.respondents},
            finding=f"the file has {{observed}} respondents where waves.csv declares {wave.respondents}",
            mend="deliver the whole file, or correct `respondents` in waves.csv",
        ),
        Expectation(
            kind="ExpectColumnValuesToNotBeNull",
            kwargs={"column": respondent},
            finding="{count} of {total} rows have no respondent id",
            mend="give every respondent an id",
            column=respondent,
        ),
        Expectation(
            kind="ExpectColumnValuesToBeUnique",
            kwargs={"column": respondent},
            finding="{count} of {total} rows share their respondent id with another row",
            mend="a respondent is one row; remove the repeated rows or give each its own id",
            column=respondent,
        ),
    ]
    if wave.weight_column:
        expectations += _weights(wave.weight_column, wave, limits)
    for column, names in numbers.items():
        low = limit_for(limits, "number_low", wave.survey, wave.year, names)
        high = limit_for(limits, "number_high", wave.survey, wave.year, names)
        expectations += _numbers(column, low, high)
    expectations += _allocations(allocations, wave, limits)
    return Suite(
        name=f"raw_{wave.seed}",
        place=place,
        expectations=tuple(expectations),
        survey=wave.survey,
        year=wave.year,
    )


def columns_suite(wave: Wave, place: str) -> Suite:
    """Suite of a raw wave's columns: one row per delivered column, with the number of values in it."""
    return Suite(
        name=f"raw_{wave.seed}_columns",
        place=place,
        survey=wave.survey,
        year=wave.year,
        keys=("column_name",),
        expectations=(
            Expectation(
                kind="ExpectColumnValuesToBeBetween",
                kwargs={"column": "filled_n", "min_value": 1},
                finding="column {column_name} is blank for every respondent",
                mend="deliver its values, or give it an ignored_reason in columns.csv",
                column="filled_n",
            ),
        ),
    )


def mart_suites(limits: Sequence[Limit]) -> dict[str, Suite]:
    """Suites of the built warehouse, by the name of the frame in `frames.MART_QUERIES` that each one looks at."""
    suites = [
        Suite(
            name="respondents",
            place="marts.dim_wave",
            keys=("survey", "year"),
            expectations=tuple(
                Expectation(
                    kind="ExpectColumnPairValuesToBeEqual",
                    kwargs={"column_A": column, "column_B": "declared_n", "ignore_row_if": "neither"},
                    finding=f"{table} has {{{column}:g}} respondents where waves.csv declares {{declared_n:g}}",
                    mend="no respondent may get lost or doubled on the road; look at staging",
                    column=column,
                )
                for column, table in (("respondents_n", "dim_wave"), ("composition_n", "fct_composition"))
            ),
        ),
        Suite(
            name="weighted_bases",
            place="marts.fct_answer_shares",
            keys=("survey", "year", "item", "basis"),
            expectations=(
                Expectation(
                    kind="ExpectColumnPairValuesAToBeGreaterThanB",
                    kwargs={
                        "column_A": "allowed_pct",
                        "column_B": "gap_pct",
                        "or_equal": True,
                        "ignore_row_if": "neither",
                    },
                    finding="the mean weight of the {base_n:g} respondents in the base is {gap_pct:.1f} % away from "
                    "the wave's ({allowed_pct:g} % is allowed)",
                    mend="check the weight column of the wave, or set another limit with date and reason in "
                    "codebook/limits.csv",
                    column="gap_pct",
                ),
            ),
        ),
        Suite(
            name="reconciliation",
            place="marts.fct_reconciliation",
            keys=("survey", "year", "result_id"),
            expectations=(
                Expectation(
                    kind="ExpectColumnPairValuesAToBeGreaterThanB",
                    kwargs={"column_A": "allowed", "column_B": "gap", "or_equal": True, "ignore_row_if": "neither"},
                    finding="{printed_as} prints {published_value:g} and the warehouse computes {computed_value:.2f} "
                    "({allowed:g} apart is allowed)",
                    mend="check the wave's file, code lists and filters; if the print contradicts itself, add the row "
                    "with both numbers to published_exceptions.csv",
                    column="gap",
                ),
            ),
        ),
        Suite(
            name="printed_bases",
            place="marts.fct_reconciliation",
            keys=("survey", "year", "result_id"),
            expectations=(
                Expectation(
                    kind="ExpectColumnPairValuesToBeEqual",
                    kwargs={"column_A": "computed_base_n", "column_B": "published_n", "ignore_row_if": "neither"},
                    finding="{printed_as} prints {published_n:g} respondents as its base and the warehouse counts "
                    "{computed_base_n:g} respondents ({base_counts})",
                    mend="check the wave's file, code lists and filters; if the print counts others than the base of "
                    "the number, say whom in base_counts of published_results.csv; if it contradicts itself, add a row "
                    "that concerns base to published_exceptions.csv",
                    column="computed_base_n",
                ),
            ),
        ),
        Suite(
            name="drift",
            place="marts.fct_indicators",
            keys=("survey", "year", "series"),
            expectations=(
                Expectation(
                    kind="ExpectColumnPairValuesAToBeGreaterThanB",
                    kwargs={"column_A": "allowed", "column_B": "change", "or_equal": True, "ignore_row_if": "neither"},
                    finding="the value moved by {change:.1f} since {year_before:g}, {within} ({allowed:.3g} is "
                    "allowed, by {allowed_by})",
                    mend="check the wave's code lists and filters; if the change is real, add a row with date and "
                    "reason to codebook/limits.csv, and if the question changed, one to changes.csv",
                    column="change",
                ),
            ),
        ),
        Suite(
            name="scales",
            place="marts.fct_answer_shares",
            keys=("survey", "year", "item"),
            expectations=(
                Expectation(
                    kind="ExpectColumnPairValuesAToBeGreaterThanB",
                    kwargs={"column_A": "allowed", "column_B": "moved", "or_equal": True, "ignore_row_if": "neither"},
                    finding="{turned}, as it looks: the answers are {apart:.1f} points away from those of "
                    "{year_before:g}, and in that order {apart_turned:.1f} ({allowed:g} are allowed)",
                    mend="check the order of the codes in the wave's file and in codebook/code_lists.csv; if the "
                    "change is real, add a row for the item to `turned` in codebook/limits.csv, with date and reason",
                    column="moved",
                ),
            ),
        ),
    ]
    return {suite.name: suite for suite in suites}
