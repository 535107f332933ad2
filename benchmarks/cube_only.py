"""Builds the cube and nothing else: what somebody would write by hand who needs only this one table once.

    python -m benchmarks.cube_only --seeds seeds --out cube.duckdb

One scan per wave over the file as delivered. Filters, derived items and groups become expressions over raw columns, so
there is no long table of answers to join, no staging, no check and no test. The result has the columns of `int_cells`
and must be equal to it: a second, independent way to the same sums, and a floor that the road is measured against.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from benchmarks.codebook import SINGLE, Codebook, Plan, Row, Wave

SUMS = ("n", "sum_w", "sum_w2", "sum_wx", "sum_wx2", "sum_w2x", "sum_w2x2")


def text(value: str) -> str:
    """Quote a value as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """Quote an identifier."""
    return '"' + value.replace('"', '""') + '"'


def number(column: str) -> str:
    """The number in a column, NULL where there is none."""
    return f"try_cast({name(column)} as decimal(18, 9))"


class SqlTerms:
    """Conditions as SQL text."""

    def code_in(self, column: str, codes: Sequence[str]) -> str:
        """See `Terms`."""
        return f"coalesce({name(column)} in ({', '.join(map(text, codes))}), false)"

    def given(self, column: str) -> str:
        """See `Terms`."""
        return f"{name(column)} is not null"

    def between(self, column: str, low: str, high: str) -> str:
        """See `Terms`."""
        parts = [f"{number(column)} is not null"]
        parts += [f"{number(column)} >= {low}"] if low else []
        parts += [f"{number(column)} <= {high}"] if high else []
        return f"coalesce({' and '.join(parts)}, false)"

    def adds_up(self, columns: Sequence[str], total: int, tolerance: int) -> str:
        """See `Terms`."""
        filled = self.any_of(f"{number(column)} is not null" for column in columns)
        added = " + ".join(f"coalesce({number(column)}, 0)" for column in columns)
        return f"({filled} and abs({added} - {total}) <= {tolerance})"

    def any_of(self, conditions: Iterable[str]) -> str:
        """See `Terms`."""
        return "(" + (" or ".join(conditions) or "false") + ")"

    def all_of(self, conditions: Iterable[str]) -> str:
        """See `Terms`."""
        return "(" + (" and ".join(conditions) or "true") + ")"

    def negated(self, condition: str) -> str:
        """See `Terms`."""
        return f"(not {condition})"


