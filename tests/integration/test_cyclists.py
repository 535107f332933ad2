"""A small survey of its own, weighted, with letters as codes, run through dbt and held against an independent path.

The expectations come from the raw files by pandas and from the survey statistics library `svy`, with the recodes typed
by hand here; nothing is read back from the codebook.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
import svy
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from tests.fast_road import fast_road

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "tests" / "fixtures" / "cyclists"
YEARS = (2021, 2022, 2023)
MOOD = {"A": "bad", "B": "poor", "X": "mid", "C": "good", "D": "great"}
OLD_SCALE = {"1": 0, "2": 2, "3": 5, "4": 8, "5": 10}


def digest(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by relative path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def dbt_build(seeds: Path, build: Path) -> subprocess.CompletedProcess[str]:
    """Run `dbt build` from the project's root on a seeds folder of its own."""
    build.mkdir(exist_ok=True)
    declared = ", ".join(f"{{survey: cyclists, year: {year}, seed: cyclists_{year}}}" for year in YEARS)
    waves = f"{{waves: [{declared}]}}"
    command = [sys.executable, "-m", "dbt.cli.main", "build", "--vars", waves]
    command += ["--target-path", str(build / "target"), "--log-path", str(build / "logs")]
    environment = os.environ | {"HELSEMONITOR_SEEDS": str(seeds), "HELSEMONITOR_BUILD": str(build)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The built warehouse of the fixture survey, read-only."""
    folder = tmp_path_factory.mktemp("cyclists")
    seeds = folder / "seeds"
    shutil.copytree(SEEDS, seeds)
    before = digest(seeds)
    result = dbt_build(seeds, folder / "build")
    assert result.returncode == 0, result.stdout[-4000:]
    # An absolute seed path is where dbt would write its compiled SQL: the delivered files must stay as they were.
    assert digest(seeds) == before
    with duckdb.connect(str(folder / "build" / "warehouse.duckdb"), read_only=True) as connection:
        yield connection


def raw(year: int) -> pd.DataFrame:
    """One raw wave with the variables of the tests, recoded by hand."""
    wave = pd.read_csv(SEEDS / "raw" / f"cyclists_{year}.csv", dtype=str, keep_default_na=False)
    frame = pd.DataFrame({"w": wave["wgt"].astype(float)})
    frame["sex"] = wave[f"s{year % 10}"].map({"F": "f", "M": "m"})
    frame["age_group"] = np.where(wave["a"].astype(int) <= 39, "young", "old")
    frame["sex_x_age"] = frame["sex"] + "__" + frame["age_group"]
    frame["total"] = "total"
    frame["rides"] = wave["ride"].map({"Y": "yes", "N": "no"})
    frame["mood"] = wave["mood"].map(MOOD)
    score = wave[f"sat{year}"]
    frame["sat"] = score.map(OLD_SCALE) if year == 2021 else pd.to_numeric(score).where(score != "99")
    for column, option in (("m1", "helmet"), ("m2", "light"), ("m3", "bell"), ("m9", "none")):
        frame[option] = (wave[column] == "1").astype(float)
    frame["bike"] = wave["al1"].astype(float)
    return frame


def taylor(frame: pd.DataFrame, y: pd.Series, members: pd.Series) -> tuple[float, float, int]:
    """Mean and standard error of y over a domain by `svy`, and the size of the domain."""
    data = pl.DataFrame({"y": y.where(members, 0).to_numpy(), "w": frame["w"].to_numpy(), "d": members.to_numpy()})
    sample = svy.Sample(data, svy.Design(wgt="w"))
    estimate = sample.estimation.mean("y", where=svy.col("d")).estimates[0]
    return estimate.est, estimate.se, int(members.sum())


def kish(w: pd.Series) -> float:
    """Effective size that the weights alone leave."""
    return float(w.sum() ** 2 / (w**2).sum())


INDICATORS: dict[str, tuple[Callable[[pd.DataFrame], pd.Series], Callable[[pd.DataFrame], pd.Series], float]] = {
    "mood_good": (lambda f: f["mood"].isin(["good", "great"]) * 1.0, lambda f: f["mood"].notna(), 100),
    "mood_good_net": (
        lambda f: f["mood"].isin(["good", "great"]) * 1.0 - f["mood"].isin(["bad", "poor"]) * 1.0,
        lambda f: f["mood"].notna(),
        100,
    ),
    "mood_good_position": (
        lambda f: f["mood"].isin(["good", "great"]) * 1.0,
        lambda f: f["mood"].isin(["good", "great", "bad", "poor"]),
        100,
    ),
    "sat_nps": (lambda f: (f["sat"] >= 9) * 1.0 - (f["sat"] <= 6) * 1.0, lambda f: f["sat"].notna(), 100),
    "sat_mean": (lambda f: f["sat"].fillna(0), lambda f: f["sat"].notna(), 1),
    "helmet": (lambda f: f["helmet"], lambda f: f["w"] > 0, 100),
    "bike_mean": (lambda f: f["bike"], lambda f: f["w"] > 0, 1),
}


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("indicator", INDICATORS)
def test_indicators_equal_svy(warehouse: duckdb.DuckDBPyConnection, indicator: str, year: int) -> None:
    """Value, standard error and base of every indicator kind, total and by group, on the published basis."""
    variable, base, factor = INDICATORS[indicator]
    frame = raw(year)
    for breakdown in ("total", "sex", "age_group", "sex_x_age"):
        for group in sorted(frame[breakdown].unique()):
            members = base(frame) & (frame[breakdown] == group)
            value, se, base_n = taylor(frame, variable(frame), members)
            row = warehouse.execute(
                "select value, se, base_n from marts.fct_indicators where indicator = ? and year = ?"
                " and breakdown = ? and group_key = ? and basis = 'as_published'",
                [indicator, year, breakdown, group],
            ).fetchall()
            assert row == [(pytest.approx(factor * value, rel=1e-9), pytest.approx(factor * se, rel=1e-9), base_n)]


def test_like_for_like_undoes_the_filter(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The newest wave asks riders only, so the earlier waves are recomputed over riders."""
    for year in YEARS:
        frame = raw(year)
        members = frame["mood"].notna() & (frame["rides"] == "yes")
        value, se, base_n = taylor(frame, frame["mood"].isin(["good", "great"]) * 1.0, members)
        row = warehouse.execute(
            "select value, se, base_n from marts.fct_indicators where indicator = 'mood_good' and year = ?"
            " and breakdown = 'total' and basis = 'like_for_like'",
            [year],
        ).fetchall()
        assert row == [(pytest.approx(100 * value, rel=1e-9), pytest.approx(100 * se, rel=1e-9), base_n)]


def test_shares_with_interval_and_margin(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Wilson's interval on the effective size that svy's error gives, and the reports' margin from its definition."""
    frame = raw(2022)
    members = frame["mood"].notna() & (frame["sex"] == "f")
    p, se, n = taylor(frame, (frame["mood"] == "great") * 1.0, members)
    n_eff = min(p * (1 - p) / se**2, kish(frame["w"][members]))
    expected = proportion_confint(p * n_eff, n_eff, method="wilson")
    share, low, high, margin, base_n = warehouse.execute(
        "select share_pct, ci_low_pct, ci_high_pct, moe_report_pp, base_n from marts.fct_answer_shares"
        " where item = 'mood' and answer = 'great' and year = 2022 and breakdown = 'sex' and group_key = 'f'"
        " and basis = 'as_published'"
    ).fetchone()
    assert share == pytest.approx(100 * p, rel=1e-9)
    assert (low, high) == tuple(pytest.approx(100 * bound, rel=1e-9) for bound in expected)
    assert base_n == n == members.sum()
    assert margin == pytest.approx(2 * np.sqrt(share * (100 - share) / base_n), rel=1e-12)


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("indicator", ["sat_mean", "bike_mean"])
def test_the_interval_of_a_mean_is_where_its_error_reaches_it(
    warehouse: duckdb.DuckDBPyConnection, indicator: str, year: int
) -> None:
    """Points from 0 to 10 and parts of 100, with Student's quantile: Wilson's bounds are roots of a quadratic."""
    variable, base, _ = INDICATORS[indicator]
    top = {"sat_mean": 10, "bike_mean": 100}[indicator]
    frame = raw(year)
    for group in ("f", "m"):
        members = base(frame) & (frame["sex"] == group)
        mean, se, n = taylor(frame, variable(frame), members)
        w, y = frame["w"][members], variable(frame)[members]
        variance = np.average((y - mean) ** 2, weights=w)
        n_eff = min(variance / se**2, kish(w))
        place, t = mean / top, stats.t.ppf(0.975, n - 1)
        # n (place - x)² = t² x (1 - x), with n for a mean that varies as it does and not as a proportion.
        u = t**2 / (n_eff * place * (1 - place) * top**2 / variance)
        roots = np.sort(np.roots([1 + u, -(2 * place + u), place**2]))
        row = warehouse.execute(
            "select ci_low, ci_high, n_eff from marts.fct_indicators where indicator = ? and year = ?"
            " and breakdown = 'sex' and group_key = ? and basis = 'as_published'",
            [indicator, year, group],
        ).fetchall()
        assert row == [(*(pytest.approx(top * root, rel=1e-9) for root in roots), pytest.approx(n_eff, rel=1e-9))]


def test_margins_of_the_weights_have_no_error(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The sexes were weighted to the population's; kinds of gear, and sexes within an age, were not."""
    query = (
        "select distinct item, breakdown, se_pp is null and n_eff is null and ci_low_pct is null"
        " from marts.fct_answer_shares where item in ('sex', 'gear') and breakdown in ('total', 'age_group')"
        " and basis = 'as_published' and share_pct is not null order by all"
    )
    assert warehouse.execute(query).fetchall() == [
        ("gear", "age_group", False),
        ("gear", "total", False),
        ("sex", "age_group", False),
        ("sex", "total", True),
    ]
    reasons = warehouse.execute(
        "select distinct se, p_value, not_tested_reason from marts.fct_indicator_changes"
        " where item = 'sex' and breakdown = 'total'"
    ).fetchall()
    assert reasons == [(None, None, "no standard error: the weights were calibrated to this margin")]


def test_segments_and_statuses(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A midpoint in 2022 breaks the share, riders only in 2023 share and net, a new scale in 2022 mean and NPS."""
    rows = warehouse.execute(
        "select indicator, list(series_segment order by year), list(obs_status order by year) from marts.fct_indicators"
        " where breakdown = 'total' and basis = 'as_published' group by indicator order by indicator"
    ).fetchall()
    assert rows == [
        ("bike_mean", [1, 1, 1], ["A", "A", "A"]),
        ("helmet", [1, 1, 1], ["A", "A", "A"]),
        ("mood_good", [1, 2, 3], ["A", "B", "B"]),
        ("mood_good_net", [1, 1, 2], ["A", "D", "B"]),
        ("mood_good_position", [1, 1, 2], ["A", "D", "B"]),
        ("sat_mean", [1, 2, 2], ["A", "B", "A"]),
        ("sat_nps", [1, 2, 2], ["A", "B", "A"]),
    ]


def test_single_choice_shares_sum_to_100(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Every group of every single-choice item, to floating point."""
    worst = warehouse.execute(
        "select max(abs(total - 100)) from (select sum(share_pct) as total from marts.fct_answer_shares"
        " where item in ('mood', 'rides', 'sex', 'sat', 'any_gear')"
        " group by survey, year, item, breakdown, group_key, basis)"
    ).fetchone()[0]
    assert worst < 1e-9


def test_an_unchanged_wave_costs_one_row(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The newest file delivered again as the next wave: one row of waves.csv, and its cells are those of the newest."""
    seeds, last, following = tmp_path / "seeds", YEARS[-1], YEARS[-1] + 1
    shutil.copytree(SEEDS, seeds)
    waves = seeds / "codebook" / "waves.csv"
    shutil.copy(seeds / "raw" / f"cyclists_{last}.csv", seeds / "raw" / f"cyclists_{following}.csv")
    row = waves.read_text().splitlines()[-1].replace(str(last), str(following))
    waves.write_text(f"{waves.read_text()}{row}\n")
    outcome = fast_road(seeds, tmp_path / "build")
    assert outcome.sentences == ()
    cells = (
        "select * exclude (year) from marts.fct_cells where year = ? and basis = 'as_published'"
        " order by item, answer, breakdown, group_key"
    )
    expected = warehouse.execute(cells, [last]).fetchall()
    assert len(expected) > 100
    assert outcome.tables.execute(cells, [following]).fetchall() == expected
    statuses = outcome.tables.execute(
        "select distinct obs_status from marts.fct_indicators"
        " where year = ? and breakdown = 'total' and basis = 'as_published'",
        [following],
    ).fetchall()
    assert statuses == [("A",)]


def test_faults_stop_dbt_with_sentences(tmp_path: Path) -> None:
    """`dbt build` alone refuses, says where and how often, and builds nothing downstream."""
    seeds = tmp_path / "seeds"
    shutil.copytree(SEEDS, seeds)
    columns = seeds / "codebook" / "columns.csv"
    lines = columns.read_text(encoding="utf-8").splitlines(keepends=True)
    columns.write_text("".join(line for line in lines if not line.startswith("cyclists,ride,")), encoding="utf-8")
    wave = pd.read_csv(seeds / "raw" / "cyclists_2022.csv", dtype=str, keep_default_na=False)
    wave.loc[[3, 7], "s2"] = "Q"
    wave.drop(columns="m9").to_csv(seeds / "raw" / "cyclists_2022.csv", index=False)
    result = dbt_build(seeds, tmp_path / "build")
    assert result.returncode == 1
    refused = [line for line in result.stdout.splitlines() if "Refused: " in line]
    for words in (
        ["column ride", "320 values", "columns.csv"],
        ["column s2", "code Q 2 times", "code list sex"],
        ["column m9", "missing", "320 respondents"],
    ):
        named = ["raw/cyclists_2022.csv", "cyclists 2022", *words]
        assert any(all(word in line for word in named) for line in refused), refused
    with duckdb.connect(str(tmp_path / "build" / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute(
            "select count(*) from information_schema.tables where table_name = 'int_cells'"
        ).fetchone() == (0,)
