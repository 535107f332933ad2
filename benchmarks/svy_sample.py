"""A sample of the indicators with the survey statistics library `svy`, one call per indicator and breakdown.

What a whole release would take is this, extrapolated: the time per call times the calls that the release would need.
"""

import time
from collections import defaultdict
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import svy

from benchmarks.codebook import Codebook, Plan, scores
from benchmarks.pandas_script import PandasTerms


def measure(seeds: Path, warehouse: Path, calls: int = 400) -> dict[str, float]:
    """Estimate means by group with `svy` and hold them against the marts.

    Args:
        seeds: Folder with `codebook/` and `raw/`.
        warehouse: Warehouse with the marts.
        calls: Calls to measure, all in the newest weighted wave.

    Returns:
        `calls`, `seconds` of all of them, `calls_needed` by a release, `differing` estimates and `estimates` compared.
    """
    book, terms = Codebook(seeds / "codebook"), PandasTerms()
    plan = Plan(book, terms)
    row = max((row for row in book.rows("waves") if row["weight_column"]), key=lambda row: row["year"])
    terms.read(seeds / "raw" / f"{row['survey']}_{row['year']}.csv")
    wave = plan.wave(row)
    masks: dict[tuple[str, str], np.ndarray] = {}
    for together in plan.cells(wave, lambda condition: int(condition.sum())):
        for cell in together:
            if cell.basis == "as_published":
                masks[cell.item, cell.answer] = cell.inside & cell.given
                base = masks.get((cell.item, "_base"), np.zeros(len(terms.frame), bool))
                masks[cell.item, "_base"] = base | masks[cell.item, cell.answer]
    y: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(len(terms.frame)))
    inside: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(len(terms.frame), bool))
    for score in scores(book):
        key = (str(score["item"]), str(score["answer"]))
        of_wave = score["survey"] == row["survey"] and score["series_type"] == "indicator" and key in masks
        if of_wave and not score["takes_number"]:
            series = str(score["series"])
            y[series] += masks[key] * float(str(score["factor"])) * float(str(score["score"]))
            if score["in_base"]:
                inside[series] |= masks[key]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        needed = connection.execute(
            "select count(*) from (select distinct indicator, survey, year, breakdown, basis from marts.fct_indicators "
            "where value is not null)"
        ).fetchall()[0][0]
        marts = {
            (indicator, breakdown, group): (value, se)
            for indicator, breakdown, group, value, se in connection.execute(
                "select indicator, breakdown, group_key, value, se from marts.fct_indicators "
                "where survey = ? and year = ? and basis = 'as_published' and value is not null and se > 0",
                [row["survey"], int(row["year"])],
            ).fetchall()
        }
    groups = wave.groups()
    pairs = sorted({(indicator, breakdown) for indicator, breakdown, _ in marts if indicator in inside})
    weights = terms.number(row["weight_column"]).to_numpy()
    spent, done, differing, compared = 0.0, 0, 0, 0
    for indicator, breakdown in pairs[:: max(1, len(pairs) // calls)][:calls]:
        group = np.full(len(weights), "", object)
        for key, members in groups[breakdown].items():
            group[members] = key
        frame = pl.DataFrame(
            {"w": weights, "y": y[indicator], "inside": inside[indicator] & (group != ""), "group": group.astype(str)}
        )
        done += 1
        started = time.process_time()
        sample = svy.Sample(frame, svy.Design(wgt="w"))
        result = sample.estimation.mean("y", by="group", where=svy.col("inside")).to_polars()
        spent += time.process_time() - started
        for estimate in result.to_dicts():
            place = (indicator, breakdown, estimate["group"])
            if place in marts:
                compared += 1
                differing += not np.allclose((estimate["est"], estimate["se"]), marts[place], rtol=1e-7, atol=1e-7)
    return {
        "calls": done,
        "seconds": spent,
        "calls_needed": needed,
        "differing": differing,
        "estimates": compared,
    }
