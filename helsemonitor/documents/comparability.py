"""What changed in which item and what is published for it: `docs/comparability.md`, written from the marts.

`python -m helsemonitor.documents.comparability` writes the document from the current release; `--check` writes nothing
and exits 1 when it is stale.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

import duckdb

from helsemonitor.releases import DATABASE
from helsemonitor.settings import Settings

Row = dict[str, str]

# Values of the whole sample, one row per series and wave that has one: the segment, and whether it is marked D.
SERIES = """
    select values.survey, indicators.item, values.indicator as series, indicators.kind, values.year,
        values.series_segment, contains(values.obs_status_all, 'D') as differs
    from marts.fct_indicators as values
    inner join marts.dim_indicator as indicators using (survey, indicator)
    where values.breakdown = 'total' and values.basis = 'as_published' and values.source = 'computed'
        and values.value is not null
    union all
    select sums.survey, sums.item, concat('item:', sums.item) as series, 'share' as kind, sums.year,
        any_value(sums.series_segment), bool_or(contains(shares.obs_status_all, 'D'))
    from marts.fct_answer_sums as sums
    inner join marts.fct_answer_shares as shares using (survey, year, item, answer, breakdown, group_key, basis)
    where sums.breakdown = 'total' and sums.basis = 'as_published'
    group by sums.survey, sums.item, sums.year
    order by all
"""
# How the newest filter can be applied to a wave; only items whose filter changed have this basis.
METHODS = """
    with
    bases as (
        select survey, item, year, basis, base_n, obs_status_all, status_reason
        from marts.fct_answer_shares where breakdown = 'total'
        union
        select values.survey, indicators.item, values.year, values.basis, values.base_n, values.obs_status_all,
            values.status_reason
        from marts.fct_indicators as values
        inner join marts.dim_indicator as indicators using (survey, indicator)
        where values.breakdown = 'total' and values.source = 'computed'
    ),
    effects as (
        select distinct effects.survey, indicators.item, effects.year
        from marts.fct_filter_effects as effects
        inner join marts.dim_indicator as indicators using (survey, indicator)
    )
    select rebuilt.survey, rebuilt.item, rebuilt.year,
        case
            when bool_or(contains(rebuilt.obs_status_all, 'L')) then 'lost'
            when bool_or(effects.item is not null) or max(rebuilt.base_n) < max(published.base_n) then 'rebuilt'
            else 'same_universe'
        end as method
    from bases as rebuilt
    left join bases as published
        on rebuilt.survey = published.survey and rebuilt.item = published.item and rebuilt.year = published.year
        and published.basis = 'as_published'
    left join effects
        on rebuilt.survey = effects.survey and rebuilt.item = effects.item and rebuilt.year = effects.year
    where rebuilt.basis = 'like_for_like'
    group by all
    order by all
