"""Estimates, standard errors and tests of the marts equal those of statistical packages on the raw files.

The raw files are decoded a second time (tests/integration/hand_survey.py); svy gives estimates, standard errors and
intervals of whole samples and groups, numpy the same for every row, statsmodels and scipy z, p and adjusted p.
"""

from collections.abc import Callable, Iterator
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
from statsmodels.stats.proportion import proportion_confint

from tests.integration.conftest import Refresh
from tests.integration.hand_survey import (
    BRIDGES,
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


SHARE = ["item", "breakdown", "group_key", "answer"]


def compare_shares(query: Query, wave: Wave, estimates: list[dict]) -> None:
    """Compare estimates of svy with rows of fct_answer_shares; an answer that svy does not see has a share of 0.

    Args:
        query: Runs SQL on the marts.
        wave: The wave.
        estimates: item, breakdown, group_key, answer, est, se, n, and lci and uci where the interval is a logit one.
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
    assert (both.loc[unseen, ["share_pct", "se_pp"]] == 0).all(axis=None)
    seen = both[~unseen]
    assert_close(seen["share_pct"], 100 * seen["est"], f"{wave.name} share")
    assert_close(seen["se_pp"], 100 * seen["se"], f"{wave.name} se")
    assert_close(seen["base_n"], seen["n"], f"{wave.name} base")
    inside = seen[seen["share_pct"].between(0, 100, inclusive="neither") & (seen["base_n"] > 2) & seen["lci"].notna()]
    for mart_bound, bound in (("ci_low_pct", "lci"), ("ci_high_pct", "uci")):
        assert_close(inside[mart_bound], 100 * inside[bound], f"{wave.name} {bound}")


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
        where, n = svy.col(f"{item} base"), int(columns[f"{item} base"].sum())
        about = {"item": item, "breakdown": "total", "group_key": "total", "n": n}
        if item in single:
            rows = sample.estimation.prop(item, where=where).to_polars().rename({item: "answer"}).to_dicts()
            estimates += [row | about for row in rows if row["answer"] and row["est"] > 0]
            continue
        answers = list(wave.answers[item])
        results = sample.estimation.mean([f"{item} {answer}" for answer in answers], where=where)
        for answer, result in zip(answers, results, strict=True):
            # The interval of a mean is Wald's, not the shares'.
            estimates.append(result.to_polars().to_dicts()[0] | about | {"answer": answer, "lci": None, "uci": None})
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
        bases = pd.Series(breakdowns[breakdown][inside]).value_counts()
        estimates += [
            row | {"item": item, "breakdown": breakdown, "n": int(bases[row["group_key"]])}
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
    wald = ~both["indicator"].map(kinds).isin(["share", "position_share"]) & (both["base_n"] > 2) & (both["se"] > 0)
    for mart_bound, bound in (("ci_low", "lci"), ("ci_high", "uci")):
        assert_close(both[mart_bound][wald], (factor * both[bound])[wald], bound)


def own_estimates(n: int, w: np.ndarray, y: np.ndarray, codes: np.ndarray, size: int) -> np.ndarray:
    """Estimates of groups from the residuals of their respondents.

    Args:
        n: Respondents of the wave.
        w: Weights of the base.
        y: The variable in the base.
        codes: Number of the group of each, -1 outside.
        size: Number of groups.

    Returns:
        One row each for base_n, sum_w, value, se, within (variance of y inside the group), n_eff. Shape (6, size).
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
    kish = sum_w**2 / np.bincount(codes, w**2, size)
    return np.array([base_n, sum_w, value, se, within, np.where(se > 0, within / se**2, kish)])


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
    result = np.array([base_n, sum_w, middle + mean, se, within, np.where(alike, sum_w**2 / sum_w2, within / se**2)])
    result[2:, base_n == 0] = np.nan
    return result


MEASURES = ["base_n", "sum_w", "value", "se", "within", "n_eff"]


@pytest.fixture(scope="module")
def places(waves: dict[str, Wave]) -> pd.DataFrame:
    """Every indicator, wave, breakdown and group of the sample, and everybody outside the group; also empty bases."""
    numbers, keys = [], []
    for wave in waves.values():
        breakdowns = [
            (breakdown, *pd.factorize(np.where(keys == "", None, keys))) for breakdown, keys in groups_of(wave)
        ]
        for row, basis in product(of("indicators", wave.survey), ("as_published", "like_for_like")):
            bridged = row["item"] in BRIDGES.get(wave.survey, {}) and wave.years(2022)
            made = indicator_of(wave, row, basis) if basis == "as_published" or bridged else None
            if made is None or not made[1].any():
                continue
            w, y = wave.weights[made[1]], made[0][made[1]]
            factor = 1 if row["kind"] == "mean" else 100
            for breakdown, codes, groups in breakdowns:
                if not serves(wave.survey, breakdown, row["item"]):
                    continue
                about = (wave.n, w, y, codes[made[1]], len(groups))
                with np.errstate(divide="ignore", invalid="ignore"):
                    numbers.append(np.vstack([own_estimates(*about), rest_estimates(*about)]))
                same = (row["indicator"], wave.survey, wave.year, breakdown)
                keys += [(*same, group, basis, row["kind"], factor) for group in groups]
    frame = pd.DataFrame(keys, columns=[*ESTIMATE, "kind", "factor"])
    measures = MEASURES + [f"rest_{name}" for name in MEASURES]
    frame[measures] = np.hstack(numbers).T
    assert not frame.duplicated(ESTIMATE).any()
    return frame


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
    # A net or mean that everybody agrees on has no interval; a share has Wilson's.
    agreed = (both["se_hand"] == 0) & (both["base_n"] > 1)
    assert both.loc[agreed & ~is_share, ["ci_low", "ci_high"]].isna().all(axis=None)
    assert (both.loc[agreed & is_share, "ci_high"] - both.loc[agreed & is_share, "ci_low"] > 0).all()


def test_intervals_are_logit_wilson_or_wald(query: Query, by_hand: pd.DataFrame) -> None:
    mart = query("select * from fct_indicators where source = 'computed' and value is not null")
    both = mart.merge(by_hand, on=ESTIMATE, suffixes=("", "_hand"))
    is_share = both["kind"].isin(["share", "position_share"])
    t = stats.t.ppf(0.975, both["base_n"] - 1)
    p, se = both["value_hand"], both["se_hand"]
    inside = is_share & (se > 0) & (both["base_n"] > 2)
    for side, bound in ((-1, "ci_low"), (1, "ci_high")):
        with np.errstate(divide="ignore", invalid="ignore"):
            logit = 100 / (1 + np.exp(-(np.log(p / (1 - p)) + side * t * se / (p * (1 - p)))))
            wald = both["factor"] * (p + side * t * se)
        assert_close(both[bound][inside], logit[inside], f"{bound} of shares")
        means = ~is_share & (both["base_n"] > 1) & (se > 0)
        assert_close(both[bound][means], wald[means], f"{bound} of means")
    edges = both[is_share & (se == 0)]
    assert len(edges) > 5_000
    low, high = proportion_confint(edges["value_hand"] * edges["n_eff_hand"], edges["n_eff_hand"], method="wilson")
    assert_close(edges["ci_low"], 100 * low, "lower bound at 0 and 100 %", absolute=1e-9)
    assert_close(edges["ci_high"], 100 * high, "upper bound at 0 and 100 %", absolute=1e-9)
    assert edges["ci_low"].ge(0).all()
    assert edges["ci_high"].le(100).all()


def test_wave_diagnostics_are_those_of_the_weights(query: Query, waves: dict) -> None:
    mart = query("select * from dim_wave").set_index(["survey", "year"])
    assert len(mart) == len(waves)
    for wave in waves.values():
        row, w = mart.loc[(wave.survey, wave.year)], wave.weights
        assert row["respondents_n"] == wave.n
        assert np.isclose(row["weight_cv"], w.std() / w.mean(), rtol=CLOSE, atol=1e-12)
        assert np.isclose(row["deff_kish"], 1 + (w.std() / w.mean()) ** 2, rtol=CLOSE)
        assert np.isclose(row["n_eff_kish"], w.sum() ** 2 / (w**2).sum(), rtol=CLOSE)


def side_variance(own: pd.DataFrame, other: pd.DataFrame) -> pd.Series:
    """Variance of a side of a test: its own, or where all gave the same answer that of both sides thrown together."""
    weight = own["n_eff"] / (own["n_eff"] + other["n_eff"])
    mean = weight * own["value"] + (1 - weight) * other["value"]
    together = weight * (own["value"] - mean) ** 2 + (1 - weight) * (other["within"] + (other["value"] - mean) ** 2)
    return (own["se"] ** 2).where(own["se"] > 0, together / own["n_eff"])


def assert_tested(mart: pd.DataFrame, difference: pd.Series, se: pd.Series, what: str) -> None:
    """Standard error, z and p of a mart equal those of a normal test."""
    assert_close(mart["se"], se, f"{what}: se")
    z = (difference / se).where(se > 0)
    assert_close(mart["z"], z, f"{what}: z", absolute=1e-8)
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


def test_groups_against_the_rest(query: Query, by_hand: pd.DataFrame) -> None:
    mart = query("select * from fct_group_differences")
    both = mart.merge(by_hand, on=ESTIMATE, suffixes=("", "_hand"))
    assert len(both) > 150_000
    assert (both["rest_n"] == both["rest_base_n"]).all()
    own = both[["se_hand", "within", "n_eff", "value_hand"]].rename(columns=lambda name: name.removesuffix("_hand"))
    rest = both[["rest_se", "rest_within", "rest_n_eff", "rest_value_hand"]]
    rest = rest.rename(columns=lambda name: name.removeprefix("rest_").removesuffix("_hand"))
    difference = own["value"] - rest["value"]
    se = np.sqrt(side_variance(own, rest) + side_variance(rest, own))
    assert_close(both["difference_to_rest"], both["factor"] * difference, "difference")
    outside = 1 - both["sum_w"] / (both["sum_w"] + both["rest_sum_w"])
    assert_close(both["difference_to_total"], both["factor"] * difference * outside, "difference to total")
    assert_close(both["difference_to_total"], (both["value"] - both["total_value"]).where(both["rest_n"] > 0), "total")
    # No test of an item over groups that are made of it.
    items = {(row["survey"], row["indicator"]): row["item"] for row in codebook("indicators")}
    sources = {(row["survey"], row["breakdown"]): row["source_item"] for row in codebook("breakdowns")}
    item, source = (
        pd.Series([known.get(key) for key in both[["survey", name]].itertuples(index=False, name=None)])
        for known, name in ((items, "indicator"), (sources, "breakdown"))
    )
    itself = both["not_tested_reason"] == "the groups are made of the item itself"
    assert itself[(item == source) & (both["rest_n"] > 0)].all()
    assert 500 < itself.sum() < 2000
    assert both.loc[itself, ["z", "p_value", "p_adjusted", "significance"]].isna().all(axis=None)
    tests = both.assign(se=both["se"] / both["factor"])[~itself]
    assert_tested(tests, difference[~itself], se[~itself], "groups")


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
    assert_close(mart["z"][varied], (change / se)[varied], "z")
    assert mart.loc[~mart["comparable"], ["change", "z", "p_value"]].isna().all(axis=None)
    # From wave to wave, or from one end of the newest segment to the other.
    years = shares.groupby(place)["year"].agg(lambda found: sorted(found))
    steps = mart.join(years.rename("years"), on=place)
    neighbours = [
        later == years[years.index(earlier) + 1]
        for earlier, later, years in zip(steps["year_from"], steps["year_to"], steps["years"], strict=True)
    ]
    newest = steps["year_to"] == [years[-1] for years in steps["years"]]
    assert (np.array(neighbours) | (newest & steps["comparable"])).all()


def test_changes_between_waves(query: Query, by_hand: pd.DataFrame) -> None:
    mart = query("select * from fct_indicator_changes where series_type = 'indicator'")
    series = [column for column in ESTIMATE if column != "year"]
    for end in ("from", "to"):
        renamed = by_hand.rename(columns=lambda name, end=end: name if name in series else f"{name}_{end}_hand")
        mart = mart.merge(renamed, left_on=[*series, f"year_{end}"], right_on=[*series, f"year_{end}_hand"])
    assert len(mart) > 200_000
    sides = {
        end: mart[[f"{name}_{end}_hand" for name in ("se", "within", "n_eff", "value")]].set_axis(
            ["se", "within", "n_eff", "value"], axis=1
        )
        for end in ("from", "to")
    }
    assert_close(mart["value_from"], mart["factor_to_hand"] * sides["from"]["value"], "value_from")
    difference = (sides["to"]["value"] - sides["from"]["value"]).where(mart["comparable"])
    se = np.sqrt(side_variance(sides["from"], sides["to"]) + side_variance(sides["to"], sides["from"]))
    se = se.where(mart["comparable"])
    assert_close(mart["change"], mart["factor_to_hand"] * difference, "change")
    assert_tested(mart.assign(se=mart["se"] / mart["factor_to_hand"]), difference, se, "changes")
    untested = mart[~mart["comparable"]]
    assert len(untested) > 1000
    assert untested[["change", "se", "z", "p_value", "p_adjusted", "significance"]].isna().all(axis=None)
    assert untested["not_comparable_reason"].notna().all()


def test_adjusted_p_values_equal_statsmodels(query: Query) -> None:
    series = "*, coalesce(indicator, concat(item, ':', answer)) as series"
    changes = query(f"select {series} from fct_indicator_changes")
    differences = query(f"select {series} from fct_group_differences")
    pair = ["series", "survey", "basis", "breakdown", "year_from", "year_to"]
    assert assert_adjusted(changes, pair, "changes") > 10_000
    assert assert_adjusted(differences, ["series", "survey", "year", "basis", "breakdown"], "groups") > 10_000


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
    se = np.hypot(*(side["factor"] * side["se"] for side in sides))
    assert_tested(computed, difference, se, "surveys")
    filled = mart[mart["source_b"] == "published"]
    assert len(filled) > 5
    assert filled["value_b"].notna().all()
    assert mart[["note_no", "note_en"]].notna().all(axis=None)


def test_survey_comparisons_with_printed_values(query: Query) -> None:
    """A printed share without a base has no test; with one it has the error that test_printed_error knows."""
    mart = query("select * from fct_survey_comparisons where source_b = 'published'")
    own = query(
        "select * from fct_indicators where breakdown = 'total' and source = 'computed' and basis = 'as_published'"
    )
    own = own[["survey", "indicator", "year", "se", "unit"]]
    own = own.merge(mart, left_on=["survey", "indicator", "year"], right_on=["survey_a", "indicator_a", "year"])
    assert len(own) == len(mart)
    printed = own["value_b"] * (100 - own["value_b"]) / own["base_n_b"].astype(float) + 1 / 12
    expected = np.sqrt(own["se_x"] ** 2 + printed.where(own["unit"] == "percent"))
    assert_close(own["se_y"], expected, "se beside a printed value")
    assert own["se_y"].notna().equals(own["base_n_b"].notna())


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
            assert np.isclose(row["p_value"], p_value, rtol=1e-8, atol=TINY), what
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
            assert row.not_tested_reason == "empty cells leave the design effects undefined"
            continue
        compared += 1
        assert np.isclose(row.statistic / row.df, found.f.value, rtol=1e-8, atol=1e-9), what
        assert np.isclose(row.df_numerator, found.f.df_num, rtol=1e-8), what
        assert np.isclose(row.df_denominator, found.f.df_den, rtol=1e-8), what
        assert np.isclose(row.p_value, found.f.p_value, rtol=1e-6, atol=1e-14), what
    assert compared > 0.8 * len(some)


def test_distributions_of_neighbouring_waves(query: Query, waves: dict) -> None:
    mart = query("select * from fct_distribution_tests where test_kind = 'waves' and basis = 'as_published'")
    assert len(mart) > 200
    for row in mart.itertuples():
        pair = [waves[f"{row.survey}_{year}"] for year in (row.year_from, row.year_to)]
        columns = [answer_column(wave, row.item)[base_of(wave, row.item)] for wave in pair]
        keys = np.unique(np.concatenate(columns).astype(str))
        counts, covariances = [], []
        for wave, column in zip(pair, columns, strict=True):
            cells = np.searchsorted(keys, column.astype(str))
            w = wave.weights[base_of(wave, row.item)]
            p, covariance = cell_covariance(w, cells, len(keys), wave.n)
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
        assert np.isclose(row.p_value, p_value, rtol=1e-8, atol=TINY), what


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


def test_one_respondent_makes_nothing_significant_by_having_no_variance(query: Query) -> None:
    """Where everybody on a side agrees the Taylor variance is 0; the test then uses that of both sides together."""
    frame = query(
        "select difference.* from fct_group_differences as difference inner join fct_indicators as own "
        "using (indicator, survey, year, breakdown, group_key, basis) where own.se = 0 and difference.rest_n > 0"
    )
    assert len(frame) > 5_000
    alike = frame["difference_to_rest"] == 0
    assert (frame.loc[~alike, "se"] > 0).all()
    assert frame.loc[alike & (frame["se"] == 0), "p_value"].isna().all()
    alone = frame[frame["base_n"] == 1]
    assert (alone["significance"] != "ns").mean() < 0.05
