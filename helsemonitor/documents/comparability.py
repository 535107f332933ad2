"""What changed in which item and what is published for it: `docs/comparability.md`, written from the codebook.

`python -m helsemonitor.documents.comparability` writes the document; `--check` writes nothing and exits 1 when it is
stale.
The rules are those of int_series and int_like_for_like; a test holds both equal on the built warehouse.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from helsemonitor.codebook import read_rows
from helsemonitor.settings import Settings

Row = dict[str, str]
FILES: dict[str, tuple[str, ...]] = {
    "surveys": ("survey", "title_en"),
    "waves": ("survey", "year"),
    "items": ("survey", "item", "type", "label_en"),
    "columns": ("survey", "year", "item", "option", "code_list", "ignored_reason"),
    "code_lists": ("code_list", "answer"),
    "derivations": ("survey", "item", "answer", "source_item"),
    "universes": ("survey", "universe", "item"),
    "routing": ("survey", "item", "year_from", "year_to", "universe"),
    "changes": ("change_id", "survey", "item", "year", "change_type", "assessed_impact", "breaks", "scope"),
    "indicators": ("survey", "indicator", "item", "kind", "answers", "negative_answers"),
    "breakdowns": ("survey", "breakdown", "group_key", "source_item", "year_from", "year_to", "label_en"),
}
MARKED = {"possible", "likely", "break"}
SHARED = {"single", "multi", "scale", "open_coded"}


def _parts(cell: str) -> set[str]:
    return set(cell.split("|")) - {""}


def is_filter(change: Row) -> bool:
    """Whether a change is one of who is asked."""
    return change["change_type"].startswith("filter_")


def _covers(row: Row, year: int) -> bool:
    return int(row["year_from"] or year) <= year <= int(row["year_to"] or year)


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
        mapped_anew: Waves from which a group takes other answers than before.
    """

    name: str
    years: tuple[int, ...]
    partial: dict[str, tuple[int, ...]]
    mapped_anew: tuple[int, ...]


