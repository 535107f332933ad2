"""Grain: one row per survey, single-choice item, basis, breakdown, year_from and year_to: a weighted two-way table.

Rao and Scott's (1984) second-order correction of Pearson's chi-square. A dbt model in Python, since the design effects
are eigenvalues: numpy solves, scipy has the F distribution.
"""

import pandas as pd
from scipy.stats import f

from helsemonitor.rao_scott import KEYS, RESULTS, groups_test, tested, waves_test


def model(dbt, session):  # noqa: ANN001, ANN201 - dbt's own objects
    """The tests of all weighted tables."""
    groups = dbt.ref("int_group_tables").filter("is_weighted and breakdown != 'total'").df()
    waves = dbt.ref("int_wave_tables").filter("is_weighted").df()
    tests = pd.concat(
        [
            tested(groups.assign(year_from=groups["year"], year_to=groups["year"]), groups_test),
            tested(waves.assign(breakdown="total", group_key="total"), waves_test),
        ]
    )
    statistic = tests["chi_square"] / tests["design_effect_sum"]
    tests["p_value"] = f.sf(statistic, tests["df_numerator"], tests["df_denominator"])
    numbers = [*RESULTS, "p_value"]
    types = dict.fromkeys(KEYS[:4], "string") | dict.fromkeys(KEYS[4:], "int32") | dict.fromkeys(numbers, "Float64")
    return tests.astype(types)