"""


def _parts(cell: str) -> set[str]:
    return set(cell.split("|")) - {""}


def _place(item: Row) -> tuple[list[int], str]:
    """Where an item stands in the questionnaire; those without a number come last."""
    return [int(part) for part in re.findall(r"\d+", item["question_no"])] or [999], item["item"]


def is_filter(change: Row) -> bool:
    """Whether a change is one of who is asked."""
    return change["change_type"].startswith("filter_")


@dataclass(frozen=True)
class Series:
    """One published series of an item.

    Args:
        name: Indicator id, or `item:<item>` for the answer shares.
        kind: share, net, position_share, mean or nps.
        segments: Years of each segment, oldest first.
        differs: Years in which the series runs on over a change that may have moved it (status D).
    """

    name: str
    kind: str
    segments: tuple[tuple[int, ...], ...]
    differs: tuple[int, ...]

    @property
    def breaks(self) -> tuple[int, ...]:
        """First years of the later segments (status B)."""
        return tuple(segment[0] for segment in self.segments[1:])

    @property
    def marks(self) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
        """What is said of the series: its segments and the years marked D."""
        return self.segments, self.differs

    @property
    def is_shares(self) -> bool:
        """Whether it is the answer shares of the item, not an indicator."""
        return self.name.startswith("item:")


@dataclass(frozen=True)
class Grouping:
    """When the groups of a breakdown can exist.

    Args:
        name: Breakdown id.
        years: Waves in which any of its groups can.
        partial: Label of a group that some of these waves cannot have, to the waves that can.
    """

    name: str
    years: tuple[int, ...]
    partial: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class ItemPage:
    """Everything the document says about one changed item of one survey.

    Args:
        row: The item's row of dim_item.
        years: Waves that have the item.
        changes: Its rows of dim_change, by year.
        series: Its series on the published basis.
        methods: Year to how like-for-like can be had; empty where the filter did not change.
        groupings: Breakdowns that rest on the item.
    """

    row: Row
    years: tuple[int, ...]
    changes: tuple[Row, ...]
    series: tuple[Series, ...]
    methods: dict[int, str]
    groupings: list[Grouping]

    @property
    def lines(self) -> list[list[Series]]:
        """Series with the same segments and marks stand in one line."""
        order = {one.marks: number for number, one in reversed(list(enumerate(self.series)))}
        ranked = sorted(self.series, key=lambda one: order[one.marks])
        return [list(same) for _, same in groupby(ranked, lambda one: one.marks)]

    def is_split(self, kind: str) -> bool:
        """Whether the indicators of a kind are not all marked alike."""
        return sum(any(one.kind == kind and not one.is_shares for one in line) for line in self.lines) > 1

    @property
    def has_partial_groups(self) -> bool:
        """Whether a breakdown or group that rests on the item is missing in some wave."""
        return any(
            one.partial or one.years[0] > self.years[0] or one.years[-1] < self.years[-1] for one in self.groupings
        )

    def landing(self, year: int) -> int | None:
        """The wave on which a change of that year is seen."""
        return min((wave for wave in self.years if wave >= year), default=None)

    def broken(self, year: int) -> list[Series]:
        """Series that start a segment on the wave of the change."""
        return [one for one in self.series if self.landing(year) in one.breaks]

    def running(self, year: int) -> list[Series]:
        """Series that run over the change, marked D."""
        return [one for one in self.series if self.landing(year) in one.differs and one not in self.broken(year)]

    def reading(self, year: int) -> str:
        """Which sentence says how to read the series across a change: a key of the template's `readings`."""
        broken, running = self.broken(year), self.running(year)
        if not self.years:
            return "not_published"
        if self.landing(year) in (None, self.years[0]):
            return "begins" if self.landing(year) else "ends"
        if not broken:
            return "runs_on" if running else "recorded"
        if not running:
            return "all_break"
        return "partly" if {one.kind for one in broken} & {one.kind for one in running} else "bridged"

    def filter_reading(self, year: int) -> str:
        """Which sentence says what like-for-like does to a change of the filter; "" where there is nothing to say."""
        changed = any(is_filter(row) for row in self.changes if int(row["year"]) == year)
        if not (changed and self.methods) or self.reading(year) in ("not_published", "begins", "ends"):
            return ""
        return "rebuilt" if self.bridges else "lost"

    @property
    def like_for_like(self) -> str:
        """Whether there is a like-for-like basis: a key of the template's `bases`."""
        if self.methods:
            return "rebuilt" if self.bridges else "lost"
        return "one_filter" if any(is_filter(row) for row in self.changes) else "not_needed"

    @property
    def bridges(self) -> list[int]:
        """Waves that have both bases."""
        return [year for year, method in sorted(self.methods.items()) if method == "rebuilt"]

    @property
    def lost(self) -> list[int]:
        """Waves that cannot be cut down to the newest wave's filter."""
        return [year for year, method in sorted(self.methods.items()) if method == "lost"]


