"""How often the tests reject where nothing differs, and how often the intervals hold the truth, simulated.

`python -m tests.integration.simulated_inference` writes the table into docs/statistics.md. Samples are drawn from known
populations, their sums stand in for the cube's, and the SQL of the models that dbt compiled makes intervals and tests.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from helsemonitor.settings import PROJECT_DIR, Settings
from tests.fast_road import build_models, fast_road

CYCLISTS = Path(__file__).parents[1] / "fixtures" / "cyclists"
DOCUMENT = PROJECT_DIR / "docs" / "statistics.md"
TABLE = re.compile(r"(?<=<!-- simulated: written by make simulate -->\n\n).*?(?=\n\n)", re.DOTALL)
SEED = 20261130
SIZES = (2, 5, 10, 20, 50, 100, 200, 500)
REST = 1500
# Samples of each population and size; a rest serves several of them.
SAMPLES, RESTS = 1200, 200


@dataclass(frozen=True)
class Kind:
    """A kind of measure and what it is drawn from.

    Args:
        factor: From y to the unit of the measure.
        values: What a respondent's y may be.
        populations: How likely each value is, one population a row.
    """

    factor: int
    values: tuple[float, ...]
    populations: tuple[tuple[float, ...], ...]


def in_parts(*rows: tuple[float, ...]) -> tuple[tuple[float, ...], ...]:
    """Rows of counts as probabilities."""
    return tuple(tuple(part / sum(row) for part in row) for row in rows)


KINDS = {
    "share": Kind(100, (0, 1), in_parts(*((100 - p, p) for p in (5, 10, 20, 35, 50, 80)))),
    "net": Kind(100, (-1, 0, 1), in_parts((10, 30, 60), (20, 30, 50), (30, 40, 30), (5, 15, 80), (5, 85, 10))),
    "mean": Kind(
        1,
        tuple(range(11)),
        in_parts(
            (1, 1, 2, 2, 3, 5, 8, 12, 18, 20, 15),
            (10, 8, 6, 5, 5, 5, 5, 5, 5, 5, 5),
            (1, 1, 2, 4, 8, 10, 8, 4, 2, 1, 1),
        ),
    ),
    "allocation": Kind(
        1,
        (0, 10, 20, 30, 50, 80, 100),
        in_parts(
            (60, 20, 10, 5, 3, 1, 1), (20, 20, 20, 15, 15, 5, 5), (90, 4, 3, 2, 1, 0, 0), (10, 10, 10, 10, 30, 20, 10)
        ),
    ),
}
WEIGHTS = {
    "none": lambda draw, shape: np.ones(shape),
    # Design effect 1.1, as of the citizens' waves.
    "like the citizens'": lambda draw, shape: draw.choice([0.6, 0.8, 1.0, 1.2, 1.6], shape),
    # Log-normal with a design effect of 3.7.
    "skewed": lambda draw, shape: draw.lognormal(0, np.sqrt(np.log(3.7)), shape),
}
SUMS = ["base_n", "sum_w", "sum_w2", "sum_wy", "sum_wy2", "sum_w2y", "sum_w2y2"]


def sums(draw: np.random.Generator, weights: str, kind: Kind, population: int, shape: tuple[int, int]) -> np.ndarray:
    """Sums of samples; shape (samples, sums) from (samples, respondents)."""
    y = draw.choice(np.array(kind.values, dtype=float), shape, p=kind.populations[population])
    w = WEIGHTS[weights](draw, shape)
    columns = (np.ones(shape), w, w * w, w * y, w * y * y, w * w * y, w * w * y * y)
    return np.stack([column.sum(axis=1) for column in columns], axis=1)


def samples(weightings: Iterable[str], sizes: Iterable[int]) -> Iterator[pd.DataFrame]:
    """Rows of int_moments: each sample a group, against a large rest and against another sample of its size.

    A measure is named weights/kind/population/size/against/sample. What is drawn for one does not depend on the others.
    """
    for weights, (name, kind) in product(weightings, KINDS.items()):
        for population, row in enumerate(kind.populations):
            place = [SEED, list(WEIGHTS).index(weights), list(KINDS).index(name), population]
            rest = sums(np.random.default_rng(place), weights, kind, population, (RESTS, REST))
            for size in sizes:
                draw = np.random.default_rng([*place, size])
                group, other = (sums(draw, weights, kind, population, (SAMPLES, size)) for _ in range(2))
                for against, outside in (("rest", np.tile(rest, (SAMPLES // RESTS, 1))), ("another", other)):
                    for breakdown, numbers in (("total", group + outside), ("of", group)):
                        yield pd.DataFrame(numbers, columns=SUMS).assign(
                            measure=[f"{weights}/{name}/{population}/{size}/{against}/{no}" for no in range(SAMPLES)],
                            breakdown=breakdown,
                            group_key=breakdown,
                            respondents_n=(group + outside)[:, 0],
                            factor=kind.factor,
                            is_proportion=name == "share",
                            y_low=float(min(kind.values)),
                            y_high=float(max(kind.values)),
                            truth=kind.factor * float(np.dot(row, kind.values)),
                        )


def simulate(weightings: Iterable[str] = tuple(WEIGHTS), sizes: Iterable[int] = SIZES) -> pd.DataFrame:
    """Rates in percent, one row per weights, kind and size.

    Returns:
        `rest` and `another`: tests that reject at 5 percent, of those that are made; `rest_tested` and
        `another_tested`: those that are made, of all; `covered`: intervals that hold the truth, of all samples.
    """
    with tempfile.TemporaryDirectory() as build:
        moments = pd.concat(samples(weightings, sizes), ignore_index=True)
        return rates(inference_of(moments, Path(build)))


def inference_of(moments: pd.DataFrame, build: Path) -> duckdb.DuckDBPyConnection:
    """The models int_estimates and int_group_tests over sums.

    Args:
        moments: Rows of int_moments, but for what is the same in all of them.
        build: An empty folder.
    """
    tables = fast_road(CYCLISTS, build, marts=False).tables
    tables.execute(
        """
        create or replace table intermediate.int_moments as
        select * replace (cast(base_n as bigint) as base_n, cast(respondents_n as bigint) as respondents_n),
            dense_rank() over (order by measure) as measure_no, cast(base_n as bigint) as positive_n,
            's' as survey, 'q' as item, 2026 as year, 'as_published' as basis,
            1e0 as mean_weight, cast(null as varchar) as weight_note, factor * sum_wy / sum_w as value
        from moments;
        create or replace table intermediate.int_calibrated_margins as
        select 's' as survey, 'm' as measure, 2026 as year, 50e0 as population_pct where false;
        create or replace table intermediate.int_breakdown_sources as
        select 's' as survey, 'of' as breakdown, 'q' as item where false;
        """
    )
    build_models(Settings(PROJECT_DIR, CYCLISTS, build), tables, ["int_estimates", "int_group_tests"])
    return tables


def rates(tables: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Rates of simulated estimates and tests, as `simulate` returns them."""
    return tables.execute(
        """
        with judged as (
            select
                string_split(measure, '/') as parts,
                parts[1] as weights,
                parts[2] as kind,
                cast(parts[4] as integer) as size,
                parts[5] as against,
                moments.truth between estimates.ci_low - 1e-9 and estimates.ci_high + 1e-9 as is_covered,
                tests.p_value is not null as is_tested,
                tests.p_value < 0.05 as is_rejected
            from intermediate.int_estimates as estimates
            inner join intermediate.int_moments as moments using (measure, breakdown)
            inner join intermediate.int_group_tests as tests using (measure, breakdown)
            where breakdown = 'of'
        )
        select
            weights,
            kind,
            size,
            100 * avg(cast(is_rejected as integer)) filter (against = 'rest' and is_tested) as rest,
            100 * avg(cast(is_tested as integer)) filter (against = 'rest') as rest_tested,
            100 * avg(cast(is_rejected as integer)) filter (against = 'another' and is_tested) as another,
            100 * avg(cast(is_tested as integer)) filter (against = 'another') as another_tested,
            100 * avg(cast(coalesce(is_covered, false) as integer)) filter (against = 'rest') as covered
        from judged
        group by weights, kind, size
        order by all
        """
    ).df()


def lines_of(found: pd.DataFrame) -> list[str]:
    """The rates as lines of a Markdown table: per kind rejections against the rest and another sample, and coverage.

    A rate of tests of which fewer than a fifth are made is left out.
    """

    def said(rate: float, tested: float) -> str:
        return f"{rate:.1f}" if tested >= 20 else ""

    by_place = found.set_index(["weights", "size", "kind"])
    lines = []
    for weights, size in product(WEIGHTS, SIZES):
        if (weights, size) not in by_place.index.droplevel("kind"):
            continue
        line = [weights, str(size)]
        for kind in KINDS:
            row = by_place.loc[(weights, size, kind)]
            line += [said(row["rest"], row["rest_tested"]), said(row["another"], row["another_tested"])]
            line.append(f"{row['covered']:.1f}")
        lines.append(f"| {' | '.join(line)} |")
    return lines


def table_of(found: pd.DataFrame) -> str:
    """The rates as a Markdown table."""
    heads = ["weights", "n", *(f"{kind}, {what}" for kind in KINDS for what in ("rest", "pair", "interval"))]
    return "\n".join([f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *lines_of(found)])


if __name__ == "__main__":
    DOCUMENT.write_text(TABLE.sub(table_of(simulate()), DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
