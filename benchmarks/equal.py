"""Holds the numbers of the rivals against the project's: a benchmark of other numbers says nothing."""

from pathlib import Path

import duckdb

CELL = "survey, year, item, answer, breakdown, group_key, basis"
SUMS = ("n", "sum_w", "sum_w2", "sum_wx", "sum_wx2", "sum_w2x", "sum_w2x2")
SERIES = "survey, year, breakdown, group_key, basis, series_type, series"
# The rivals count answers and who gave them; who was asked, and everybody, are the project's own.
OURS = f"""
    select {CELL}, {", ".join(SUMS)} from warehouse.intermediate.int_cells
    where answer not in ('_asked', '_valid', '_not_relevant', '_refused') and item != '_respondents'
"""
# A margin that weights were calibrated to has no error, and an answer that nobody gave a share of 0.
OUR_SERIES = """
    select survey, year, breakdown, group_key, basis, 'indicator' as series_type, indicator as series, base_n, value, se
    from warehouse.marts.fct_indicators
    where source = 'computed' and value is not null
    union all
    select survey, year, breakdown, group_key, basis, 'answer' as series_type, item || ':' || answer as series, base_n,
        share_pct as value, se_pp as se
    from warehouse.marts.fct_answer_shares
    where share_pct is not null
"""


def differing_marts(warehouse: Path, other: Path) -> tuple[int, int]:
    """Hold all marts of two warehouses against each other, to the last bit.

    Returns:
        Number of rows of the first, and of rows that only one of the two has.
    """
    compared = differing = 0
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as one (read_only); attach '{other}' as other (read_only)")
        marts = "select table_name from duckdb_tables() where database_name = 'one' and schema_name = 'marts'"
        for (name,) in connection.execute(marts).fetchall():
            one, two = f"(from one.marts.{name})", f"(from other.marts.{name})"
            gone, come = (f"(select count(*) from ({a} except all {b}))" for a, b in ((one, two), (two, one)))
            found = connection.execute(f"select (select count(*) from {one}), {gone} + {come}").fetchone() or (0, 1)
            compared, differing = compared + found[0], differing + found[1]
    return compared, differing


def differing_cells(warehouse: Path, by_hand: Path) -> tuple[int, int]:
    """Hold the project's cube against the hand-written one, to the last digit.

    Args:
        warehouse: File with `intermediate.int_cells`.
        by_hand: File with `cells`.

    Returns:
        Number of cells of the project, and of rows that only one of the two has, sums included.
    """
    theirs = f"select {CELL}, {', '.join(SUMS)} from by_hand.cells"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        connection.execute(f"attach '{by_hand}' as by_hand (read_only)")
        found = connection.execute(
            f"select (select count(*) from ({OURS})), (select count(*) from (({OURS} except {theirs}) union all "
            f"({theirs} except {OURS})))"
        ).fetchone()
    return (int(found[0]), int(found[1])) if found else (0, 0)


def differing_numbers(warehouse: Path, folder: Path) -> dict[str, tuple[int, int]]:
    """Hold the project's cube, shares and indicators against a rival's, whose sums are doubles.

    Args:
        warehouse: File with the cube and the marts.
        folder: Folder with the rival's `cells.parquet` and `series.parquet`.

    Returns:
        `cells` and `series`: numbers of the project, and those that the rival has otherwise or not at all, by more than
        1e-9 of a sum or value, or 1e-6 of an error. The rival's may have series that the project does not publish.
    """
    off = " or ".join(
        f"(ours.{name} is null) != (theirs.{name} is null) "
        f"or abs(ours.{name} - theirs.{name}) > 1e-9 * greatest(theirs.{name}, 1)"
        for name in SUMS
    )
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        cells = connection.execute(
            f"select count(*), count(*) filter (ours.n is null or theirs.n is null or {off}) from ({OURS}) as ours "
            f"full join read_parquet('{folder / 'cells.parquet'}') as theirs using ({CELL})"
        ).fetchall()[0]
        series = connection.execute(
            f"""
            select count(*), count(*) filter (
                case
                    when theirs.value is null then ours.value != 0
                    else ours.base_n != theirs.base_n
                        or abs(ours.value - theirs.value) > 1e-9 * greatest(1, abs(theirs.value))
                        or coalesce(abs(ours.se - theirs.se) > 1e-6, false)
                end
            )
            from ({OUR_SERIES}) as ours
            left join read_parquet('{folder / "series.parquet"}') as theirs using ({SERIES})
            """
        ).fetchall()[0]
    return {"cells": cells, "series": series}