class Cube:
    """Numbers cells and groups, runs one query per wave and gives the sums their names back."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, book: Codebook, raw: Path) -> None:
        self._connection, self._book, self._raw = connection, book, raw
        self._plan = Plan(book, SqlTerms())
        self._cells: list[tuple[str, str, str, str, str]] = []
        self._groups: dict[tuple[str, str], int] = {}
        connection.execute(
            "create temp table sums (cell_no integer, group_no integer, n bigint, sum_w decimal(38, 9), "
            "sum_w2 decimal(38, 18), sum_wx decimal(38, 9), sum_wx2 decimal(38, 18), sum_w2x decimal(38, 18), "
            "sum_w2x2 decimal(38, 18))"
        )

    def add(self, row: Row) -> None:
        """Add one wave.

        Args:
            row: Its row of `waves.csv`.
        """
        wave = self._plan.wave(row)
        path = self._raw / f"{row['survey']}_{row['year']}.csv"
        read = (
            f"read_csv({text(str(path))}, header = true, all_varchar = true, delim = ',', quote = '\"', nullstr = '')"
        )
        self._connection.execute(f"create or replace temp table raw as select * from {read}")
        counted, valued = self._columns(wave)
        keys = self._keys(wave)
        weight = f"cast({name(row['weight_column']) if row['weight_column'] else '1'} as decimal(18, 9)) as w"
        wide = ", ".join([weight, *(f"{key} as g{number}" for number, key in enumerate(keys)), *counted, *valued])
        self._connection.execute(f"create or replace temp table wide as select {wide} from raw")
        self._scan([f"g{number}" for number in range(len(keys))], bool(valued))

    def _count(self, condition: str) -> int:
        found = self._connection.execute(f"select count(*) from raw where {condition}").fetchone()
        return int(found[0]) if found else 0

    def _group(self, breakdown: str, group: str) -> int:
        return self._groups.setdefault((breakdown, group), len(self._groups))

    def _keys(self, wave: Wave[str]) -> list[str]:
        """Per breakdown an expression for the number of a respondent's group."""
        keys = [
            " ".join(f"when {condition} then {self._group(breakdown, group)}" for group, condition in groups.items())
            for breakdown, groups in wave.groups().items()
        ]
        return [f"case {cases} end" for cases in keys if cases]

    def _columns(self, wave: Wave[str]) -> tuple[list[str], list[str]]:
        """Columns `c<n>` with the number of the cell a respondent falls in, and `v<cell>` with the value given."""
        counted: list[str] = []
        valued: list[str] = []
        for cells in self._plan.cells(wave, self._count):
            cases = []
            for cell in cells:
                cell_no = len(self._cells)
                self._cells.append((wave.survey, wave.year, cell.item, cell.answer, cell.basis))
                if cell.number:
                    valued.append(f"case when {cell.inside} then {number(cell.number)} end as v{cell_no}")
                else:
                    cases.append(f"when {cell.given} then {cell_no}")
            if cases:
                counted.append(f"case when {cells[0].inside} then case {' '.join(cases)} end end as c{len(counted)}")
        return counted, valued

    def _scan(self, keys: Sequence[str], has_values: bool) -> None:
        values = "union all by name select *, cast(substr(column_name, 2) as integer) as cell_no from "
        values += (
            "(unpivot (select w, columns('^[gv]\\d+$') from wide) on columns('^v\\d+$') into name column_name value x)"
        )
        self._connection.execute(
            f"""
            insert into sums
            with long as (
                select * from (
                    unpivot (select w, columns('^[gc]\\d+$') from wide)
                    on columns('^c\\d+$') into name column_name value cell_no
                )
                {values if has_values else ""}
            ),
            weighted as (
                select *, {"cast(w * x as decimal(18, 9))" if has_values else "cast(null as decimal(18, 9))"} as wx,
                    {"x" if has_values else "cast(null as decimal(18, 9))"} as value,
                from long
            )
            select
                cell_no, coalesce({", ".join(keys)}) as group_no,
                count(*), sum(w), sum(w * w), sum(wx), sum(wx * value), sum(w * wx), sum(wx * wx)
            from weighted
            group by grouping sets ({", ".join(f"(cell_no, {key})" for key in keys)})
            having group_no is not null
            """
        )

    def finish(self) -> None:
        """Make the table `cells`."""
        names = ", ".join(
            f"({number}, {text(survey)}, {year}, {text(item)}, {text(answer)}, {text(basis)}, "
            f"{self._book.types[survey, item] in SINGLE})"
            for number, (survey, year, item, answer, basis) in enumerate(self._cells)
        )
        groups = ", ".join(
            f"({number}, {text(breakdown)}, {text(group)})" for (breakdown, group), number in self._groups.items()
        )
        sums = ", ".join(f"sum({column}) as {column}" for column in SUMS)
        self._connection.execute(
            f"""
            create table cells as
            with
            cell_names (cell_no, survey, year, item, answer, basis, is_single) as (values {names}),
            group_names (group_no, breakdown, group_key) as (values {groups}),
            named as (
                select * exclude (cell_no, group_no)
                from sums inner join cell_names using (cell_no) inner join group_names using (group_no)
            )
            select * exclude (is_single) from named
            union all by name
            select survey, year, item, '_base' as answer, breakdown, group_key, basis, {sums}
            from named where is_single group by all
            """
        )
        for (survey, breakdown), items in self._book.served.items():
            self._connection.execute(
                f"delete from cells where survey = {text(survey)} and breakdown = {text(breakdown)} "
                f"and item not in ({', '.join(map(text, sorted(items)))})"
            )


def build(seeds: Path, out: Path) -> None:
    """Build the cube.

    Args:
        seeds: Folder with `codebook/` and `raw/`.
        out: DuckDB file to write; it must not exist.
    """
    book = Codebook(seeds / "codebook")
    with duckdb.connect(str(out)) as connection:
        cube = Cube(connection, book, seeds / "raw")
        for row in book.rows("waves"):
            cube.add(row)
        cube.finish()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Build the cube and nothing else.")
    parser.add_argument("--seeds", type=Path, default=Path("seeds"))
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    build(options.seeds, options.out)
