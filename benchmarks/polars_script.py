"""The same numbers as somebody writes them with polars: raw files and codebook in; cube, shares and indicators out.

    python -m benchmarks.polars_script --seeds seeds --out folder

Per wave lazy expressions say who is in which cell and group; one long join and one `group_by` add them up. Sums are
doubles. Writes `cells.parquet` and `series.parquet` (answer shares and indicators with their standard errors).
"""

import argparse
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import and_, or_
from pathlib import Path

import polars as pl

from benchmarks.codebook import SINGLE, Codebook, Plan, Row, scores

PLACE = ["survey", "year", "breakdown", "group_key", "basis"]
SUMS = ["n", "sum_w", "sum_w2", "sum_wx", "sum_wx2", "sum_w2x", "sum_w2x2"]


def number(column: str) -> pl.Expr:
    """The number in a column, null where there is none."""
    return pl.col(column).cast(pl.Float64, strict=False)


class PolarsTerms:
    """Conditions as polars expressions."""

    def code_in(self, column: str, codes: Sequence[str]) -> pl.Expr:
        """See `Terms`."""
        return pl.col(column).is_in(list(codes)).fill_null(value=False)

    def given(self, column: str) -> pl.Expr:
        """See `Terms`."""
        return pl.col(column).is_not_null()

    def between(self, column: str, low: str, high: str) -> pl.Expr:
        """See `Terms`."""
        inside = number(column).is_between(float(low or "-inf"), float(high or "inf"))
        return inside.fill_null(value=False)

    def adds_up(self, columns: Sequence[str], total: int, tolerance: int) -> pl.Expr:
        """See `Terms`."""
        filled = self.any_of(number(column).is_not_null() for column in columns)
        return filled & ((pl.sum_horizontal(number(column) for column in columns) - total).abs() <= tolerance)

    def any_of(self, conditions: Iterable[pl.Expr]) -> pl.Expr:
        """See `Terms`."""
        return reduce(or_, conditions, pl.lit(value=False))

    def all_of(self, conditions: Iterable[pl.Expr]) -> pl.Expr:
        """See `Terms`."""
        return reduce(and_, conditions, pl.lit(value=True))

    def negated(self, condition: pl.Expr) -> pl.Expr:
        """See `Terms`."""
        return ~condition


def chosen(cases: Sequence[tuple[pl.Expr, int]]) -> pl.Expr:
    """The number of the first case that holds, null where none does."""
    first, *others = cases
    chain = pl.when(first[0]).then(pl.lit(first[1], pl.UInt32))
    for condition, place in others:
        chain = chain.when(condition).then(pl.lit(place, pl.UInt32))
    return chain.otherwise(None)


def wave_cells(plan: Plan[pl.Expr], row: Row, raw: Path) -> pl.DataFrame:
    """Cells of one wave.

    Args:
        plan: What is counted.
        row: The wave's row of `waves.csv`.
        raw: Folder of the raw files.

    Returns:
        One row per item, answer, breakdown, group and basis with its sums; no pseudo-answers of single-choice items.
    """
    wave = plan.wave(row)
    frame = pl.read_csv(raw / f"{row['survey']}_{row['year']}.csv", infer_schema=False)
    columns, names = [], []
    values: list[pl.Expr] = []
    for cells in plan.cells(wave, lambda condition: frame.select(condition.sum()).item()):
        cases = []
        for cell in cells:
            cell_no = len(names)
            names.append((cell.item, cell.answer, cell.basis))
            if cell.number:
                values.append(pl.when(cell.inside).then(number(cell.number)).alias(str(cell_no)))
            else:
                cases.append((cell.given, cell_no))
        if cases:
            columns.append(pl.when(cells[0].inside).then(chosen(cases)).alias(f"c{len(columns)}"))
    groups = [(breakdown, group, held) for breakdown, of in wave.groups().items() for group, held in of.items()]
    by_breakdown: dict[str, list[tuple[pl.Expr, int]]] = {}
    for group_no, (breakdown, _, held) in enumerate(groups):
        by_breakdown.setdefault(breakdown, []).append((held, group_no))
    keys = [chosen(cases).alias(f"g{place}") for place, cases in enumerate(by_breakdown.values())]
    weight = number(row["weight_column"]) if row["weight_column"] else pl.lit(1.0)
    wide = frame.lazy().with_row_index("person").select("person", weight.alias("w"), *columns, *keys, *values).collect()
    lazy = wide.lazy()
    members = lazy.unpivot(pl.selectors.starts_with("g"), index="person", value_name="group_no")
    answers = lazy.unpivot(pl.selectors.starts_with("c"), index=["person", "w"], value_name="cell_no")
    joined = (
        answers.drop("variable")
        .drop_nulls("cell_no")
        .join(members.drop("variable").drop_nulls("group_no"), on="person")
    )
    w = pl.col("w")
    counted = joined.group_by("cell_no", "group_no").agg(n=pl.len().cast(pl.Int64), sum_w=w.sum(), sum_w2=(w * w).sum())
    if values:
        given = lazy.unpivot([str(value.meta.output_name()) for value in values], index=["person", "w"], value_name="x")
        wx, x = w * pl.col("x"), pl.col("x")
        numbers = (
            given.drop_nulls("x")
            .with_columns(cell_no=pl.col("variable").cast(pl.UInt32))
            .join(members.drop("variable").drop_nulls("group_no"), on="person")
            .group_by("cell_no", "group_no")
            .agg(
                n=pl.len().cast(pl.Int64),
                sum_w=w.sum(),
                sum_w2=(w * w).sum(),
                sum_wx=wx.sum(),
                sum_wx2=(wx * x).sum(),
                sum_w2x=(w * wx).sum(),
                sum_w2x2=(wx * wx).sum(),
            )
        )
        counted = pl.concat([counted, numbers], how="diagonal")
    cell_names = pl.LazyFrame(
        [(place, *name) for place, name in enumerate(names)],
        schema={"cell_no": pl.UInt32, "item": pl.String, "answer": pl.String, "basis": pl.String},
        orient="row",
    )
    group_names = pl.LazyFrame(
        [(place, breakdown, group) for place, (breakdown, group, _) in enumerate(groups)],
        schema={"group_no": pl.UInt32, "breakdown": pl.String, "group_key": pl.String},
        orient="row",
    )
    named = counted.join(cell_names, on="cell_no").join(group_names, on="group_no")
    named = named.with_columns(survey=pl.lit(row["survey"]), year=pl.lit(int(row["year"])))
    for (survey, breakdown), items in plan.book.served.items():
        if survey == row["survey"]:
            named = named.filter((pl.col("breakdown") != breakdown) | pl.col("item").is_in(list(items)))
    missing = [pl.lit(None, pl.Float64).alias(column) for column in SUMS if not values and column.endswith(("x", "x2"))]
    return named.with_columns(missing).select(*PLACE, "item", "answer", *SUMS).collect()


