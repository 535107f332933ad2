"""The tables that the suites look at: a raw wave as it was delivered, and aggregates of the built warehouse."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from expectations.suites import (
    Suite,
    columns_suite,
    gap_column,
    mart_suites,
    number_column,
    respondents_suite,
    share_column,
)
from helsemonitor.codebook import Wave, holds_in, raw_file, read_waves
from helsemonitor.codebook.book import NO_ANSWERS, Codebook
from helsemonitor.codebook.reading import read_table
from helsemonitor.delimited import clean_name
from helsemonitor.errors import DataRefused
from helsemonitor.limits import Limit, limit_for, limit_or_none
from helsemonitor.raw_files import ColumnForm, read_raw, write_copy
from helsemonitor.settings import Settings
from helsemonitor.turned import turned_scales


@dataclass(frozen=True)
class Batch:
    """A suite and the table that it looks at."""

    suite: Suite
    frame: pd.DataFrame


@dataclass(frozen=True)
class RawWave:
    """What the gate knows of one raw wave.

    Args:
        rows: Number of respondents in the file.
        batches: Suites with their tables.
        sentences: What is wrong with the file's shape, so that the tables could not be made or not in full.
    """

    rows: int
    batches: tuple[Batch, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Delivered:
    """What columns.csv says of one wave's columns.

    Args:
        used: Column -> item, for the columns in use.
        allocations: Allocation item -> its columns with points.
        numbers: Column with numbers -> type and item, the names its limits are looked up by.
        codes: Column with a code list -> its codes; of a column of numbers, those that are no numbers.
        ignored: Names and patterns of the columns that are not used.
    """

    used: Mapping[str, str]
    allocations: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, tuple[str, str]]
    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    def forms(self, wave: Wave) -> dict[str, ColumnForm]:
        """Form of the columns that are read: those in use, the id and the weight."""
        return {
            wave.respondent_column: ColumnForm(),
            **({wave.weight_column: ColumnForm(is_number=True)} if wave.weight_column else {}),
            **{column: ColumnForm(column in self.numbers, self.codes.get(column, frozenset())) for column in self.used},
        }


NOTHING = Delivered(used={}, allocations={}, numbers={})


def _code_lists(rows: Iterable[Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Code list -> code -> answer."""
    lists: dict[str, dict[str, str]] = {}
    for row in rows:
        lists.setdefault(row["code_list"], {})[row["code"]] = row["answer"]
    return lists


