"""What a filter alone does to a value, from the raw files by an independent path.

The bridge wave asked everybody; the newest wave's filter is applied to it. Both bases share respondents, so the
standard error comes from each respondent's influence on the difference, and is bounded by the jackknife and the
bootstrap. The test is that of those inside the filter against those outside. Columns and codes are typed by hand from
the form; nothing is read back from the codebook.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.proportion import proportions_ztest

from tests.integration.conftest import Refresh

RAW = Path(__file__).parents[2] / "seeds" / "raw"
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
CLINICAL, USES_INFORMATION = 1, 2
DOCTOR = 10


@pytest.fixture(scope="module")
def marts(first: Refresh) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(first.release / "helsemonitor.duckdb"), read_only=True) as connection:
        yield connection


def wave(name: str) -> pd.DataFrame:
    return pd.read_csv(RAW / f"{name}.csv", low_memory=False)


@dataclass(frozen=True)
class Case:
    """An indicator of the 2022 form of the personnel's survey.

    Args:
        value: The indicator's variable, one number a respondent.
        base: Who is in the published base.
        inside: Patient contact (q2) that the newest filter lets through.
        factor: 100 for shares and nets, 1 for means.
        effect: The effect in whole points, as known from the data.
        moved: The answer whose share moves most; None where there are no answer shares.
    """

    value: Callable[[pd.DataFrame], pd.Series]
    base: Callable[[pd.DataFrame], pd.Series]
    inside: tuple[int, ...]
    factor: int
    effect: int
    moved: str | None


CHANNELS = ["q8_1", "q8_2", "q8_3", "q8_4", "q8_5"]
CASES = {
    # Points given to a physical consultation, by those whose five channels add up to 100.
    "preferred_channel_physical_mean": Case(
        lambda raw: raw["q8_1"].fillna(0),
        lambda raw: (raw[CHANNELS].sum(axis=1) - 100).abs() <= 1,
        (CLINICAL,),
        1,
        9,
        None,
    ),
    # "No, by none of them", one of five boxes.
    "last_visit_replaceable_none": Case(
        lambda raw: (raw["q7_4"] == 1) * 1.0, lambda raw: raw["q7_1"].notna(), (CLINICAL,), 100, 8, "dont_know"
    ),
    # Very or rather satisfied minus very or rather dissatisfied.
    "ehr_satisfaction_satisfied_net": Case(
        lambda raw: raw["q15"].isin([4, 5]) * 1.0 - raw["q15"].isin([1, 2]) * 1.0,
        lambda raw: raw["q15"].notna(),
        (CLINICAL, USES_INFORMATION),
        100,
        1,
        "dont_know",
    ),
}
GROUPS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "total": lambda raw: pd.Series(True, index=raw.index),
    "doctor": lambda raw: raw["q1"] == DOCTOR,
}


def columns(case: Case, group: str) -> tuple[Floats, Bools, Bools]:
    """The variable, the published base and the filtered base of a group, for every respondent of the wave."""
    raw = wave("helsepersonell_2022")
    published = case.base(raw) & GROUPS[group](raw)
    return case.value(raw).to_numpy(float), published.to_numpy(), (published & raw["q2"].isin(case.inside)).to_numpy()


def effect(y: Floats, published: Bools, filtered: Bools) -> float:
    return float(y[filtered].mean() - y[published].mean())


def linearised(y: Floats, published: Bools, filtered: Bools) -> float:
    """Standard error from the respondents' influences, zero for those in neither base."""
    influence = filtered * (y - y[filtered].mean()) / filtered.sum()
    influence -= published * (y - y[published].mean()) / published.sum()
    return float(np.sqrt(len(y) / (len(y) - 1) * (influence**2).sum()))


def jackknife(y: Floats, published: Bools, filtered: Bools) -> float:
    """Standard error from leaving out one respondent at a time."""
    inside, everybody = (((base * y).sum() - base * y) / (base.sum() - base) for base in (filtered, published))
    effects = inside - everybody
    n = len(y)
    return float(np.sqrt((n - 1) / n * ((effects - effects.mean()) ** 2).sum()))


def bootstrap(y: Floats, published: Bools, filtered: Bools, draws: int = 2000) -> float:
    """Standard error from drawing as many respondents with replacement."""
    generator = np.random.default_rng(20221122)
    effects = []
    for _ in range(draws):
        drawn = generator.integers(0, len(y), len(y))
        effects.append(effect(y[drawn], published[drawn], filtered[drawn]))
    return float(np.std(effects, ddof=1))


