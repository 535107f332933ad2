"""Estimates, standard errors and tests of the marts equal those of statistical packages on the raw files.

The raw files are decoded a second time (tests/integration/hand_survey.py); svy gives estimates and standard errors of
whole samples and groups, numpy the same for every row, statsmodels and scipy intervals, z, p and adjusted p.
"""

import csv
import math
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import groupby, product

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
import statsmodels.api as sm
import svy
from scipy import stats
from scipy.linalg import block_diag
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from tests.integration.conftest import Refresh
from tests.integration.hand_survey import (
    BRIDGES,
    SEEDS,
    Wave,
    base_of,
    codebook,
    decode,
    groups_of,
    indicator_of,
    of,
    serves,
)

WAVES = [f"{row['survey']}_{row['year']}" for row in codebook("waves")]
WEIGHTED = [f"{row['survey']}_{row['year']}" for row in codebook("waves") if row["weight_column"]]
CELL = ["survey", "year", "breakdown", "group_key", "basis"]
ESTIMATE = ["indicator", *CELL]
# Relative. Below it, two ways of adding the same numbers in doubles.
CLOSE = 1e-9
# Below it a double has lost its digits.
TINY = 1e-300

Query = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def query(first: Refresh) -> Iterator[Query]:
    """Run SQL on the marts of the release."""
    with duckdb.connect(str(first.release / "helsemonitor.duckdb"), read_only=True) as connection:
        connection.execute("use marts")
        yield lambda sql: connection.execute(sql).df()


@pytest.fixture(scope="module")
def waves() -> dict[str, Wave]:
    """Every wave, decoded by hand."""
    return {f"{row['survey']}_{row['year']}": decode(row) for row in codebook("waves")}


@pytest.fixture(scope="module")
def samples(waves: dict[str, Wave]) -> Callable[[str, dict[str, np.ndarray]], svy.Sample]:
    """Make a sample of svy from a wave and further columns."""

    def sample(name: str, columns: dict[str, np.ndarray]) -> svy.Sample:
        frame = pl.DataFrame(
            {"weight": waves[name].weights} | {key: pl.Series(key, value) for key, value in columns.items()}
        )
        return svy.Sample(frame, svy.Design(wgt="weight"))

    return sample


def assert_close(
    found: pd.Series, expected: pd.Series, what: str, relative: float = CLOSE, absolute: float = 1e-10
) -> None:
    """All numbers equal, gaps in the same places."""
    left, right = found.to_numpy(dtype=float, na_value=np.nan), expected.to_numpy(dtype=float, na_value=np.nan)
    wrong = ~np.isclose(left, right, rtol=relative, atol=absolute, equal_nan=True)
    assert not wrong.any(), (
        f"{what}: {wrong.sum()} of {len(wrong)} differ, first {left[wrong][:3]} and {right[wrong][:3]}"
    )


def single_items(wave: Wave) -> list[str]:
    """Items of the wave whose answers exclude each other."""
    types = {row["item"]: row["type"] for row in of("items", wave.survey)}
    return sorted(item for item in wave.given if types[item] in {"single", "scale"})


def answer_column(wave: Wave, item: str) -> np.ndarray:
    """Answer of each respondent as text, empty where there is none."""
    column = np.full(wave.n, "", dtype=object)
    for answer, gave in wave.answers[item].items():
        column[gave] = answer
    return column


@cache
def calibrated_to(survey: str, year: int) -> tuple[tuple[str, tuple[frozenset[str], ...]], ...]:
    """Margins that the weights of a wave were calibrated to: each an item, and the answers of its groups."""
    wave = next(row for row in of("waves", survey) if int(row["year"]) == year)
    named = {row["breakdown"] for row in of("population", survey) if int(row["year"]) == year}
    margins: dict[tuple[str, str], list[frozenset[str]]] = {}
    for row in of("breakdowns", survey) if wave["weight_column"] else []:
        if row["breakdown"] in named and int(row["year_from"] or 0) <= year <= int(row["year_to"] or 9999):
            margins.setdefault((row["breakdown"], row["source_item"]), []).append(frozenset(row["answers"].split("|")))
    return tuple((item, tuple(groups)) for (_, item), groups in margins.items())


def is_margin(survey: str, year: int, item: str, answers: Iterable[str]) -> bool:
    """Whether these answers together make up whole groups of a margin."""
    wanted = frozenset(answers)
    for source, groups in calibrated_to(survey, year):
        touched = [group for group in groups if group & wanted]
        if source == item and touched and frozenset().union(*touched) == wanted:
            return True
    return False


def margin_rows(frame: pd.DataFrame, year: str = "year") -> np.ndarray:
    """Rows of answers of whole samples that are margins of the weights. Shape (rows,)."""
    total = frame["breakdown"] == "total"
    known = {
        key: is_margin(*key[:3], [key[3]])
        for key in frame.loc[total, ["survey", year, "item", "answer"]].drop_duplicates().itertuples(index=False)
    }
    keys = zip(frame["survey"], frame[year], frame["item"], frame["answer"], total, strict=True)
    return np.array([in_total and known[tuple(key)] for *key, in_total in keys], dtype=bool)