@dataclass(frozen=True)
class ItemPage:
    """Everything the document says about one changed item of one survey.

    Args:
        row: The item's row of the codebook.
        years: Waves that have the item.
        changes: Its rows of the register, by year.
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
        """Whether a breakdown or group that rests on the item is missing, or mapped anew, in some wave."""
        return any(
            one.partial or one.mapped_anew or one.years[0] > self.years[0] or one.years[-1] < self.years[-1]
            for one in self.groupings
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
        return [year for year, method in sorted(self.methods.items()) if method in ("not_asked", "asked_of_fewer")]


class Codebook:
    """The codebook's rows and what follows from them, one survey and item at a time."""

    def __init__(self, settings: Settings) -> None:
        self._rows = {name: read_rows(settings, name, columns) for name, columns in FILES.items()}
        self._found: dict[tuple[object, ...], list[Row]] = {}

    def rows(self, name: str, **where: str) -> list[Row]:
        """Rows of a file whose cells equal the given values."""
        key = (name, *where.items())
        if key not in self._found:
            self._found[key] = [
                row for row in self._rows[name] if all(row[column] == value for column, value in where.items())
            ]
        return self._found[key]

    def years(self, survey: str, item: str) -> tuple[int, ...]:
        """Waves in which an item was asked, or in which all its sources were and the codebook routes it."""
        asked = {int(row["year"]) for row in self.rows("columns", survey=survey, item=item, ignored_reason="")}
        sources = {row["source_item"] for row in self.rows("derivations", survey=survey, item=item)}
        if sources:
            routed = self.rows("routing", survey=survey, item=item)
            shared = set.intersection(*(set(self.years(survey, source)) for source in sources))
            asked |= {year for year in shared if any(_covers(row, year) for row in routed)}
        return tuple(sorted(asked))

    def offered(self, survey: str, item: str, year: int) -> set[str]:
        """Answers that a wave's form offers."""
        answers = {row["answer"] for row in self.rows("derivations", survey=survey, item=item)}
        for row in self.rows("columns", survey=survey, item=item, year=str(year), ignored_reason=""):
            lists = self.rows("code_lists", code_list=row["code_list"]) if row["code_list"] else []
            answers |= {row["option"]} if row["option"] else {entry["answer"] for entry in lists}
        return answers

    def indicator_years(self, row: Row) -> tuple[int, ...]:
        """Waves whose form offers what an indicator counts: an answer and, if it has any, a negative answer."""
        counted = [_parts(row["answers"]), _parts(row["negative_answers"])]

        def holds(year: int) -> bool:
            offered = self.offered(row["survey"], row["item"], year)
            return all(not answers or answers & offered for answers in counted)

        return tuple(year for year in self.years(row["survey"], row["item"]) if holds(year))

    def universe(self, survey: str, item: str, year: int) -> str:
        """Universe that a wave asked; empty is everybody."""
        return next(
            (row["universe"] for row in self.rows("routing", survey=survey, item=item) if _covers(row, year)), ""
        )

    def methods(self, survey: str, item: str, years: Sequence[int]) -> dict[int, str]:
        """How each wave's like-for-like is had, where the filter differs between waves."""
        own = {year: self.universe(survey, item, year) for year in years}
        if len(set(own.values())) < 2:
            return {}
        newest = own[max(years)]
        routing = {row["item"] for row in self.rows("universes", survey=survey, universe=newest)}

        def method(year: int) -> str:
            if own[year] == newest:
                return "same_universe"
            if not newest:
                return "asked_of_fewer"
            if any(year not in self.years(survey, item) for item in routing):
                return "not_asked"
            return "rebuilt"

        return {year: method(year) for year in years}

    def series(self, name: str, kind: str, years: Sequence[int], changes: Iterable[Row]) -> Series:
        """Cut a series at the changes that break its kind."""
        segments: list[list[int]] = []
        differs = []
        for previous, year in zip((None, *years), years, strict=False):
            new = [row for row in changes if previous is not None and previous < int(row["year"]) <= year]
            breaking = [
                row for row in new if kind in _parts(row["breaks"]) and name not in _parts(row["unaffected_indicators"])
            ]
            if breaking or not segments:
                segments.append([])
            segments[-1].append(year)
            if any(row["assessed_impact"] in MARKED and row not in breaking for row in new):
                differs.append(year)
        return Series(name, kind, tuple(map(tuple, segments)), tuple(differs))

    def page(self, survey: str, item: Row) -> ItemPage:
        """Put together what is known of one changed item."""
        name = item["item"]
        years = self.years(survey, name) if item["type"] != "open" else ()
        changes = sorted(
            self.rows("changes", survey=survey, item=name), key=lambda row: (row["year"], row["change_id"])
        )
        series = [
            self.series(row["indicator"], row["kind"], self.indicator_years(row), changes)
            for row in self.rows("indicators", survey=survey, item=name)
        ]
        if item["type"] in SHARED and years:
            series.append(self.series(f"item:{name}", "share", years, changes))
        kept = tuple(one for one in series if one.segments)
        methods = self.methods(survey, name, years)
        return ItemPage(item, years, tuple(changes), kept, methods, self.groupings(survey, name))

    def groupings(self, survey: str, item: str) -> list[Grouping]:
        """Breakdowns that rest on an item."""
        rows = self.rows("breakdowns", survey=survey, source_item=item)
        return [
            self.grouping(survey, name, [row for row in rows if row["breakdown"] == name])
            for name in dict.fromkeys(row["breakdown"] for row in rows)
        ]

    def grouping(self, survey: str, name: str, rows: Sequence[Row]) -> Grouping:
        """Say in which waves the groups of a breakdown can exist."""
        valid: dict[str, set[int]] = {}
        starts: dict[str, set[int]] = {}
        for row in rows:
            years = [year for year in self.waves(survey) if _covers(row, year)]
            valid.setdefault(row["label_en"], set()).update(years)
            starts.setdefault(row["label_en"], set()).update(years[:1])
        standing = set.union(*valid.values())
        partial = {label: tuple(sorted(years)) for label, years in valid.items() if years != standing}
        again = {year for label, years in starts.items() for year in years - {min(valid[label])}}
        return Grouping(name, tuple(sorted(standing)), partial, tuple(sorted(again)))

    def pages(self, survey: str) -> list[ItemPage]:
        """Pages of a survey's changed items, in the order of the questionnaire."""
        changed = {row["item"] for row in self.rows("changes", survey=survey)}
        return [self.page(survey, row) for row in self.rows("items", survey=survey) if row["item"] in changed]

    def group_labels(self, survey: str, scope: str) -> list[str]:
        """Labels of the groups that a context event touches, each once."""
        wanted = _parts(scope)
        rows = self.rows("breakdowns", survey=survey)
        found = [row["label_en"] for row in rows if f"{row['breakdown']}:{row['group_key']}" in wanted]
        return list(dict.fromkeys(found))

    def waves(self, survey: str) -> list[int]:
        """Years of a survey's waves."""
        return sorted(int(row["year"]) for row in self.rows("waves", survey=survey))


def spans(years: Iterable[int], among: Sequence[int]) -> str:
    """Say years in words: neighbours among the waves become a span."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and list(among).index(year) == list(among).index(runs[-1][-1]) + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def document(settings: Settings) -> str:
    """Render the whole document."""
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
    return environment.get_template("comparability.md.j2").render(book=Codebook(settings)).rstrip("\n") + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the document, or say whether it is stale. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m helsemonitor.documents.comparability", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the document is stale")
    check = parser.parse_args(arguments).check
    settings = Settings.from_environment()
    path = settings.project_dir / "docs" / "comparability.md"
    text = document(settings)
    if not check:
        path.write_text(text, encoding="utf-8")
    elif not path.is_file() or path.read_text(encoding="utf-8") != text:
        print(f"{settings.shown(path)} is not what the codebook says; run `make docs`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
