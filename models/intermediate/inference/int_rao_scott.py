"""Grain: one row per survey, single-choice item, basis, breakdown, year_from and year_to: a weighted two-way table.

Rao and Scott's (1984) second-order correction of Pearson's chi-square. A dbt model in Python, since the design effects
are eigenvalues of a matrix that has to be solved for: numpy solves, scipy has the F distribution.
"""

import numpy as np

from helsemonitor.rao_scott import RESULTS, groups_tests, results_of, waves_tests

KEYS = ["survey", "item", "basis", "breakdown", "year_from", "year_to"]
# Tables, and rows and columns in each, get numbers by their order.
CELLS = """
    select *,
        dense_rank() over (order by {keys}) - 1 as table_no,
        dense_rank() over (partition by {keys} order by side) - 1 as row_no,
        dense_rank() over (partition by {keys} order by answer) - 1 as column_no
    from (
        select survey, item, basis, {places}, answer, p, sum_w2, cast(table_n as double) as table_n, table_w,
            cast(respondents_n as double) as respondents_n
        from cells
        where is_weighted
    )
"""
GROUPS = "breakdown, year as year_from, year as year_to, group_key as side"
WAVES = "'total' as breakdown, year_from, year_to, year as side"
NUMBERS = ", ".join(f"if(isnan({name}), null, {name}) as {name}" for name in RESULTS)


def model(dbt, session):  # noqa: ANN001, ANN201 - dbt's own objects
    """The tests of all weighted tables."""
    parts = []
    for cells, places, tests in (
        (dbt.ref("int_group_tables").filter("breakdown != 'total'"), GROUPS, groups_tests),
        (dbt.ref("int_wave_tables"), WAVES, waves_tests),
    ):
        columns = cells.query("cells", CELLS.format(keys=", ".join(KEYS), places=places)).fetchnumpy()
        first = np.unique(columns["table_no"], return_index=True)[1]
        results = dict(zip(RESULTS, results_of(columns, tests).T, strict=True))
        parts.append({name: columns[name][first] for name in KEYS} | results)
    # DuckDB finds the arrays by the name of the variable.
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}  # noqa: F841
    return session.sql(f"select {', '.join(KEYS)}, {NUMBERS} from found")