def if_no_effect(y: Floats, published: Bools, filtered: Bools) -> float:
    """Standard error of the effect if those inside and those outside the filter had one mean.

    The effect is the difference of the two sides times the part that the filter leaves out.
    """
    outside = published & ~filtered
    square = ((y[published] - y[published].mean()) ** 2).mean()
    return float(outside.sum() / published.sum() * np.sqrt(square * (1 / filtered.sum() + 1 / outside.sum())))


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("indicator", CASES)
def test_effect_and_standard_error(indicator: str, group: str, marts: duckdb.DuckDBPyConnection) -> None:
    case = CASES[indicator]
    y, published, filtered = columns(case, group)
    row = marts.execute(
        "select as_published_n, as_published_value, like_for_like_n, like_for_like_value, difference, se, se_null, z,"
        " p_value"
        " from marts.fct_filter_effects where survey = 'helsepersonell' and indicator = ? and year = 2022"
        " and breakdown = ? and group_key = ?",
        [indicator, "total" if group == "total" else "profession", group],
    ).fetchall()
    z = effect(y, published, filtered) / if_no_effect(y, published, filtered)
    expected = (
        int(published.sum()),
        case.factor * y[published].mean(),
        int(filtered.sum()),
        case.factor * y[filtered].mean(),
        case.factor * effect(y, published, filtered),
        case.factor * linearised(y, published, filtered),
        case.factor * if_no_effect(y, published, filtered),
        z,
        2 * stats.norm.sf(abs(z)),
    )
    assert row == [pytest.approx(expected, rel=1e-9)]
    assert filtered.sum() < published.sum() <= len(y)
    if set(np.unique(y[published])) == {0, 1}:
        sides = (filtered, published & ~filtered)
        known, _ = proportions_ztest([y[side].sum() for side in sides], [side.sum() for side in sides])
        assert z == pytest.approx(known, rel=1e-9)


@pytest.mark.parametrize("indicator", CASES)
def test_effect_is_that_of_the_filter(indicator: str, marts: duckdb.DuckDBPyConnection) -> None:
    """Its size in whole points, the answer that moved most, and both values where the indicators themselves stand."""
    case = CASES[indicator]
    difference, moved, *values = marts.execute(
        """
        select
            round(difference), most_moved_answer,
            as_published_value, as_published_n, like_for_like_value, like_for_like_n,
        from marts.fct_filter_effects
        where survey = 'helsepersonell' and indicator = ? and year = 2022 and breakdown = 'total'
        """,
        [indicator],
    ).fetchall()[0]
    assert (difference, moved) == (case.effect, case.moved)
    standing = marts.execute(
        "select value, base_n from marts.fct_indicators where survey = 'helsepersonell' and indicator = ?"
        " and year = 2022 and breakdown = 'total' order by basis",
        [indicator],
    ).fetchall()
    assert values == [cell for row in standing for cell in row]


@pytest.mark.parametrize("indicator", CASES)
def test_resampling_gives_the_same_standard_error(indicator: str) -> None:
    """The jackknife to a thousandth, the bootstrap within its own noise; independent samples would give far more."""
    y, published, filtered = columns(CASES[indicator], "total")
    se = linearised(y, published, filtered)
    assert jackknife(y, published, filtered) == pytest.approx(se, rel=1e-3)
    assert bootstrap(y, published, filtered) == pytest.approx(se, rel=0.06)
    independent = np.sqrt(y[published].var() / published.sum() + y[filtered].var() / filtered.sum())
    assert se < 0.6 * independent


def test_points_move_from_other_to_physical(marts: duckdb.DuckDBPyConnection) -> None:
    """The five mean shares add up to 100 on both bases, so their effects add up to nothing."""
    rows = marts.execute(
        "select as_published_value, like_for_like_value, difference from marts.fct_filter_effects"
        " where indicator like 'preferred_channel_%_mean' and year = 2022 and breakdown = 'total'"
    ).fetchall()
    assert len(rows) == len(CHANNELS)
    published, filtered, difference = (sum(column) for column in zip(*rows, strict=True))
    assert (published, filtered) == (pytest.approx(100, abs=0.1), pytest.approx(100, abs=0.1))
    assert difference == pytest.approx(filtered - published, abs=1e-9)


def weighted_share(raw: pd.DataFrame, column: str, codes: list[int], members: pd.Series) -> float:
    inside = raw[members & raw[column].notna()]
    return float(100 * inside.loc[inside[column].isin(codes), "vekt"].sum() / inside["vekt"].sum())


def test_citizens_video_filter_cannot_be_undone(marts: duckdb.DuckDBPyConnection) -> None:
    """Asked of other people from 2025 (q6_3 instead of t2): each wave by its own filter, the newest on both bases."""
    new, old = wave("innbygger_2025"), wave("innbygger_2024")
    used_2025 = weighted_share(new, "q8", [4, 5], new["q6_3"] == 3)
    used_2024 = weighted_share(old, "q8", [4, 5], old["t2"] == 1)
    rows = marts.execute(
        "select year, basis, value, obs_status_all, status_reason from marts.fct_indicators where survey = 'innbygger'"
        " and indicator = 'video_satisfaction_satisfied' and breakdown = 'total' and year >= 2024 order by year, basis"
    ).fetchall()
    assert [row[:3] for row in rows] == [
        (2024, "as_published", pytest.approx(used_2024, rel=1e-9)),
        (2024, "like_for_like", None),
        (2025, "as_published", pytest.approx(used_2025, rel=1e-9)),
        (2025, "like_for_like", pytest.approx(used_2025, rel=1e-9)),
    ]
    assert rows[1][3:] == ("L", "the item that routes the newest wave was not asked in this wave")
    effects = marts.execute("select count(*) from marts.fct_filter_effects where survey = 'innbygger'").fetchone()
    assert effects == (0,)