class Book:
    """What the marts of a release know of the comparability of their series."""

    def __init__(self, database: Path) -> None:
        """Read what the document needs.

        Args:
            database: DuckDB file of a release.
        """
        with duckdb.connect(str(database), read_only=True) as connection:
            self._rows = {
                name: self._table(connection, f"from marts.{name}")
                for name in ("dim_survey", "dim_wave", "dim_item", "dim_change", "dim_breakdown_group")
            }
            self._series = self._table(connection, SERIES)
            self._methods = self._table(connection, METHODS)

    @staticmethod
    def _table(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
        found = connection.execute(query)
        names = [column[0] for column in found.description]
        return [
            {name: "" if cell is None else str(cell) for name, cell in zip(names, row, strict=True)}
            for row in found.fetchall()
        ]

    def rows(self, name: str, **where: str) -> list[Row]:
        """Rows of a dimension whose cells equal the given values."""
        return [row for row in self._rows[name] if all(row[column] == value for column, value in where.items())]

    def waves(self, survey: str) -> list[int]:
        """Years of a survey's waves."""
        return sorted(int(row["year"]) for row in self.rows("dim_wave", survey=survey))

    @cached_property
    def _cut(self) -> dict[tuple[str, str], tuple[Series, ...]]:
        cut: dict[tuple[str, str], list[Series]] = {}
        for (survey, item, series, kind), found in groupby(
            self._series, lambda row: (row["survey"], row["item"], row["series"], row["kind"])
        ):
            waves = list(found)
            segments = [
                tuple(int(row["year"]) for row in same) for _, same in groupby(waves, lambda row: row["series_segment"])
            ]
            differs = tuple(int(row["year"]) for row in waves if row["differs"] == "True")
            cut.setdefault((survey, item), []).append(Series(series, kind, tuple(segments), differs))
        return {key: tuple(sorted(found, key=lambda one: one.is_shares)) for key, found in cut.items()}

    def page(self, survey: str, item: Row) -> ItemPage:
        """Put together what is known of one changed item."""
        name = item["item"]
        changes = sorted(
            self.rows("dim_change", survey=survey, item=name), key=lambda row: (row["year"], row["change_id"])
        )
        methods = {
            int(row["year"]): row["method"] for row in self._methods if (row["survey"], row["item"]) == (survey, name)
        }
        years = tuple(int(year) for year in item["years_asked"].split("|") if year)
        series = self._cut.get((survey, name), ())
        return ItemPage(item, years, tuple(changes), series, methods, self.groupings(survey, name))

    def groupings(self, survey: str, item: str) -> list[Grouping]:
        """Breakdowns that rest on an item."""
        rows = self.rows("dim_breakdown_group", survey=survey, source_item=item)
        return [
            self.grouping(survey, name, [row for row in rows if row["breakdown"] == name])
            for name in dict.fromkeys(row["breakdown"] for row in rows)
        ]

    def grouping(self, survey: str, name: str, rows: Sequence[Row]) -> Grouping:
        """Say in which waves the groups of a breakdown can exist."""
        valid = {
            row["label_en"]: {
                year
                for year in self.waves(survey)
                if int(row["year_from"] or year) <= year <= int(row["year_to"] or year)
            }
            for row in rows
        }
        standing = set.union(*valid.values())
        partial = {label: tuple(sorted(years)) for label, years in valid.items() if years != standing}
        return Grouping(name, tuple(sorted(standing)), partial)

    def pages(self, survey: str) -> list[ItemPage]:
        """Pages of a survey's changed items, by their number in the questionnaire."""
        changed = {row["item"] for row in self.rows("dim_change", survey=survey)}
        items = [row for row in self.rows("dim_item", survey=survey) if row["item"] in changed]
        items.sort(
            key=lambda row: ([int(part) for part in re.findall(r"\d+", row["question_no"])] or [999], row["item"])
        )
        return [self.page(survey, row) for row in items]

    def group_labels(self, survey: str, scope: str) -> list[str]:
        """Labels of the groups that a context event touches, each once."""
        wanted = _parts(scope)
        rows = self.rows("dim_breakdown_group", survey=survey)
        found = [row["label_en"] for row in rows if f"{row['breakdown']}:{row['group_key']}" in wanted]
        return list(dict.fromkeys(found))


def spans(years: Iterable[int], among: Sequence[int]) -> str:
    """Say years in words: neighbours among the waves become a span."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and list(among).index(year) == list(among).index(runs[-1][-1]) + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def document(database: Path) -> str:
    """Render the whole document from the DuckDB file of a release."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Markdown, not HTML: nothing is to be escaped.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701
    )
    environment.filters["spans"] = spans
    return environment.get_template("comparability.md.j2").render(book=Book(database)).rstrip("\n") + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the document, or say whether it is stale. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m helsemonitor.documents.comparability", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the document is stale")
    check = parser.parse_args(arguments).check
    settings = Settings.from_environment()
    database = settings.published_dir / "current" / DATABASE
    if not database.is_file():
        print(f"{settings.shown(database)} is not there; run `helsemonitor refresh` first.", file=sys.stderr)
        return 1
    path = settings.project_dir / "docs" / "comparability.md"
    text = document(database)
    if not check:
        path.write_text(text, encoding="utf-8")
    elif not path.is_file() or path.read_text(encoding="utf-8") != text:
        print(f"{settings.shown(path)} is not what the marts say; run `make docs`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