def _holds_numbers(code_list: str, lists: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether a column holds numbers: it has no list, or one of nothing but codes that are no numbers."""
    return not code_list or (code_list in lists and set(lists[code_list].values()) <= set(NO_ANSWERS))


def _delivered(
    rows: Sequence[Mapping[str, str]], types: Mapping[str, str], lists: Mapping[str, Mapping[str, str]]
) -> Delivered:
    """What the rows of columns.csv that hold in a wave say. types: item -> its type."""
    used = {clean_name(row["column_name"]): row for row in rows if not row["ignored_reason"]}
    numbers = {
        column: (types.get(row["item"], ""), row["item"])
        for column, row in used.items()
        if _holds_numbers(row["code_list"], lists)
    }
    points = sorted({item for kind, item in numbers.values() if kind == "allocation"})
    return Delivered(
        used={column: row["item"] for column, row in used.items()},
        allocations={item: tuple(column for column, (_, owner) in numbers.items() if owner == item) for item in points},
        numbers=numbers,
        codes={column: frozenset(lists[row["code_list"]]) for column, row in used.items() if row["code_list"] in lists},
        ignored=tuple(row["column_name"] for row in rows if row["ignored_reason"]),
    )


def delivered_columns(settings: Settings) -> dict[tuple[str, str], Delivered]:
    """Read columns.csv, items.csv and code_lists.csv: (survey, year) -> what its columns hold."""
    types: dict[str, dict[str, str]] = {}
    for row in read_table(settings, "items").rows:
        types.setdefault(row["survey"], {})[row["item"]] = row["type"]
    rows = read_table(settings, "columns").rows
    lists = _code_lists(read_table(settings, "code_lists").rows)
    return {
        (wave.survey, str(wave.year)): _delivered(
            [row for row in rows if row["survey"] == wave.survey and holds_in(row, wave.year)],
            types.get(wave.survey, {}),
            lists,
        )
        for wave in read_waves(settings)
    }


def delivered_in(book: Codebook, wave: Wave) -> Delivered:
    """What the columns of a wave hold, by a codebook that is read already."""
    return _delivered(
        [row for row in book.rows("columns") if row["survey"] == wave.survey and holds_in(row, wave.year)],
        {item: row["type"] for (survey, item), row in book.items.items() if survey == wave.survey},
        _code_lists(book.rows("code_lists")),
    )


def _respondents(
    frame: pd.DataFrame, wave: Wave, delivered: Delivered
) -> tuple[pd.DataFrame, dict[str, tuple[str, str]], list[str]]:
    """Table of one row per respondent: ids, weights, numbers, and the columns computed from them."""
    numbers = [column for column in delivered.numbers if column in frame]
    # Without one of its channels an allocation cannot sum to 100, and the missing column is what has to be said.
    allocations = {item: columns for item, columns in delivered.allocations.items() if set(columns) <= set(numbers)}
    kept = [wave.respondent_column, *([wave.weight_column] if wave.weight_column else []), *numbers]
    table = frame[list(dict.fromkeys(kept))].copy()
    for column in numbers:
        table[column] = table[column].mask(table[column].isin(delivered.codes.get(column, ())))
    for column in dict.fromkeys(kept[1:]):
        table[number_column(column)] = pd.to_numeric(table[column], errors="coerce").astype(float)
    if wave.weight_column:
        weights = table[number_column(wave.weight_column)]
        table[share_column(wave.weight_column)] = 100 * weights / weights.sum()
    for item, columns in allocations.items():
        points = table[[number_column(column) for column in columns]].sum(axis=1, min_count=1)
        table[gap_column(item)] = pd.concat([points.abs(), (points - 100).abs()], axis=1).min(axis=1, skipna=False)
    return table, {column: delivered.numbers[column] for column in numbers}, list(allocations)


def _told_apart(batch: Batch) -> Batch:
    """A batch whose columns are told apart by Great Expectations, which knows neither case nor marks around names."""
    renamed: dict[str, str] = {}
    for place, column in enumerate(batch.frame.columns):
        taken = {name.casefold().strip('"[]`') for name in renamed.values()}
        folded = column.casefold().strip('"[]`')
        renamed[column] = f"{column} (column {place}) " if folded in taken else column
    expectations = tuple(
        replace(expectation, kwargs={**expectation.kwargs, "column": renamed[expectation.kwargs["column"]]})
        if "column" in expectation.kwargs
        else expectation
        for expectation in batch.suite.expectations
    )
    return Batch(replace(batch.suite, expectations=expectations), batch.frame.rename(columns=renamed))


def raw_wave(
    settings: Settings, wave: Wave, delivered: Delivered, limits: Sequence[Limit], copy: Path | None = None
) -> RawWave:
    """Read one raw file and make its tables.

    Args:
        settings: Folders of the project.
        wave: The wave.
        delivered: What the codebook says of its columns.
        limits: All limits.
        copy: Where to write the file for dbt, in the one form that it is read in; nowhere by default.

    A codebook column that the file lacks is left to the warehouse's own check of the crosswalk; only the respondent and
    weight columns are missed here, because nothing can be said without them.
    """
    path = raw_file(settings, wave)
    place = settings.shown(path)
    where = f"{place} (survey {wave.survey}, year {wave.year})"
    if not path.is_file():
        return RawWave(
            0, (), (f"{where}: waves.csv declares this wave but the file is not there; land it or remove the row.",)
        )
    try:
        raw = read_raw(path, where, delivered.forms(wave), ignored=delivered.ignored)
    except DataRefused as refusal:
        return RawWave(0, (), refusal.sentences)
    findings = [
        f"column {column} is missing, which waves.csv names as {word}; deliver it or correct waves.csv"
        for column, word in ((wave.respondent_column, "respondent_column"), (wave.weight_column, "weight_column"))
        if column and column not in raw.header
    ]
    if not raw.rows:
        findings.append("the file has no respondent; deliver it again")
    sentences = [f"{where}: {finding}." for finding in findings]
    sentences += [f"{where[:-1]}, column {column}): {finding}." for column, finding in raw.findings]
    if sentences:
        return RawWave(len(raw.rows), (), tuple(sentences))
    if copy:
        write_copy(raw, copy)
    frame = pd.DataFrame(raw.rows, columns=raw.header, dtype=object)
    frame = frame.mask(frame == "", None)
    table, numbers, allocations = _respondents(frame, wave, delivered)
    filled = frame[[column for column in delivered.used if column in frame]].notna().sum()
    columns = pd.DataFrame({"column_name": list(filled.index), "filled_n": [int(n) for n in filled.array]})
    return RawWave(
        rows=len(raw.rows),
        batches=(
            _told_apart(Batch(respondents_suite(wave, place, numbers, allocations, limits), table)),
            Batch(columns_suite(wave, place), columns),
        ),
        sentences=(),
    )


MART_QUERIES = {
    "respondents": """
        select waves.survey, waves.year, waves.respondents::double as declared_n,
            dim_wave.respondents_n::double as respondents_n, composition.respondents_n::double as composition_n
        from codebook.waves as waves
        left join marts.dim_wave as dim_wave on waves.survey = dim_wave.survey and waves.year = dim_wave.year
        left join marts.fct_composition as composition
            on waves.survey = composition.survey and waves.year = composition.year and composition.breakdown = 'total'
        order by all
    """,
    "weighted_bases": """
        select shares.survey, shares.year, shares.item, shares.basis, any_value(shares.base_n)::double as base_n,
            -- Weights of a wave have a mean of 1.
            100 * abs(any_value(shares.base_weighted)::double / any_value(shares.base_n) - 1) as gap_pct
        from marts.fct_answer_shares as shares
        where shares.breakdown = 'total' and shares.share_pct is not null
            and shares.base_n >= (
                select value from codebook.limits
                where check_name = 'weighted_base_smallest' and survey = '*' and name = '*'
            )
        group by shares.survey, shares.year, shares.item, shares.basis
        order by all
    """,
    # A number without a computed value where there should be one is infinitely far off.
    "reconciliation": """
        select survey, year, result_id, concat(figure, ', ', item, ' ', answer) as printed_as, published_value,
            coalesce(computed_value, 'nan'::double) as computed_value, tolerance + 1e-9 as allowed,
            case when status = 'mismatch' then coalesce(abs(difference), 1e9) else 0 end as gap
        from marts.fct_reconciliation
        where status in ('match', 'mismatch')
        order by all
    """,
    "printed_bases": """
        select survey, year, result_id, concat(figure, ', ', item, ' ', answer) as printed_as, base_counts,
            published_n::double as published_n, computed_base_n::double as computed_base_n
        from marts.fct_reconciliation
        where base_status in ('match', 'mismatch')
        order by all
    """,
    # Indicators and answers of the whole sample, each with its wave before; an answer's series is `<item>:<answer>`.
    "drift": """
        select survey, year, series, item, unit, year_before, abs(value - value_before)::double as change,
            sqrt(coalesce(se * se, 0) + coalesce(se_before * se_before, 0)) as change_se,
            greatest(sd, sd_before) as sd,
            series_segment is distinct from segment_before as is_break
        from (
            select *, moe_report * sqrt(base_n) / 2 as sd,
                lag(year) over series_waves as year_before,
                lag(value) over series_waves as value_before,
                lag(se) over series_waves as se_before,
                lag(moe_report * sqrt(base_n) / 2) over series_waves as sd_before,
                lag(series_segment) over series_waves as segment_before
            from intermediate.int_series_values
            where breakdown = 'total' and basis = 'as_published' and value is not null
                and base_n >= (
                    select value from codebook.limits
                    where check_name = 'drift_base_smallest' and survey = '*' and name = '*'
                )
            window series_waves as (partition by survey, series order by year)
        )
        where value_before is not null
        order by all
    """,
    # Answers that take a position, in their order, for `turned_scales`. A derived item turns with its source.
    "scales": """
        select series.survey, series.item, series.year, series.answer, series.value / 100 as share,
            series.sum_w * series.sum_w / nullif(series.sum_w2, 0) as n_eff, types.answers_add_up
        from intermediate.int_series_values as series
        inner join codebook.items as items using (survey, item)
        inner join codebook.item_types as types using (type)
        inner join codebook.answers as answers
            on items.answer_set = answers.answer_set and series.answer = answers.answer
        anti join codebook.derivations as derivations
            on series.survey = derivations.survey and series.item = derivations.item
        where series.series_type = 'answer' and series.breakdown = 'total' and series.basis = 'as_published'
            and series.value is not null and series.sum_w2 > 0 and answers.answer_kind in ('substantive', 'neutral')
        order by series.survey, series.item, series.year, answers.sort_order, series.answer
    """,
}


def _drift_limit(limits: Sequence[Limit], row: Mapping[str, Any]) -> tuple[float, str]:
    """How far a value may move, and what that is in words: points of its unit, or parts of a standard deviation."""
    check = "drift_break" if row["is_break"] else "drift"
    place = (str(row["survey"]), int(row["year"]), [str(row[name]) for name in ("unit", "item", "series")])
    points = limit_or_none(limits, check, *place)
    if points is None:
        # A unit that no row names, such as years or points of a scale, is held by the spread of the answers.
        part = limit_for(limits, f"{check}_sd", *place)
        points, words = part * float(row["sd"]), f"{part:g} standard deviations of the answers"
    else:
        words = "codebook/limits.csv"
    errors = limit_for(limits, "drift_se", *place)
    if not errors * row["change_se"] <= points:
        return errors * float(row["change_se"]), f"{errors:g} standard errors"
    return points, words


def with_drift_limits(frame: pd.DataFrame, limits: Sequence[Limit]) -> pd.DataFrame:
    """Add to every row how far its value may move, and what says so.

    Args:
        frame: One row per value and the one before: survey, year, unit, item, series, change_se, sd, is_break.
        limits: All limits.
    """
    found = [_drift_limit(limits, row) for row in frame.to_dict("records")]
    return frame.assign(
        allowed=pd.Series([allowed for allowed, _ in found], index=frame.index, dtype=float),
        allowed_by=pd.Series([words for _, words in found], index=frame.index, dtype=object),
        within=["across a break of the series" if row else "inside one series segment" for row in frame["is_break"]],
    )


def by_row(frame: pd.DataFrame, limits: Sequence[Limit], column: str, check: str, names: Sequence[str]) -> pd.DataFrame:
    """Add a column with the limit of every row."""
    allowed = [
        limit_for(limits, check, str(row["survey"]), int(row["year"]), [str(row[name]) for name in names])
        for row in frame.to_dict("records")
    ]
    return frame.assign(**{column: pd.Series(allowed, index=frame.index, dtype=float)})


def mart_frames(connection: duckdb.DuckDBPyConnection, limits: Sequence[Limit]) -> dict[str, pd.DataFrame]:
    """Query a built warehouse for the tables of the mart suites. Aggregates only; no respondent leaves the query.

    Args:
        connection: The warehouse.
        limits: All limits.

    Returns:
        Name of the suite -> its table, with the limits that depend on the row.
    """
    frames = {name: connection.execute(query).df() for name, query in MART_QUERIES.items()}
    return frames | {
        "weighted_bases": by_row(frames["weighted_bases"], limits, "allowed_pct", "weighted_base", ["item"]),
        "drift": with_drift_limits(frames["drift"], limits),
        "scales": by_row(turned_scales(frames["scales"]), limits, "allowed", "turned", ["size", "item"]),
    }


def mart_batches(warehouse: Path, limits: Sequence[Limit]) -> list[Batch]:
    """Suites of the built marts with their tables; see `mart_frames`."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        frames = mart_frames(connection, limits)
    return [Batch(suite, frames[name]) for name, suite in mart_suites(limits).items()]