def wilson(p: pd.Series, n: pd.Series, quantile: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval of proportions.

    Args:
        p: Proportions.
        n: Effective sizes.
        quantile: Of each interval; the normal one of 95 percent where there is none.
    """
    p, n = np.asarray(p, dtype=float), np.asarray(n, dtype=float)
    alpha = 0.05 if quantile is None else 2 * stats.norm.sf(quantile)
    return tuple(np.asarray(bound) for bound in proportion_confint(p * n, n, alpha, method="wilson"))


SHARE = ["item", "breakdown", "group_key", "answer"]


def compare_shares(query: Query, wave: Wave, estimates: list[dict]) -> None:
    """Compare estimates of svy with rows of fct_answer_shares; an answer that svy does not see has a share of 0.

    Args:
        query: Runs SQL on the marts.
        wave: The wave.
        estimates: item, breakdown, group_key, answer, est, se, n and kish (effective size by the weights of the base).
    """
    mart = query(
        f"select * from fct_answer_shares where survey = '{wave.survey}' and year = {wave.year} "
        "and basis = 'as_published' and share_pct is not null"
    )
    hand = pd.DataFrame(estimates)
    tables = hand[["item", "breakdown"]].drop_duplicates()
    both = mart.merge(tables, on=["item", "breakdown"]).merge(hand, on=SHARE, how="left")
    unseen = both["est"].isna()
    assert len(both) - unseen.sum() == len(hand) > 100
    assert (both.loc[unseen, "answer_n"] == 0).all()
    margin = margin_rows(both)
    assert (both.loc[unseen, "share_pct"] == 0).all()
    assert (both.loc[unseen & ~margin, "se_pp"] == 0).all()
    assert both.loc[margin, ["se_pp", "deff", "n_eff", "ci_low_pct", "ci_high_pct"]].isna().all(axis=None)
    seen, free = both[~unseen], both[~unseen & ~margin]
    assert_close(seen["share_pct"], 100 * seen["est"], f"{wave.name} share")
    assert_close(seen["base_n"], seen["n"], f"{wave.name} base")
    assert_close(free["se_pp"], 100 * free["se"], f"{wave.name} se")
    # The size of the base over the design effect, and no more than the weights leave of it.
    n_eff = np.fmin((free["est"] * (1 - free["est"]) / free["se"] ** 2).where(free["se_pp"] > 0), free["kish"])
    for mart_bound, bound in zip(("ci_low_pct", "ci_high_pct"), wilson(free["est"], n_eff), strict=True):
        assert_close(free[mart_bound], pd.Series(100 * bound), f"{wave.name} {mart_bound}")


@pytest.mark.parametrize("name", WAVES)
def test_shares_of_every_item_equal_svy(name: str, query: Query, waves: dict, samples: Callable) -> None:
    """Whole sample: every single-choice item, every option of every multi-select."""
    wave = waves[name]
    items = [item for item in sorted(wave.answers) if set(wave.answers[item]) and item not in wave.values]
    columns = {f"{item} base": base_of(wave, item) for item in items}
    items = [item for item in items if columns[f"{item} base"].any()]
    single = set(single_items(wave))
    for item in items:
        columns |= {f"{item} {answer}": gave.astype(float) for answer, gave in wave.answers[item].items()}
        if item in single:
            columns[item] = answer_column(wave, item)
    sample = samples(name, columns)
    estimates = []
    for item in items:
        where, w = svy.col(f"{item} base"), wave.weights[columns[f"{item} base"]]
        kish = w.sum() ** 2 / (w**2).sum()
        about = {"item": item, "breakdown": "total", "group_key": "total", "n": len(w), "kish": kish}
        if item in single:
            rows = sample.estimation.prop(item, where=where).to_polars().rename({item: "answer"}).to_dicts()
            estimates += [row | about for row in rows if row["answer"] and row["est"] > 0]
            continue
        answers = list(wave.answers[item])
        results = sample.estimation.mean([f"{item} {answer}" for answer in answers], where=where)
        for answer, result in zip(answers, results, strict=True):
            estimates.append(result.to_polars().to_dicts()[0] | about | {"answer": answer})
    compare_shares(query, wave, estimates)


@pytest.mark.parametrize("name", WAVES)
def test_shares_of_groups_equal_svy(name: str, query: Query, waves: dict, samples: Callable) -> None:
    """Every breakdown of the wave, each with three items; over breakdowns and waves the items take turns."""
    wave = waves[name]
    items = single_items(wave)
    breakdowns = dict(groups_of(wave))
    columns: dict[str, np.ndarray] = {item: answer_column(wave, item) for item in items}
    tables = []
    for number, breakdown in enumerate(sorted(breakdowns)):
        columns[f"in {breakdown}"] = breakdowns[breakdown]
        # A cross of three dimensions has hundreds of groups.
        for step in range(3 if len(set(breakdowns[breakdown])) < 60 else 1):
            served = [item for item in items if serves(wave.survey, breakdown, item)]
            if step >= len(served):
                continue
            item = served[(3 * number + step + 7 * WAVES.index(name)) % len(served)]
            inside = base_of(wave, item) & (breakdowns[breakdown] != "")
            if inside.any():
                columns[f"{item} of {breakdown}"] = inside
                tables.append((item, breakdown))
    sample = samples(name, columns)
    estimates = []
    for item, breakdown in tables:
        inside = columns[f"{item} of {breakdown}"]
        result = sample.estimation.prop(item, by=f"in {breakdown}", where=svy.col(f"{item} of {breakdown}"))
        frame = result.to_polars().rename({item: "answer", f"in {breakdown}": "group_key"})
        w = pd.Series(wave.weights[inside]).groupby(breakdowns[breakdown][inside])
        bases, kish = w.count(), w.sum() ** 2 / w.agg(lambda weights: (weights**2).sum())
        estimates += [
            row
            | {"item": item, "breakdown": breakdown, "n": int(bases[row["group_key"]]), "kish": kish[row["group_key"]]}
            for row in frame.to_dicts()
            if row["answer"] and row["group_key"] in bases and row["est"] > 0
        ]
    compare_shares(query, wave, estimates)


@pytest.mark.parametrize("name", WAVES)
def test_indicators_equal_svy(name: str, query: Query, waves: dict, samples: Callable) -> None:
    """Every indicator on the whole sample, and each breakdown with six indicators that take turns over the waves."""
    wave = waves[name]
    mart = query(
        f"select * from fct_indicators where survey = '{wave.survey}' and year = {wave.year} "
        "and basis = 'as_published' and source = 'computed' and value is not null"
    )
    breakdowns = dict(groups_of(wave))
    kinds = {row["indicator"]: row["kind"] for row in of("indicators", wave.survey)}
    items = {row["indicator"]: row["item"] for row in of("indicators", wave.survey)}
    columns: dict[str, np.ndarray] = {f"in {breakdown}": keys for breakdown, keys in breakdowns.items()}
    for row in of("indicators", wave.survey):
        made = indicator_of(wave, row)
        if made is not None and made[1].any():
            columns[f"y {row['indicator']}"], columns[f"base {row['indicator']}"] = made
    asked = [indicator for indicator in kinds if f"y {indicator}" in columns]
    assert set(asked) == set(mart["indicator"])
    pairs = [(indicator, "total") for indicator in asked]
    for number, breakdown in enumerate(sorted(breakdowns)):
        served = [indicator for indicator in asked if serves(wave.survey, breakdown, items[indicator])]
        places = [6 * number + step * 17 + 5 * WAVES.index(name) for step in range(6)]
        turns = {served[place % len(served)] for place in places if served}
        pairs += [(indicator, breakdown) for indicator in turns if breakdown != "total"]
    sample = samples(name, columns)
    estimates = []
    for indicator, breakdown in pairs:
        keys = breakdowns[breakdown][columns[f"base {indicator}"]]
        result = sample.estimation.mean(f"y {indicator}", by=f"in {breakdown}", where=svy.col(f"base {indicator}"))
        rows = result.to_polars().rename({f"in {breakdown}": "group_key"}).to_dicts()
        about = {"indicator": indicator, "breakdown": breakdown}
        estimates += [row | about for row in rows if row["group_key"] and row["group_key"] in keys]
    both = mart.merge(pd.DataFrame(estimates), on=["indicator", "breakdown", "group_key"], suffixes=("", "_svy"))
    assert len(both) == len(estimates) > 150
    factor = np.where(both["indicator"].map(kinds) == "mean", 1, 100)
    assert_close(both["value"], factor * both["est"], f"{name} value")
    assert_close(both["se"], factor * both["se_svy"], f"{name} se")


def own_estimates(n: int, w: np.ndarray, y: np.ndarray, codes: np.ndarray, size: int) -> np.ndarray:
    """Estimates of groups from the residuals of their respondents.

    Args:
        n: Respondents of the wave.
        w: Weights of the base.
        y: The variable in the base.
        codes: Number of the group of each, -1 outside.
        size: Number of groups.

    Returns:
        One row for each of `MEASURES`: base_n, sum_w, value, se, within (variance of y inside the group), n_eff, kish
        (effective size by the weights), middle and spread (mean and variance of y with the squares of the weights, as
        variances count the respondents). Shape (9, size).
    """
    inside = codes >= 0
    codes, w, y = codes[inside], w[inside], y[inside]
    base_n, sum_w = np.bincount(codes, minlength=size), np.bincount(codes, w, size)
    value = np.bincount(codes, w * y, size) / sum_w
    residual = y - value[codes]
    # A group of identical answers has residuals of rounding only.
    residual[np.abs(residual) < 1e-12 * np.maximum(np.abs(y), 1)] = 0
    se = np.sqrt(n / (n - 1) * np.bincount(codes, (w * residual) ** 2, size)) / sum_w
    within = np.bincount(codes, w * residual**2, size) / sum_w
    sum_w2 = np.bincount(codes, w**2, size)
    kish, middle = sum_w**2 / sum_w2, np.bincount(codes, w**2 * y, size) / sum_w2
    apart = y - middle[codes]
    apart[np.abs(apart) < 1e-12 * np.maximum(np.abs(y), 1)] = 0
    spread = np.bincount(codes, (w * apart) ** 2, size) / sum_w2
    # The design effect is se² over within / base_n.
    n_eff = np.fmin(np.where(se > 0, within / se**2, np.nan), kish)
    return np.array([base_n, sum_w, value, se, within, n_eff, kish, middle, spread])


def rest_estimates(n: int, w: np.ndarray, y: np.ndarray, codes: np.ndarray, size: int) -> np.ndarray:
    """Estimates of everybody in the base outside each group: sums around everybody's mean, less the group's.

    Arguments and result as of `own_estimates`.
    """
    middle = np.average(y, weights=w)
    away, numbers = y - middle, np.where(codes < 0, size, codes)

    def outside(x: np.ndarray) -> np.ndarray:
        return x.sum() - np.bincount(numbers, x, size + 1)[:size]

    distinct, values = np.unique(y, return_inverse=True)
    counts = np.bincount(values * (size + 1) + numbers, minlength=len(distinct) * (size + 1)).reshape(len(distinct), -1)
    alike = (counts.sum(axis=1, keepdims=True) > counts)[:, :size].sum(axis=0) < 2
    base_n = counts.sum() - counts.sum(axis=0)[:size]
    sum_w, sum_w2 = outside(w), outside(w**2)
    mean = outside(w * away) / sum_w
    square = outside((w * away) ** 2) - 2 * mean * outside(w**2 * away) + mean**2 * sum_w2
    se = np.where(alike, 0, np.sqrt(n / (n - 1) * np.maximum(square, 0)) / sum_w)
    within = np.where(alike, 0, outside(w * away**2) / sum_w - mean**2)
    kish, shift = sum_w**2 / sum_w2, outside(w**2 * away) / sum_w2
    spread = np.where(alike, 0, outside((w * away) ** 2) / sum_w2 - shift**2)
    n_eff = np.fmin(np.where(alike, np.nan, within / se**2), kish)
    result = np.array([base_n, sum_w, middle + mean, se, within, n_eff, kish, middle + shift, spread])
    result[2:, base_n == 0] = np.nan
    return result


MEASURES = ["base_n", "sum_w", "value", "se", "within", "n_eff", "kish", "middle", "spread"]
EXACT = ["yes_billionths", "billionths"]


def billionths(wave: Wave) -> np.ndarray:
    """Weights as whole numbers of 1e-9, from the digits in the file; doubles hold their sums exactly. Shape (n,)."""
    column = next(row for row in of("waves", wave.survey) if int(row["year"]) == wave.year)["weight_column"]
    if not column:
        return np.full(wave.n, 1_000_000_000)
    with (SEEDS / "raw" / f"{wave.name}.csv").open(encoding="utf-8", newline="") as file:
        weights = [Decimal(row[column]).scaleb(9) for row in csv.DictReader(file)]
    assert all(weight == int(weight) for weight in weights)
    assert sum(weights) < 2**53
    return np.array([int(weight) for weight in weights])


def share_estimates(n: int, counts: np.ndarray, w: np.ndarray, w2: np.ndarray) -> np.ndarray:
    """Estimates of a share from the sums over those who gave the answer and those who did not.

    A residual is 1 - p for the one and -p for the other.

    Args:
        n: Respondents of the wave.
        counts: Respondents, row 0 those without and row 1 those with the answer. Shape (2, ...).
        w: Sums of their weights, in the same shape.
        w2: Sums of the squares of their weights, in the same shape.

    Returns:
        As of `own_estimates`, but for what stands behind the first axis.
    """
    w, w2 = np.where(counts > 0, w, 0), np.where(counts > 0, w2, 0)
    base_n, sum_w, sum_w2 = counts.sum(axis=0), w.sum(axis=0), w2.sum(axis=0)
    p, middle = w[1] / sum_w, w2[1] / sum_w2
    se = np.sqrt(n / (n - 1) * (w2[1] * (1 - p) ** 2 + w2[0] * p**2)) / sum_w
    kish, within = sum_w**2 / sum_w2, p * (1 - p)
    n_eff = np.fmin(np.where(se > 0, within / se**2, np.nan), kish)
    return np.array([base_n, sum_w, p, se, within, n_eff, kish, middle, middle * (1 - middle)])


@pytest.fixture(scope="module")
def places(waves: dict[str, Wave]) -> pd.DataFrame:
    """Every indicator, wave, breakdown and group of the sample, and everybody outside the group; also empty bases."""
    numbers, keys = [], []
    for wave in waves.values():
        exact_weights = billionths(wave)
        breakdowns = [
            (breakdown, *pd.factorize(np.where(keys == "", None, keys))) for breakdown, keys in groups_of(wave)
        ]
        for row, basis in product(of("indicators", wave.survey), ("as_published", "like_for_like")):
            bridged = row["item"] in BRIDGES.get(wave.survey, {}) and wave.years(2022)
            made = indicator_of(wave, row, basis) if basis == "as_published" or bridged else None
            if made is None or not made[1].any():
                continue
            w, y, whole = wave.weights[made[1]], made[0][made[1]], exact_weights[made[1]]
            factor = 1 if row["kind"] == "mean" else 100
            for breakdown, codes, groups in breakdowns:
                if not serves(wave.survey, breakdown, row["item"]):
                    continue
                about = (wave.n, w, y, codes[made[1]], len(groups))
                inside = codes[made[1]] >= 0
                exact = [np.bincount(codes[made[1]][inside], x[inside], len(groups)) for x in (whole * (y == 1), whole)]
                with np.errstate(divide="ignore", invalid="ignore"):
                    numbers.append(np.vstack([own_estimates(*about), rest_estimates(*about), *exact]))
                same = (row["indicator"], wave.survey, wave.year, breakdown)
                keys += [(*same, group, basis, row["kind"], factor) for group in groups]
    frame = pd.DataFrame(keys, columns=[*ESTIMATE, "kind", "factor"])
    measures = MEASURES + [f"rest_{name}" for name in MEASURES]
    frame[[*measures, *EXACT]] = np.hstack(numbers).T
    assert not frame.duplicated(ESTIMATE).any()
    return frame


ANSWER = ["item", "answer", *CELL]


@pytest.fixture(scope="module")
def answers_by_hand(waves: dict[str, Wave]) -> pd.DataFrame:
    """Every answer, wave, breakdown and group that has a base, and everybody in the base outside the group.

    `yes_n` and `rest_yes_n` are those who gave the answer, unweighted.
    """
    numbers, keys = [], []
    for wave in waves.values():
        exact_weights = billionths(wave)
        breakdowns = [
            (breakdown, *pd.factorize(np.where(keys == "", None, keys))) for breakdown, keys in groups_of(wave)
        ]
        items = [item for item in sorted(wave.answers) if item not in wave.values]
        for item, basis in product(items, ("as_published", "like_for_like")):
            bridged = item in BRIDGES.get(wave.survey, {}) and wave.years(2022)
            base = base_of(wave, item, basis) if basis == "as_published" or bridged else np.zeros(wave.n, dtype=bool)
            if not base.any():
                continue
            w, whole = wave.weights[base], exact_weights[base]
            gave = [(answer, who[base].astype(int)) for answer, who in wave.answers[item].items()]
            for breakdown, codes, groups in breakdowns:
                if not serves(wave.survey, breakdown, item):
                    continue
                places, size = np.where(codes[base] < 0, len(groups), codes[base]), len(groups) + 1
                for answer, y in gave:
                    cells = y * size + places
                    sums = [np.bincount(cells, x, 2 * size).reshape(2, size) for x in (np.ones_like(w), w, w**2)]
                    own = [x[:, : len(groups)] for x in sums]
                    rest = [x.sum(axis=1, keepdims=True) - x[:, : len(groups)] for x in sums]
                    with np.errstate(divide="ignore", invalid="ignore"):
                        made = [share_estimates(wave.n, *side) for side in (own, rest)]
                    exact = np.bincount(cells, whole, 2 * size).reshape(2, size)[:, : len(groups)]
                    numbers.append(np.vstack([*made, own[0][1], rest[0][1], exact[1], exact.sum(axis=0)]))
                    same = (item, answer, wave.survey, wave.year, breakdown)
                    keys += [(*same, group, basis) for group in groups]
    frame = pd.DataFrame(keys, columns=ANSWER)
    measures = MEASURES + [f"rest_{name}" for name in MEASURES] + ["yes_n", "rest_yes_n", *EXACT]
    frame[measures] = np.hstack(numbers).T
    assert not frame.duplicated(ANSWER).any()
    return frame[frame["base_n"] > 0].reset_index(drop=True)


@pytest.fixture(scope="module")
def by_hand(places: pd.DataFrame) -> pd.DataFrame:
    """The places that have a base."""
    return places[places["base_n"] > 0].reset_index(drop=True)


def test_groups_without_answers_are_rows_that_say_so(query: Query, waves: dict, places: pd.DataFrame) -> None:
    """An empty base has NULL and a reason; so has a group of the codebook that the sample does not hold."""
    mart = query("select * from fct_indicators where contains(obs_status_all, 'O')")
    found = mart.set_index(ESTIMATE)
    assert found[["value", "se", "ci_low", "ci_high", "deff", "n_eff", "base_n"]].isna().all(axis=None)
    assert found["status_reason"].str.startswith(("nobody in", "the filter of")).all()
    empty = places[places["base_n"] == 0].set_index(ESTIMATE).index
    assert len(empty) > 500
    assert empty.isin(found.index).all()
    absent = set()
    for wave in waves.values():
        seen = {(breakdown, key) for breakdown, keys in groups_of(wave) for key in set(keys)}
        absent |= {
            (row["survey"], wave.year, row["breakdown"], row["group_key"])
            for row in of("breakdowns", wave.survey)
            if int(row["year_from"] or 0) <= wave.year <= int(row["year_to"] or 9999)
            and (row["breakdown"], row["group_key"]) not in seen
        }
    others = mart[~found.index.isin(empty)]
    published = others[others["basis"] == "as_published"]
    assert set(published[CELL[:4]].itertuples(index=False, name=None)) == absent
    assert (published["status_reason"] == "nobody in the sample belongs to this group").all()
    # Where the newest filter is the wave's own, the two bases are one.
    same = others[others["basis"] == "like_for_like"].assign(basis="as_published")
    assert same.set_index(ESTIMATE).index.isin(found.index).all()


def test_a_comparison_with_the_wave_before_needs_both_values(query: Query) -> None:
    mart = query("select * from fct_indicators").sort_values([*ESTIMATE[:2], *CELL[2:], "year"])
    series = ["indicator", "survey", "breakdown", "group_key", "basis"]
    first = mart[mart["value"].notna()].groupby(series)["year"].transform("min")
    judged = mart[mart["comparable_with_previous"].notna()]
    assert len(judged) > 100_000
    assert judged["value"].notna().all()
    assert (judged["year"] > first.loc[judged.index]).all()


def test_what_has_no_test_says_why(query: Query) -> None:
    for mart in (
        "fct_indicator_changes",
        "fct_group_differences",
        "fct_survey_comparisons",
        "fct_filter_effects",
        "fct_distribution_tests",
    ):
        frame = query(f"select p_value is null as untested, not_tested_reason is not null as told from {mart}")
        assert (frame["untested"] == frame["told"]).all(), mart
        assert frame["untested"].any(), mart


def test_every_computed_indicator_equals_the_respondents(query: Query, by_hand: pd.DataFrame) -> None:
    mart = query("select * from fct_indicators where source = 'computed' and value is not null")
    both = mart.merge(by_hand, on=ESTIMATE, suffixes=("", "_hand"), how="inner")
    published = mart[mart["basis"] == "as_published"]
    assert len(both[both["basis"] == "as_published"]) == len(published) == (by_hand["basis"] == "as_published").sum()
    assert (both["basis"] == "like_for_like").sum() == (by_hand["basis"] == "like_for_like").sum() > 10_000
    assert both["indicator"].nunique() > 200
    assert set(both["kind"]) == {"share", "net", "position_share", "mean", "nps"}
    assert (both["base_n"] == both["base_n_hand"]).all()
    assert_close(both["value"], both["factor"] * both["value_hand"], "value")
    assert_close(both["se"], both["factor"] * both["se_hand"], "se")
    assert_close(both["n_eff"], both["n_eff_hand"], "n_eff", relative=1e-8)
    assert (both["n_eff"] <= both["base_n"] * (1 + CLOSE)).all()
    srs = both["within"] / both["base_n"]
    deff = (both["se_hand"] ** 2 / srs).where(srs > 0)
    assert_close(both["deff"], deff, "deff", relative=1e-8)
    assert_close(both["base_weighted_delivered"], both["sum_w"], "base_weighted_delivered")
    # The shipped weights have a mean of 1 but for a hundred-millionth.
    assert_close(both["base_weighted"], both["sum_w"], "base_weighted", relative=2e-8)
    is_share = both["kind"].isin(["share", "position_share"])
    margin = 200 * np.sqrt((both["value_hand"] * (1 - both["value_hand"])).clip(lower=0) / both["base_n"])
    assert_close(both["moe_report"][is_share], margin[is_share], "moe_report of shares", absolute=1e-6)
    # The same two standard errors of a simple sample for everything else.
    assert_close(both["moe_report"], 2 * both["factor"] * np.sqrt(srs), "moe_report", absolute=1e-5)


# Ends of the scales of kinds and, where numbers are given, of types of items.
SCALES = {"share": (0, 1), "position_share": (0, 1), "net": (-1, 1), "nps": (-1, 1), "allocation": (0, 100)}


def scale_of(survey: str, indicator: str, kind: str) -> tuple[float, float]:
    """Ends of the scale of an indicator's y; NaN where its numbers have none."""
    row = next(row for row in of("indicators", survey) if row["indicator"] == indicator)
    entry = next(entry for entry in of("items", survey) if entry["item"] == row["item"])
    return SCALES.get(entry["type"] if kind == "mean" else kind, (np.nan, np.nan))


def test_intervals_are_wilsons_on_the_scale(query: Query, by_hand: pd.DataFrame) -> None:
    """Shares by statsmodels; nets and points of a scale by their place on it; years by their own error."""
    mart = query("select * from fct_indicators where source = 'computed' and value is not null")
    both = mart.merge(by_hand, on=ESTIMATE, suffixes=("", "_hand"))
    known = both[["survey", "indicator", "kind"]].drop_duplicates().itertuples(index=False, name=None)
    scales = {key: scale_of(*key) for key in known}
    keys = both[["survey", "indicator", "kind"]].itertuples(index=False, name=None)
    low, high = np.array([scales[key] for key in keys]).T
    n_eff, size, y = both["n_eff_hand"], both["base_n"], both["value_hand"]
    place = (y - low) / (high - low)
    is_mean, is_share = both["kind"] == "mean", both["kind"].isin(["share", "position_share"])
    quantile = np.where(is_mean, stats.t.ppf(0.975, size - 1), stats.norm.ppf(0.975))
    with np.errstate(divide="ignore", invalid="ignore"):
        varied = n_eff * place * (1 - place) * (high - low) ** 2 / both["within"].where(both["within"] > 0)
    at_an_end = (np.abs(place) < CLOSE) | (np.abs(place - 1) < CLOSE)
    # Where all gave the same answer nothing is known of its spread: the widest on the scale.
    n = n_eff.where(is_share | (both["within"] == 0), varied)
    # Wilson's bounds solve n (p - x)² = quantile² x (1 - x).
    for side, bound, score in zip((-1, 1), ("ci_low", "ci_high"), wilson(place, n, quantile), strict=True):
        years = y + side * quantile * np.sqrt(both["within"].where(both["within"] > 0) / n_eff)
        expected = np.where(np.isfinite(low), low + (high - low) * score, years)
        assert_close(both[bound], both["factor"] * expected, bound, absolute=1e-9)
    assert (is_share & at_an_end).sum() > 5_000
    assert (both["ci_low"].notna() & ~is_share).sum() > 20_000
    for end, sign in ((low, 1), (high, -1)):
        bound = both["ci_low" if sign == 1 else "ci_high"] / both["factor"]
        assert (sign * (bound - end) >= -CLOSE)[np.isfinite(end) & bound.notna()].all()
    # A single answer to a number has no quantile, and one number of all has no spread where the scale has no ends.
    assert both.loc[is_mean & (size == 1), ["ci_low", "ci_high"]].isna().all(axis=None)
    alike = (both["within"] == 0) & (size > 1)
    assert (alike & ~at_an_end & np.isfinite(low)).any()
    assert (both["ci_low"].isna() == ~np.isfinite(low))[alike].all()


def test_every_share_equals_the_respondents(query: Query, answers_by_hand: pd.DataFrame) -> None:
    """Share, error, effective size and interval in every group; a margin of the weights has no error."""
    mart = query("select * from fct_answer_shares where share_pct is not null")
    both = mart.merge(answers_by_hand, on=ANSWER, suffixes=("", "_hand"))
    published = mart["basis"] == "as_published"
    assert (
        (both["basis"] == "as_published").sum() == published.sum() == (answers_by_hand["basis"] == "as_published").sum()
    )
    assert (both["base_n"] == both["base_n_hand"]).all()
    assert (both["answer_n"] == both["yes_n"]).all()
    assert_close(both["share_pct"], 100 * both["value"], "share")
    assert (both["n_eff"].dropna() <= both["base_n"][both["n_eff"].notna()] * (1 + CLOSE)).all()
    margin = margin_rows(both)
    # Two sexes, four ages and four regions in each of seven weighted waves.
    assert margin.sum() == 7 * (2 + 4 + 4)
    assert both.loc[margin, ["se_pp", "deff", "n_eff", "ci_low_pct", "ci_high_pct"]].isna().all(axis=None)
    reason = "no standard error: the weights were calibrated to this margin"
    assert (both["status_reason"].fillna("").str.contains(reason, regex=False) == margin).all()
    free = both[~margin].reset_index(drop=True)
    assert_close(free["se_pp"], 100 * free["se"], "se")
    srs = free["within"] / free["base_n"]
    assert_close(free["deff"], (free["se"] ** 2 / srs).where(srs > 0), "deff", relative=1e-8)
    assert_close(free["n_eff"], free["n_eff_hand"], "n_eff", relative=1e-8)
    for bound, expected in zip(("ci_low_pct", "ci_high_pct"), wilson(free["value"], free["n_eff_hand"]), strict=True):
        assert_close(free[bound], pd.Series(100 * expected), bound, absolute=1e-9)


def assert_unreliable(mart: pd.DataFrame, scales: tuple[np.ndarray, np.ndarray], names: tuple[str, ...]) -> int:
    """Status U and its reason are those that the published columns give; the number of rows that have it.

    Args:
        mart: Rows with a value, index from 0.
        scales: Ends of the scale of each row in its unit, NaN where it has none.
        names: Columns of value and both bounds.
    """
    low, high = scales
    value, ci_low, ci_high = (mart[name].to_numpy(dtype=float, na_value=np.nan) for name in names)
    base_n, n_eff = (mart[name].to_numpy(dtype=float, na_value=np.nan) for name in ("base_n", "n_eff"))
    width = ci_high - ci_low
    on_scale = 100 * width / (high - low)
    wide = on_scale >= 30
    relative = ~wide & ~(on_scale <= 5) & ~(low < 0) & (100 * width > 130 * np.abs(value))
    rules = [base_n < 50, n_eff.round(1) < 30, wide, relative]
    texts = [
        r"a base of (?P<base>\d+), under 50",
        r"an effective size of (?P<size>[\d.]+), under 30",
        r"an interval of (?P<width>[\d.]+) % of the scale, 30 or more",
        r"(?P<relative>an interval wider than 130 % of the value)",
    ]
    reasons = mart["status_reason"].fillna("")
    for rule, text, number in zip(rules, texts, (base_n, n_eff, on_scale, None), strict=True):
        told = reasons.str.extract(text, expand=False)
        assert (told.notna().to_numpy() == rule).all(), text
        if number is not None:
            gap = np.abs(told[rule].astype(float).to_numpy() - number[rule])
            # The base is a count; the others are told to one decimal.
            assert (gap <= (0 if "base" in text[:20] else 0.05 + 1e-9)).all(), text
    unreliable = np.logical_or.reduce(rules)
    assert (mart["obs_status_all"].str.contains("U").to_numpy() == unreliable).all()
    return int(unreliable.sum())


def test_unreliable_values_say_why(query: Query) -> None:
    """Base, effective size, width of the interval on the scale and against the value, for every row of both marts."""
    shares = query("select * from fct_answer_shares where share_pct is not null")
    ends = (np.zeros(len(shares)), np.full(len(shares), 100.0))
    assert assert_unreliable(shares, ends, ("share_pct", "ci_low_pct", "ci_high_pct")) > 50_000
    mart = query("select * from fct_indicators where value is not null")
    kinds = {(row["survey"], row["indicator"]): row["kind"] for row in codebook("indicators")}
    factor = {key: 1 if kind == "mean" else 100 for key, kind in kinds.items()}
    scales = {key: np.multiply(factor[key], scale_of(*key, kind)) for key, kind in kinds.items()}
    keys = list(zip(mart["survey"], mart["indicator"], strict=True))
    low, high = np.array([scales[key] for key in keys]).T
    assert assert_unreliable(mart, (low, high), ("value", "ci_low", "ci_high")) > 30_000
    for name, value in (("fct_answer_shares", "share_pct"), ("fct_indicators", "value")):
        assert query(f"select * from {name} where {value} is null and contains(obs_status_all, 'U')").empty


def test_printed_percents_are_rounded_from_exact_sums(
    query: Query, by_hand: pd.DataFrame, answers_by_hand: pd.DataFrame
) -> None:
    """Whole percents, halves up, as fractions of the weights' digits give them; a half is a half unrounded, too."""
    shares = query("select * from fct_answer_shares where share_pct is not null")
    indicators = query("select * from fct_indicators where value is not null")
    percents = indicators["unit"] == "percent"
    assert (indicators["pct_print"].notna() == percents).all()
    printed = indicators[indicators["source"] == "published"]
    assert (printed["pct_print"] == printed["value"])[printed["unit"] == "percent"].all()
    computed = indicators[percents & (indicators["source"] == "computed")]
    for mart, hand, place, value in (
        (shares, answers_by_hand, ANSWER, "share_pct"),
        (computed, by_hand[by_hand["kind"].isin(["share", "position_share"])], ESTIMATE, "value"),
    ):
        both = mart.merge(hand, on=place, suffixes=("", "_hand"))
        assert (both["basis"] == "as_published").sum() == (mart["basis"] == "as_published").sum() > 50_000
        sums = zip(both["yes_billionths"].astype("int64"), both["billionths"].astype("int64"), strict=True)
        exact = [Fraction(100 * yes, everybody) for yes, everybody in sums]
        assert (both["pct_print"] == [math.floor(percent + Fraction(1, 2)) for percent in exact]).all()
        halves = np.array([percent.denominator == 2 for percent in exact])
        assert halves.sum() > 500
        assert (both.loc[halves, value] % 1 == 0.5).all()
        assert (both.loc[~halves, value] % 1 != 0.5).all()


def test_wave_diagnostics_are_those_of_the_weights(query: Query, waves: dict) -> None:
    mart = query("select * from dim_wave").set_index(["survey", "year"])
    assert len(mart) == len(waves)
    for wave in waves.values():
        row, w = mart.loc[(wave.survey, wave.year)], wave.weights
        assert row["respondents_n"] == wave.n
        assert np.isclose(row["weight_cv"], w.std() / w.mean(), rtol=CLOSE, atol=1e-12)
        assert np.isclose(row["deff_kish"], 1 + (w.std() / w.mean()) ** 2, rtol=CLOSE)
        assert np.isclose(row["n_eff_kish"], w.sum() ** 2 / (w**2).sum(), rtol=CLOSE)


SIDE = ["base_n", "value", "se", "kish", "middle", "spread"]
NO_ERROR = "one of the two values has no standard error: printed without its base, or a sample of one"
CALIBRATED = "no standard error: the weights were calibrated to this margin"
BREAKS = "the series breaks between the two waves"


def side(frame: pd.DataFrame, names: str) -> pd.DataFrame:
    """One side of a test: its columns of `SIDE`; names: how they are called, with {} for the column."""
    return frame[[names.format(name) for name in SIDE]].set_axis(SIDE, axis=1)


def null_test(own: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The test that two sides have one mean, by the variance that they have if it is so.

    Args:
        own: Columns of `SIDE`, one row a test.
        other: The same of the other side.

    Returns:
        Pooled mean, square (variance of y around it), se (each side with its own variance, with the pooled one where
        its own is 0) and se_null, in the unit of y.
    """
    size = own["kish"] + other["kish"]
    mean = (own["kish"] * own["value"] + other["kish"] * other["value"]) / size
    around = [x["kish"] * (x["spread"] + (x["middle"] - mean) ** 2) for x in (own, other)]
    square = sum(around) / size
    variances = [(x["se"] ** 2).where(x["se"] > 0, square / x["kish"]) for x in (own, other)]
    se_null = np.sqrt(square * (1 / own["kish"] + 1 / other["kish"]))
    return pd.DataFrame({"mean": mean, "square": square, "se": np.sqrt(sum(variances)), "se_null": se_null})


def reasons_not_to_test(
    own: pd.DataFrame, other: pd.DataFrame, test: pd.DataFrame, scale: np.ndarray, first: np.ndarray
) -> np.ndarray:
    """Why each pair has no test, in the order in which a reason is given; None where it has one.

    Args:
        own: As of `null_test`.
        other: As of `null_test`.
        test: What `null_test` returned.
        scale: The y of a proportion that counts, NaN for another measure. Shape (rows,).
        first: Reasons that come before, None where there are none. Shape (rows,).
    """
    kish = np.minimum(own["kish"], other["kish"])
    expected = kish * np.minimum(test["mean"], scale - test["mean"]) / scale
    # Sizes and counts that are whole numbers may come out a hair less.
    rules = {
        NO_ERROR: own["se"].isna() | other["se"].isna(),
        "fewer than 10 respondents on a side": np.minimum(own["base_n"], other["base_n"]) < 10,
        "an effective size by the weights below 10 on a side": kish < 10 - 1e-6,
        "everybody on both sides gave the same answer": test["square"] < 1e-20,
        "fewer than 1 expected with or without the answer on a side": expected < 1 - 1e-6,
    }
    return np.where(pd.notna(first), first, np.select([*rules.values()], [*rules], default=None))


def assert_tested(
    mart: pd.DataFrame, test: pd.DataFrame, difference: pd.Series, reasons: np.ndarray, factor: pd.Series, what: str
) -> None:
    """Reasons, standard errors, z and p of a mart equal those of a normal test.

    Args:
        mart: Rows of a mart.
        test: What `null_test` returned of them.
        difference: In the unit of y.
        reasons: Why there is no test.
        factor: From y to the unit of the mart.
        what: Named in the message of a failure.
    """
    found = mart["not_tested_reason"].to_numpy(dtype=object, na_value=None)
    wrong = found != reasons
    assert not wrong.any(), (what, wrong.sum(), pd.Series(list(zip(found, reasons, strict=True)))[wrong].value_counts())
    tested = pd.isna(reasons)
    empty = mart.loc[~tested, ["se_null", "z", "p_value", "p_adjusted", "significance"]]
    assert empty.isna().all(axis=None), what
    assert_close(mart["se"], factor * test["se"], f"{what}: se")
    assert_close(mart["se_null"], (factor * test["se_null"]).where(tested), f"{what}: se_null")
    assert_close(mart["z"], (difference / test["se_null"]).where(tested), f"{what}: z", absolute=1e-8)
    # Far out, a relative difference of z is multiplied by z squared, so p is that of the mart's own z.
    p = pd.Series(2 * stats.norm.sf(np.abs(mart["z"].astype(float))), index=mart.index)
    assert_close(mart["p_value"], p, f"{what}: p", absolute=TINY)


def assert_adjusted(mart: pd.DataFrame, family: list[str], what: str) -> int:
    """Adjusted p equals multipletests in every family; the number of families."""
    tested = mart[mart["p_value"].notna()].sort_values(family, kind="stable")
    assert mart["p_adjusted"].isna().equals(mart["p_value"].isna())
    codes = tested.groupby(family, sort=False).ngroup().to_numpy()
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    p, adjusted = tested["p_value"].to_numpy(), tested["p_adjusted"].to_numpy()
    families = np.split(np.arange(len(p)), starts[1:])
    for members in families:
        expected = multipletests(p[members], method="fdr_bh")[1]
        assert np.allclose(adjusted[members], expected, rtol=CLOSE, atol=TINY), (
            what,
            tested.iloc[members[0]][family].to_dict(),
        )
    stars = pd.cut(tested["p_adjusted"], [-1, 0.001, 0.01, 0.05, 2], right=False, labels=["sss", "ss", "s", "ns"])
    assert (stars.astype(str) == tested["significance"]).all(), what
    return len(families)


@cache
def made_of(survey: str, breakdown: str) -> frozenset[str]:
    """Items that the groups of a breakdown are made of, what these are derived from, and what is derived of them."""
    parts = {row["source_breakdown"] for row in of("crosses", survey) if row["breakdown"] == breakdown} or {breakdown}
    items = {row["source_item"] for row in of("breakdowns", survey) if row["breakdown"] in parts}
    derived = [(row["item"], row["source_item"]) for row in of("derivations", survey)]
    above = {source for item, source in derived if item in items}
    below = {item for item, source in derived if source in items}
    return frozenset(items | above | below)


def assert_groups(both: pd.DataFrame, kinds: pd.Series, factor: pd.Series, item: pd.Series, what: str) -> None:
    """Rows of fct_group_differences equal their groups and the rests of these.

    Args:
        both: Rows of the mart with those by hand beside them.
        kinds: Kind of measure of each row.
        factor: From y to the unit.
        item: Item of each row.
        what: Named in the message of a failure.
    """
    assert (both["base_n"] == both["base_n_hand"]).all()
    assert (both["rest_n"] == both["rest_base_n"]).all()
    own = both.rename(columns=lambda name: f"own_{name.removesuffix('_hand')}")
    own = own.loc[:, ~own.columns.duplicated(keep="last")]
    rest = both.rename(columns=lambda name: name.removesuffix("_hand"))
    rest = rest.loc[:, ~rest.columns.duplicated(keep="last")]
    own, rest = side(own, "own_{}"), side(rest, "rest_{}")
    difference = own["value"] - rest["value"]
    assert_close(both["difference_to_rest"], factor * difference, "difference")
    outside = 1 - both["sum_w"] / (both["sum_w"] + both["rest_sum_w"])
    assert_close(both["difference_to_total"], factor * difference * outside, "difference to total")
    assert_close(both["difference_to_total"], (both["value"] - both["total_value"]).where(both["rest_n"] > 0), "total")
    assert_close(both["rest_n_eff"], both["rest_n_eff_hand"], "n_eff of the rest", relative=1e-8)
    # No test of an item over groups that are made of it.
    keys = zip(both["survey"], both["breakdown"], item, strict=True)
    itself = np.array([name in made_of(survey, breakdown) for survey, breakdown, name in keys])
    first = np.select(
        [both["rest_n"] == 0, itself],
        ["the group is the whole base", "the groups are made of the item itself"],
        default=None,
    )
    test = null_test(own, rest)
    scale = np.where(kinds.isin(["share", "position_share"]), 1, np.nan)
    assert_tested(both, test, difference, reasons_not_to_test(own, rest, test, scale, first), factor, what)


def test_groups_against_the_rest(query: Query, by_hand: pd.DataFrame) -> None:
    mart = query("select * from fct_group_differences where series_type = 'indicator'")
    both = mart.merge(by_hand, on=ESTIMATE, suffixes=("", "_hand"))
    assert len(both) > 150_000
    assert (both["basis"] == "as_published").sum() == (mart["basis"] == "as_published").sum()
    items = {(row["survey"], row["indicator"]): row["item"] for row in codebook("indicators")}
    item = pd.Series([items[key] for key in zip(both["survey"], both["indicator"], strict=True)])
    assert_groups(both, both["kind"], both["factor"], item, "groups")
    reasons = both["not_tested_reason"].value_counts()
    assert 500 < reasons["the groups are made of the item itself"] < 2000
    assert set(reasons.index) == {
        "the group is the whole base",
        "the groups are made of the item itself",
        "fewer than 10 respondents on a side",
        "an effective size by the weights below 10 on a side",
        "fewer than 1 expected with or without the answer on a side",
    }


def test_answers_of_groups_against_the_rest(query: Query, answers_by_hand: pd.DataFrame) -> None:
    mart = query("select * from fct_group_differences where series_type = 'answer'")
    both = mart.merge(answers_by_hand, on=ANSWER, suffixes=("", "_hand"))
    assert (both["basis"] == "as_published").sum() == (mart["basis"] == "as_published").sum() > 200_000
    share, hundred = pd.Series("share", index=both.index), pd.Series(100, index=both.index)
    assert_groups(both, share, hundred, both["item"], "answers of groups")


def test_unweighted_shares_are_tested_as_statsmodels_does(query: Query, answers_by_hand: pd.DataFrame) -> None:
    """Z of the two-sample test of proportions, for answers of groups and of waves of the unweighted survey."""
    unweighted = answers_by_hand[answers_by_hand["survey"] == "helsepersonell"]
    groups = query("select * from fct_group_differences where series_type = 'answer' and z is not null")
    groups = groups.merge(unweighted, on=ANSWER, suffixes=("", "_hand"))
    sides = groups[["yes_n", "rest_yes_n", "base_n_hand", "rest_base_n"]]
    changes = query("select * from fct_indicator_changes where series_type = 'answer' and z is not null")
    series = [column for column in ANSWER if column != "year"]
    for end in ("to", "from"):
        counts = unweighted[[*series, "year", "yes_n", "base_n"]].rename(
            columns=lambda name, end=end: name if name in series else f"{name}_{end}_hand"
        )
        changes = changes.merge(counts, left_on=[*series, f"year_{end}"], right_on=[*series, f"year_{end}_hand"])
    pairs = changes[[f"{name}_{end}_hand" for name in ("yes_n", "base_n") for end in ("to", "from")]]
    for frame, counts in ((groups, sides), (changes, pairs)):
        some = slice(None, None, max(1, len(frame) // 3000))
        expected = [
            proportions_ztest([yes, other_yes], [n, other_n])
            for yes, other_yes, n, other_n in counts.iloc[some].itertuples(index=False)
        ]
        assert len(expected) >= 3000
        z, p = np.array(expected, dtype=float).T
        assert np.allclose(frame["z"].iloc[some].astype(float), z, rtol=CLOSE, atol=CLOSE)
        assert np.allclose(frame["p_value"].iloc[some].astype(float), p, rtol=1e-8, atol=TINY)


def test_groups_against_the_rest_equal_a_regression(query: Query, waves: dict) -> None:
    """Weighted least squares on membership with a sandwich variance is the same test, made by statsmodels."""
    mart = query("select * from fct_group_differences where basis = 'as_published' and series_type = 'indicator'")
    mart = mart.set_index(ESTIMATE)
    draw = np.random.default_rng(20261121)
    compared = 0
    for wave in waves.values():
        breakdowns = dict(groups_of(wave))
        for row in draw.choice(np.array(of("indicators", wave.survey), dtype=object), 40, replace=False):
            made = indicator_of(wave, row)
            if made is None:
                continue
            y, base = made
            served = [name for name in breakdowns if name != "total" and serves(wave.survey, name, row["item"])]
            breakdown = str(draw.choice(served))
            for group in np.unique(breakdowns[breakdown][base].astype(str)):
                member = (breakdowns[breakdown] == group)[base]
                sides = [np.ptp(y[base][member == side]) if (member == side).any() else 0 for side in (True, False)]
                if not group or min(sides) == 0:
                    continue
                fit = sm.WLS(y[base], sm.add_constant(member.astype(float)), weights=wave.weights[base]).fit(
                    cov_type="HC0"
                )
                se = fit.bse[1] * np.sqrt(wave.n / (wave.n - 1))
                factor = 1 if row["kind"] == "mean" else 100
                found = mart.loc[(row["indicator"], wave.survey, wave.year, breakdown, group, "as_published")]
                assert np.isclose(found["difference_to_rest"], factor * fit.params[1], rtol=1e-8, atol=1e-9)
                assert np.isclose(found["se"], factor * se, rtol=1e-8)
                compared += 1
    assert compared > 500


def test_answers_against_the_rest_equal_a_regression(query: Query, waves: dict) -> None:
    """Answers have tests as indicators have: don't know, neutral and every option, by the same regression."""
    mart = query("select * from fct_group_differences where basis = 'as_published' and series_type = 'answer'")
    place = ["item", "answer", "survey", "year", "breakdown", "group_key"]
    mart = mart.set_index(place).sort_index()
    draw = np.random.default_rng(20261125)
    compared = 0
    for wave in waves.values():
        breakdowns = dict(groups_of(wave))
        items = [item for item in sorted(wave.answers) if item not in wave.values and base_of(wave, item).any()]
        for item in draw.choice(items, 15, replace=False):
            answer = str(draw.choice(sorted(wave.answers[item])))
            served = [name for name in breakdowns if name != "total" and serves(wave.survey, name, item)]
            breakdown, base = str(draw.choice(served)), base_of(wave, item)
            y = wave.answers[item][answer][base].astype(float)
            for group in np.unique(breakdowns[breakdown][base].astype(str)):
                member = (breakdowns[breakdown] == group)[base]
                sides = [np.ptp(y[member == side]) if (member == side).any() else 0 for side in (True, False)]
                if not group or min(sides) == 0:
                    continue
                fit = sm.WLS(y, sm.add_constant(member.astype(float)), weights=wave.weights[base]).fit(cov_type="HC0")
                se = fit.bse[1] * np.sqrt(wave.n / (wave.n - 1))
                found = mart.loc[(item, answer, wave.survey, wave.year, breakdown, group)]
                assert np.isclose(found["difference_to_rest"], 100 * fit.params[1], rtol=1e-8, atol=1e-9)
                assert np.isclose(found["se"], 100 * se, rtol=1e-8)
                compared += 1
    assert compared > 300


def test_changes_of_answers(query: Query) -> None:
    """Shares and their errors are held to svy; a change is their difference, and no pair crosses a break."""
    mart = query("select * from fct_indicator_changes where series_type = 'answer'")
    shares = query("select * from fct_answer_shares where share_pct is not null")
    place = ["item", "answer", "survey", "breakdown", "group_key", "basis"]
    wanted = shares[[*place, "year", "share_pct", "se_pp", "base_n"]]
    for end in ("from", "to"):
        renamed = wanted.rename(columns=lambda name, end=end: name if name in place else f"{name}_{end}_share")
        mart = mart.merge(renamed, left_on=[*place, f"year_{end}"], right_on=[*place, f"year_{end}_share"])
    assert len(mart) == query("select count(*) as n from fct_indicator_changes where series_type = 'answer'")["n"][0]
    assert (mart["base_n_to"] == mart["base_n_to_share"]).all()
    change = (mart["share_pct_to_share"] - mart["share_pct_from_share"]).where(mart["comparable"])
    assert_close(mart["change"], change, "change")
    varied = mart["comparable"] & (mart["se_pp_from_share"] > 0) & (mart["se_pp_to_share"] > 0)
    se = np.hypot(mart["se_pp_from_share"], mart["se_pp_to_share"])
    assert_close(mart["se"][varied], se[varied], "se")
    assert mart.loc[~mart["comparable"], ["change", "se", "z", "p_value"]].isna().all(axis=None)
    # From wave to wave, or from one end of the newest segment to the other.
    years = shares.groupby(place)["year"].agg(lambda found: sorted(found))
    steps = mart.join(years.rename("years"), on=place)
    neighbours = [
        later == years[years.index(earlier) + 1]
        for earlier, later, years in zip(steps["year_from"], steps["year_to"], steps["years"], strict=True)
    ]
    newest = steps["year_to"] == [years[-1] for years in steps["years"]]
    assert (np.array(neighbours) | (newest & steps["comparable"])).all()


def assert_changes(query: Query, series_type: str, hand: pd.DataFrame, place: list[str]) -> None:
    """Rows of fct_indicator_changes equal the two waves by hand."""
    mart = query(f"select * from fct_indicator_changes where series_type = '{series_type}'")
    computed = len(mart[mart["basis"] == "as_published"])
    series = [column for column in place if column != "year"]
    for end in ("from", "to"):
        renamed = hand.rename(columns=lambda name, end=end: name if name in series else f"{name}_{end}_hand")
        mart = mart.merge(renamed, left_on=[*series, f"year_{end}"], right_on=[*series, f"year_{end}_hand"])
    assert len(mart) > 200_000
    # The rest have a printed value on one side.
    assert 0.99 * computed < (mart["basis"] == "as_published").sum() <= computed
    older, newer = (side(mart, f"{{}}_{end}_hand") for end in ("from", "to"))
    factor = mart["factor_to_hand"]
    assert_close(mart["value_from"], factor * older["value"], "value_from")
    assert (mart["base_n_from"] == older["base_n"]).all()
    assert (mart["base_n_to"] == newer["base_n"]).all()
    difference = (newer["value"] - older["value"]).where(mart["comparable"])
    assert_close(mart["change"], factor * difference, "change")
    margin = np.zeros(len(mart), dtype=bool)
    if series_type == "answer":
        margin = margin_rows(mart, "year_from") | margin_rows(mart, "year_to")
        assert margin.sum() > 50
    first = np.select([~mart["comparable"], margin], [BREAKS, CALIBRATED], default=None)
    test = null_test(older, newer)
    test["se"] = test["se"].where(mart["comparable"] & ~margin)
    scale = np.where(mart["kind_to_hand"].isin(["share", "position_share"]), 1, np.nan)
    reasons = reasons_not_to_test(older, newer, test, scale, first)
    assert_tested(mart, test, difference, reasons, factor, f"changes of {series_type}s")
    assert (~mart["comparable"]).sum() > 1000
    assert mart.loc[~mart["comparable"], "not_comparable_reason"].notna().all()


def test_changes_of_indicators_between_waves(query: Query, by_hand: pd.DataFrame) -> None:
    assert_changes(query, "indicator", by_hand, ESTIMATE)


def test_changes_of_answers_between_waves(query: Query, answers_by_hand: pd.DataFrame) -> None:
    assert_changes(query, "answer", answers_by_hand.assign(kind="share", factor=100), ANSWER)


def test_changes_to_printed_values(query: Query) -> None:
    """A change is told where a printed value fills a gap; without a printed base it has no error and no test."""
    mart = query("""
        select changes.*, newer.base_n, newer.value - older.value as difference
        from fct_indicator_changes as changes
        inner join fct_indicators as older
            on changes.survey = older.survey and changes.indicator = older.indicator
            and changes.breakdown = older.breakdown and changes.group_key = older.group_key
            and changes.basis = older.basis and changes.year_from = older.year
        inner join fct_indicators as newer
            on changes.survey = newer.survey and changes.indicator = newer.indicator
            and changes.breakdown = newer.breakdown and changes.group_key = newer.group_key
            and changes.basis = newer.basis and changes.year_to = newer.year
        where changes.basis = 'as_published' and newer.source = 'published' and changes.comparable
    """)
    assert len(mart) > 20
    assert mart["base_n"].isna().all()
    assert_close(mart["change"], mart["difference"], "change")
    assert (mart["not_tested_reason"] == NO_ERROR).all()
    assert mart[["se", "se_null", "z", "p_value", "p_adjusted", "significance"]].isna().all(axis=None)


def family_of(frame: pd.DataFrame, series: pd.Series) -> pd.Series:
    """Series that tests of groups are a family of; those of whole samples are one family over all series."""
    return series.where(frame["breakdown"] != "total", "all")


def test_adjusted_p_values_equal_statsmodels(query: Query) -> None:
    series = "*, coalesce(indicator, concat(item, ':', answer)) as series"
    changes = query(f"select {series} from fct_indicator_changes")
    differences = query(f"select {series} from fct_group_differences")
    changes["family"] = family_of(changes, changes["series"])
    pair = ["series_type", "family", "survey", "basis", "breakdown", "year_from", "year_to"]
    assert assert_adjusted(changes, pair, "changes") > 10_000
    tested = changes[(changes["breakdown"] == "total") & changes["p_value"].notna()]
    assert tested.groupby(pair).size().max() > 100
    group = ["series_type", "series", "survey", "year", "basis", "breakdown"]
    assert assert_adjusted(differences, group, "groups") > 10_000
    assert assert_adjusted(query("select * from fct_survey_comparisons"), ["year"], "surveys") > 3
    effects = query("select * from fct_filter_effects")
    effects["family"] = family_of(effects, effects["indicator"])
    assert assert_adjusted(effects, ["survey", "year", "breakdown", "family"], "filters") > 100


def test_a_family_of_distributions_holds_the_tables_that_are_not_sparse(query: Query) -> None:
    mart = query("select * from fct_distribution_tests")
    sparse = mart["is_sparse"]
    assert sparse.sum() > 1000
    assert mart.loc[sparse, ["p_adjusted", "significance"]].isna().all(axis=None)
    assert mart.loc[sparse, "p_value"].notna().any()
    family = ["survey", "basis", "test_kind", "breakdown", "year_from", "year_to"]
    assert assert_adjusted(mart.assign(p_value=mart["p_value"].where(~sparse)), family, "distributions") > 100


def test_significance_is_that_of_the_adjusted_p_value(query: Query) -> None:
    """In every mart that has such a column, and nowhere else."""
    marts = query(
        "select table_name from information_schema.columns "
        "where table_schema = 'marts' and column_name = 'significance'"
    )["table_name"]
    assert len(marts) == 5
    for mart in marts:
        frame = query(f"select distinct p_adjusted, significance from {mart}")
        stars = pd.cut(frame["p_adjusted"], [-1, 0.001, 0.01, 0.05, 2], right=False, labels=["sss", "ss", "s", "ns"])
        told = frame["significance"].astype(object).where(frame["significance"].notna(), None)
        assert (told.isna() == frame["p_adjusted"].isna()).all(), mart
        known = told.notna()
        assert (stars.astype(object)[known] == told[known]).all(), mart


def test_no_test_stands_on_fewer_than_ten_a_side(query: Query) -> None:
    for mart, sizes in {
        "fct_indicator_changes": ("base_n_from", "base_n_to"),
        "fct_group_differences": ("base_n", "rest_n"),
        "fct_survey_comparisons": ("base_n_a", "base_n_b"),
        "fct_filter_effects": ("like_for_like_n", "as_published_n - like_for_like_n"),
    }.items():
        least = query(f"select min(least({', '.join(sizes)})) as n from {mart} where p_value is not null")["n"][0]
        assert least >= 10, mart
        few = query(f"select count(*) as n from {mart} where least({', '.join(sizes)}) < 10")["n"][0]
        assert few > 0 or mart == "fct_survey_comparisons", mart


def test_no_effective_size_exceeds_its_base(query: Query) -> None:
    """Rounding of sums aside."""
    for mart, pairs in {
        "fct_indicators": ["n_eff, base_n"],
        "fct_answer_shares": ["n_eff, base_n"],
        "fct_group_differences": ["n_eff, base_n", "rest_n_eff, rest_n"],
        "fct_indicator_changes": ["n_eff_from, base_n_from", "n_eff_to, base_n_to"],
        "fct_survey_comparisons": ["n_eff_a, base_n_a", "n_eff_b, base_n_b"],
    }.items():
        for pair in pairs:
            n_eff, base_n = pair.split(", ")
            assert query(f"select * from {mart} where {n_eff} > {base_n} * (1 + 1e-9)").empty, (mart, pair)


def test_effects_of_filters(query: Query, waves: dict) -> None:
    """Those inside the filter against those outside, and the error of the effect from each respondent's influence."""
    mart = query("select * from fct_filter_effects")
    numbers, keys = [], []
    for wave in waves.values():
        if not wave.years(2022, 2022):
            continue
        breakdowns = [(name, *pd.factorize(np.where(keys == "", None, keys))) for name, keys in groups_of(wave)]
        for row in of("indicators", wave.survey):
            made = indicator_of(wave, row) if row["item"] in BRIDGES.get(wave.survey, {}) else None
            filtered = indicator_of(wave, row, "like_for_like") if made is not None else None
            if made is None or filtered is None:
                continue
            y, base, both = made[0], made[1], filtered[1]
            for breakdown, codes, groups in breakdowns:
                if not serves(wave.survey, breakdown, row["item"]):
                    continue
                sides = []
                for members in (base, both, base & ~both):
                    about = (wave.n, wave.weights[members], y[members], codes[members], len(groups))
                    with np.errstate(divide="ignore", invalid="ignore"):
                        sides.append(own_estimates(*about))
                # Influence on the effect: a member of the wider base pulls on its mean, one inside the filter on both.
                (all_w, all_mean), (in_w, in_mean) = (side[1:3] for side in sides[:2])
                squares = np.zeros(len(groups))
                for members in (both, base & ~both):
                    inside = members & (codes >= 0)
                    code = codes[inside]
                    influence = (all_mean[code] - y[inside]) / all_w[code]
                    if members is both:
                        influence += (y[inside] - in_mean[code]) / in_w[code]
                    influence[np.abs(influence) < 1e-15] = 0
                    squares += np.bincount(code, (wave.weights[inside] * influence) ** 2, len(groups))
                numbers.append(np.vstack([*sides, np.sqrt(wave.n / (wave.n - 1) * squares)]))
                factor = 1 if row["kind"] == "mean" else 100
                keys += [(row["indicator"], wave.survey, wave.year, breakdown, x, row["kind"], factor) for x in groups]
    hand = pd.DataFrame(keys, columns=[*ESTIMATE[:-1], "kind", "factor"])
    names = [f"{place}_{name}" for place in ("all", "in", "out") for name in MEASURES] + ["effect_se"]
    hand[names] = np.hstack(numbers).T
    both = mart.merge(hand, on=ESTIMATE[:-1])
    assert len(both) == len(mart) > 4_000
    assert (both["as_published_n"] == both["all_base_n"]).all()
    assert (both["like_for_like_n"] == both["in_base_n"]).all()
    omega = (both["out_sum_w"] / both["all_sum_w"]).fillna(0)
    difference = both["in_value"] - both["all_value"]
    assert_close(both["difference"], both["factor"] * difference, "difference")
    inside, outside = side(both, "in_{}"), side(both, "out_{}")
    test = null_test(inside, outside)
    first = np.where(both["out_base_n"].fillna(0) == 0, "the filter leaves everybody in", None)
    scale = np.where(both["kind"].isin(["share", "position_share"]), 1, np.nan)
    reasons = reasons_not_to_test(inside, outside, test, scale, first)
    # The effect is a part of the difference of the two sides, as large as the part that the filter leaves out.
    part = difference.where(both["out_base_n"] == 0, omega * (inside["value"] - outside["value"]))
    assert_close(difference, part, "effect")
    test["se_null"] *= omega
    test["se"] = both["effect_se"]
    assert_tested(both, test, difference, reasons, both["factor"], "filters")


def test_survey_comparisons(query: Query, by_hand: pd.DataFrame) -> None:
    mart = query("select * from fct_survey_comparisons")
    totals = by_hand[(by_hand["breakdown"] == "total") & (by_hand["basis"] == "as_published")]
    totals = totals.set_index(["survey", "indicator", "year"])
    computed = mart[(mart["source_a"] == "computed") & (mart["source_b"] == "computed")].reset_index(drop=True)
    assert len(computed) > 40
    sides = []
    for side in "ab":
        keys = zip(computed[f"survey_{side}"], computed[f"indicator_{side}"], computed["year"], strict=True)
        sides.append(totals.loc[list(keys)].reset_index())
    for side, hand in zip("ab", sides, strict=True):
        assert_close(computed[f"value_{side}"], hand["factor"] * hand["value"], "value")
        assert (computed[f"base_n_{side}"] == hand["base_n"]).all()
    # A mean of points of 100 and a share in percent are compared as they stand.
    difference = sides[0]["factor"] * sides[0]["value"] - sides[1]["factor"] * sides[1]["value"]
    units = {"value": 1, "se": 1, "middle": 1, "spread": 2}
    first, second = (
        hand[SIDE].assign(**{name: hand[name] * hand["factor"] ** power for name, power in units.items()})
        for hand in sides
    )
    test = null_test(first, second)
    shares = [hand["kind"].isin(["share", "position_share"]) for hand in sides]
    scale = np.where(shares[0] & shares[1], 100, np.nan)
    reasons = reasons_not_to_test(first, second, test, scale, np.full(len(computed), None))
    assert_tested(computed, test, difference, reasons, pd.Series(1, index=computed.index), "surveys")
    filled = mart[mart["source_b"] == "published"]
    assert len(filled) > 5
    assert filled["value_b"].notna().all()
    assert mart[["note_no", "note_en"]].notna().all(axis=None)


def test_survey_comparisons_with_printed_values(query: Query, by_hand: pd.DataFrame) -> None:
    """A printed share without a base has no test; with one it is a simple sample of it, rounded to whole points."""
    mart = query("select * from fct_survey_comparisons where source_b = 'published'")
    place = ["survey", "indicator", "year"]
    own = by_hand[(by_hand["breakdown"] == "total") & (by_hand["basis"] == "as_published")].set_index(place)
    own = own.loc[list(zip(mart["survey_a"], mart["indicator_a"], mart["year"], strict=True))].reset_index()
    assert len(own) == len(mart)
    value, n, factor = mart["value_b"], mart["base_n_b"].astype(float), own["factor"]
    square = value * (100 - value)
    kish, mean = own["kish"], factor * own["value"]
    pooled = (kish * mean + n * value) / (kish + n)
    around = kish * factor**2 * (own["spread"] + (own["middle"] - pooled / factor) ** 2)
    around += n * (square + (value - pooled) ** 2)
    # The rounding to whole points is uniform over one point.
    se_null = np.sqrt(around / (kish + n) * (1 / kish + 1 / n) + 1 / 12)
    assert_close(mart["se"], np.sqrt((factor * own["se"]) ** 2 + square / n + 1 / 12), "se beside a printed value")
    assert_close(mart["se_null"], se_null, "se_null beside a printed value")
    assert_close(mart["z"], (mean - value) / se_null, "z beside a printed value")
    assert mart["se"].notna().equals(mart["base_n_b"].notna())
    assert ((mart["not_tested_reason"] == NO_ERROR) == mart["base_n_b"].isna()).all()


def cell_covariance(w: np.ndarray, cells: np.ndarray, size: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Proportions of a table's cells and their covariance, from the residuals of its respondents.

    Args:
        w: Weights of those in the table.
        cells: Number of the cell of each.
        size: Number of cells.
        n: Respondents of the wave.

    Returns:
        Proportions, shape (size,); covariance, shape (size, size).
    """
    indicators = np.eye(size)[cells]
    p = w @ indicators / w.sum()
    scores = w[:, None] * (indicators - p) / w.sum()
    return p, n / (n - 1) * scores.T @ scores


def rao_scott(p: np.ndarray, covariance: np.ndarray, n: int) -> np.ndarray:
    """Generalised design effects of a table's interaction, with the design matrices of R's svychisq.

    Args:
        p: Proportions of the cells, shape (rows, columns).
        covariance: Of the cells in the same order.
        n: Respondents in the table.
    """
    rows, columns = (np.eye(size)[:, 1:] for size in p.shape)
    ones = [np.ones((size, 1)) for size in p.shape]
    main = np.hstack([np.kron(*ones), np.kron(rows, ones[1]), np.kron(ones[0], columns)])
    both = np.kron(rows, columns)
    residual = both - main @ np.linalg.lstsq(main, both, rcond=None)[0]
    inverse = np.diag(np.divide(1, p.ravel(), out=np.zeros(p.size), where=p.ravel() > 0))
    return np.linalg.solve(residual.T @ inverse @ residual / n, residual.T @ inverse @ covariance @ inverse @ residual)


def assert_sparseness(row: pd.Series, expected: np.ndarray, what: str) -> None:
    """Cochran's rule on the expected counts of a table."""
    assert np.isclose(row.min_expected_n, expected.min(), rtol=CLOSE), what
    assert np.isclose(row.expected_below_5_pct, 100 * (expected < 5).mean(), rtol=CLOSE), what
    assert row.is_sparse == (expected.min() < 1 or (expected < 5).mean() > 0.2), what


def small_group(w: np.ndarray, groups: np.ndarray) -> str | None:
    """Why a table has no test: a group of fewer than ten respondents, or whose weights leave fewer."""
    sums = [np.bincount(groups, x) for x in (np.ones(len(w)), w, w**2)]
    if sums[0].min() < 10:
        return "a number of respondents below 10 in a group"
    if (sums[1] ** 2 / sums[2]).min() < 10 - 1e-6:
        return "an effective size by the weights below 10 in a group"
    return None


@pytest.mark.parametrize("name", WAVES)
def test_distributions_over_groups(name: str, query: Query, waves: dict) -> None:
    """Pearson and Cramer equal scipy on the weighted table; unweighted waves have the p-value of chi-square."""
    wave = waves[name]
    mart = query(
        f"select * from fct_distribution_tests where survey = '{wave.survey}' and year_to = {wave.year} "
        "and test_kind = 'groups' and basis = 'as_published'"
    ).set_index(["item", "breakdown"])
    breakdowns = dict(groups_of(wave))
    keys = [key for key, row in mart.iterrows() if row["df"] <= 60][:: max(1, len(mart) // 150)]
    assert len(keys) > 60
    for item, breakdown in keys:
        inside = base_of(wave, item) & (breakdowns[breakdown] != "")
        groups, group_keys = pd.factorize(breakdowns[breakdown][inside])
        answers, answer_keys = pd.factorize(answer_column(wave, item)[inside])
        shape = (len(group_keys), len(answer_keys))
        w = wave.weights[inside]
        p, _ = cell_covariance(w, groups * shape[1] + answers, shape[0] * shape[1], wave.n)
        row, n = mart.loc[(item, breakdown)], inside.sum()
        chi_square, p_value, df, expected = stats.chi2_contingency(n * p.reshape(shape), correction=False)
        what = f"{name} {item} {breakdown}"
        assert (row["n"], row["df"]) == (n, df), what
        assert np.isclose(row["chi_square"], chi_square, rtol=CLOSE, atol=1e-9), what
        if name not in WEIGHTED:
            assert row["design_correction"] == 1, what
            reason = small_group(w, groups)
            told = row["not_tested_reason"]
            assert (None if pd.isna(told) else told) == reason, what
            found = np.isnan(row["p_value"]) if reason else np.isclose(row["p_value"], p_value, rtol=1e-8, atol=TINY)
            assert found, what
        assert_sparseness(row, expected, what)
        cramer = np.sqrt(chi_square / n / (min(shape) - 1))
        assert np.isclose(row["cramers_v"], cramer, rtol=CLOSE, atol=1e-9), what


@pytest.mark.parametrize("name", WEIGHTED)
def test_rao_scott_equals_svy(name: str, query: Query, waves: dict, samples: Callable) -> None:
    """Second-order F of svy, as of R's svychisq: statistic, both degrees of freedom and p-value."""
    wave = waves[name]
    mart = query(
        f"select * from fct_distribution_tests where survey = '{wave.survey}' and year_to = {wave.year} "
        "and test_kind = 'groups' and basis = 'as_published' and df < 60"
    )
    breakdowns = dict(groups_of(wave))
    some = mart.iloc[:: max(1, len(mart) // 40)]
    assert len(some) > 30
    columns: dict[str, np.ndarray] = {}
    for row in some.itertuples():
        columns |= {row.item: answer_column(wave, row.item), f"in {row.breakdown}": breakdowns[row.breakdown]}
        columns[f"{row.item} of {row.breakdown}"] = base_of(wave, row.item) & (breakdowns[row.breakdown] != "")
    sample = samples(name, columns)
    compared = 0
    for row in some.itertuples():
        where, what = svy.col(f"{row.item} of {row.breakdown}"), f"{name} {row.item} {row.breakdown}"
        found = sample.categorical.tabulate(row.item, f"in {row.breakdown}", where=where).stats
        assert np.isclose(row.chi_square, found.chisq.value, rtol=CLOSE, atol=1e-9), what
        assert row.df == found.chisq.df
        if pd.isna(row.p_value):
            inside = columns[f"{row.item} of {row.breakdown}"]
            reason = small_group(wave.weights[inside], pd.factorize(breakdowns[row.breakdown][inside])[0])
            assert row.not_tested_reason == (reason or "empty cells leave the design effects undefined")
            continue
        compared += 1
        assert np.isclose(row.statistic / row.df, found.f.value, rtol=1e-8, atol=1e-9), what
        assert np.isclose(row.df_numerator, found.f.df_num, rtol=1e-8), what
        assert np.isclose(row.df_denominator, found.f.df_den, rtol=1e-8), what
        assert np.isclose(row.p_value, found.f.p_value, rtol=1e-6, atol=1e-14), what
    assert compared > 0.7 * len(some)


def test_distributions_of_neighbouring_waves(query: Query, waves: dict) -> None:
    mart = query("select * from fct_distribution_tests where test_kind = 'waves' and basis = 'as_published'")
    assert len(mart) > 200
    narrowed = []
    for row in mart.itertuples():
        pair = [waves[f"{row.survey}_{year}"] for year in (row.year_from, row.year_to)]
        # An answer that only one of the forms offers is left out with those who gave it.
        offered = sorted(set(pair[0].answers[row.item]) & set(pair[1].answers[row.item]))
        answers = [answer_column(wave, row.item) for wave in pair]
        bases = [
            base_of(wave, row.item) & np.isin(column.astype(str), offered)
            for wave, column in zip(pair, answers, strict=True)
        ]
        columns = [column[base] for column, base in zip(answers, bases, strict=True)]
        left_out = sum(base_of(wave, row.item).sum() for wave in pair) - sum(map(len, columns))
        assert row.left_out_n == left_out, (row.survey, row.item, row.year_to)
        narrowed += [row] if left_out else []
        keys = np.unique(np.concatenate(columns).astype(str))
        counts, covariances = [], []
        for wave, column, base in zip(pair, columns, bases, strict=True):
            cells = np.searchsorted(keys, column.astype(str))
            p, covariance = cell_covariance(wave.weights[base], cells, len(keys), wave.n)
            counts.append(len(column) * p)
            covariances.append(len(column) ** 2 * covariance)
        table = np.array(counts)
        n = table.sum()
        chi_square, p_value, df, expected = stats.chi2_contingency(table, correction=False)
        what = f"{row.survey} {row.item} {row.year_from} {row.year_to}"
        assert_sparseness(row, expected, what)
        assert (row.n, row.df) == (sum(map(len, columns)), df), what
        assert np.isclose(row.chi_square, chi_square, rtol=CLOSE, atol=1e-8), what
        if pair[0].name in WEIGHTED:
            # The sizes of the waves are fixed: two samples, each with its own covariance.
            effects = rao_scott(table / n, block_diag(*covariances) / n**2, n)
            total = np.trace(effects)
            freedom = total**2 / np.trace(effects @ effects)
            assert np.isclose(row.design_correction, total / df, rtol=1e-8), what
            assert np.isclose(row.df_numerator, freedom, rtol=1e-8), what
            assert np.isclose(row.df_denominator, freedom * (n - 2), rtol=1e-8), what
            p_value = stats.f.sf(chi_square / total, freedom, freedom * (n - 2))
        if any(item == row.item for wave in pair for item, _ in calibrated_to(wave.survey, wave.year)):
            assert row.not_tested_reason == CALIBRATED, what
            assert pd.isna(row.p_value), what
            continue
        assert np.isclose(row.p_value, p_value, rtol=1e-8, atol=TINY), what
    assert len(narrowed) == 5


def test_no_item_is_tested_against_itself(query: Query) -> None:
    frame = query(
        "select tests.* from fct_distribution_tests as tests inner join dim_breakdown_group as groups "
        "on tests.survey = groups.survey and tests.breakdown = groups.breakdown and tests.item = groups.source_item"
    )
    assert frame.empty


def test_no_mart_holds_a_number_that_is_none(query: Query) -> None:
    """NULL with a reason, never NaN and never infinity."""
    columns = query(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'marts' and data_type in ('DOUBLE', 'FLOAT') order by all"
    )
    assert columns["table_name"].nunique() > 8
    wrong = []
    for table, rows in groupby(columns.itertuples(index=False), key=lambda row: row.table_name):
        names = [row.column_name for row in rows]
        sums = ", ".join(f'count(*) filter (where isnan("{name}") or isinf("{name}")) as "{name}"' for name in names)
        counts = query(f'select {sums} from "{table}"').iloc[0]
        wrong += [f"{table}.{name}: {count}" for name, count in counts.items() if count]
    assert not wrong


def test_every_test_says_how_far_it_reaches(query: Query) -> None:
    surveys = query("select survey, inference_scope as scope from dim_survey").set_index("survey")["scope"]
    assert set(surveys) == {"population", "sample_only"}
    marts = ["fct_indicators", "fct_answer_shares", "fct_composition", "fct_filter_effects"]
    marts += ["fct_indicator_changes", "fct_group_differences", "fct_distribution_tests"]
    for mart in marts:
        frame = query(f"select distinct survey, inference_scope from {mart}")
        assert (frame["inference_scope"] == frame["survey"].map(surveys)).all(), mart
        assert len(frame) == (1 if mart == "fct_filter_effects" else len(surveys)), mart
    comparisons = query("select distinct survey_a, survey_b, inference_scope from fct_survey_comparisons")
    assert (comparisons["inference_scope"] == "sample_only").all()


def test_one_respondent_has_no_p_value(query: Query) -> None:
    """Nor has anybody by having no variance: a side on which all agree takes that of both sides together."""
    frame = query(
        "select difference.* from fct_group_differences as difference inner join fct_indicators as own "
        "using (indicator, survey, year, breakdown, group_key, basis) where own.se = 0 and difference.rest_n > 0"
    )
    assert len(frame) > 5_000
    alike = frame["difference_to_rest"] == 0
    assert (frame.loc[~alike, "se"] > 0).all()
    assert frame.loc[alike & (frame["se"] == 0), "p_value"].isna().all()
    assert frame["p_value"].notna().any()
    alone = query("select * from fct_group_differences where base_n = 1 or rest_n = 1")
    assert len(alone) > 3_000
    assert alone[["se_null", "z", "p_value", "p_adjusted", "significance"]].isna().all(axis=None)
    assert alone["not_tested_reason"].notna().all()