def with_bases(cells: pl.DataFrame, book: Codebook) -> pl.DataFrame:
    """Add the `_base` of single-choice items, whose answers add up to it."""
    single = pl.DataFrame(
        [(survey, item) for (survey, item), kind in book.types.items() if kind in SINGLE],
        schema=["survey", "item"],
        orient="row",
    )
    totals = [pl.when(pl.col(column).is_not_null().any()).then(pl.col(column).sum()).alias(column) for column in SUMS]
    bases = cells.join(single, on=["survey", "item"], how="semi").group_by([*PLACE, "item"]).agg(totals)
    return pl.concat([cells, bases.with_columns(answer=pl.lit("_base"))], how="diagonal")


def series(cells: pl.DataFrame, book: Codebook) -> pl.DataFrame:
    """Answer shares and indicators with their standard errors, in the unit of each.

    Args:
        cells: Cells with bases.
        book: The codebook.
    """
    waves = pl.DataFrame(
        [(row["survey"], int(row["year"]), int(row["respondents"])) for row in book.rows("waves")],
        schema=["survey", "year", "respondents"],
        orient="row",
    )
    score, takes, base = pl.col("score"), pl.col("takes_number"), pl.col("in_base")
    y = {
        "wy": pl.when(takes).then("sum_wx").otherwise(score * pl.col("sum_w")),
        "w2y": pl.when(takes).then("sum_w2x").otherwise(score * pl.col("sum_w2")),
        "w2y2": pl.when(takes).then("sum_w2x2").otherwise(score * score * pl.col("sum_w2")),
    }
    mean = pl.col("wy") / pl.col("w")
    residuals = pl.col("w2y2") - 2 * mean * pl.col("w2y") + mean * mean * pl.col("w2")
    n = pl.col("respondents")
    return (
        cells.lazy()
        .join(pl.LazyFrame(scores(book)), on=["survey", "item", "answer"])
        .group_by([*PLACE, "series_type", "series", "factor"])
        .agg(
            base_n=pl.col("n").filter(base).sum(),
            w=pl.col("sum_w").filter(base).sum(),
            w2=pl.col("sum_w2").filter(base).sum(),
            **{name: value.sum() for name, value in y.items()},
        )
        .filter(pl.col("base_n") > 0)
        .join(waves.lazy(), on=["survey", "year"])
        .with_columns(
            value=pl.col("factor") * mean,
            se=pl.col("factor") * (n / (n - 1) * residuals.clip(0)).sqrt() / pl.col("w"),
        )
        .select(*PLACE, "series_type", "series", "base_n", "value", "se")
        .collect()
    )


def build(seeds: Path, out: Path) -> None:
    """Write the cells and series of all waves.

    Args:
        seeds: Folder with `codebook/` and `raw/`.
        out: Folder to write to.
    """
    out.mkdir(parents=True, exist_ok=True)
    book = Codebook(seeds / "codebook")
    plan = Plan(book, PolarsTerms())
    waves = [wave_cells(plan, row, seeds / "raw") for row in book.rows("waves")]
    cells = with_bases(pl.concat(waves, how="diagonal"), book)
    cells.write_parquet(out / "cells.parquet")
    series(cells, book).write_parquet(out / "series.parquet")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Cube, shares and indicators with polars.")
    parser.add_argument("--seeds", type=Path, default=Path("seeds"))
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    build(options.seeds, options.out)
