"""The statistics macros on random small surveys and at their edges: rendered without dbt, run in DuckDB."""

import csv
import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import duckdb
import jinja2
import numpy as np
import polars as pl
import pytest
import svy
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from scipy import special, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from helsemonitor.rao_scott import groups_test, waves_test

ROOT = Path(__file__).parents[2]
# The macros need nothing of dbt: only Jinja.
ENVIRONMENT = jinja2.Environment(autoescape=False)  # noqa: S701 - it writes SQL, not HTML.
MACROS = ENVIRONMENT.from_string((ROOT / "macros" / "statistics.sql").read_text(encoding="utf-8")).module
CONNECTION = duckdb.connect()
HYPOTHESIS = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
CLOSE = 1e-9


def macro(name: str, *arguments: str | int | list[str]) -> str:
    """SQL of a macro."""
    return str(getattr(MACROS, name)(*arguments)).strip()


def values(sql: str, **columns: Sequence[float | None]) -> list[float | None]:
    """Value of an expression for each row of the columns, which it names as `x.<column>`; integers stay integers."""
    frame = pl.DataFrame(columns, strict=False)
    CONNECTION.register("x", frame.with_row_index("row_no"))
    try:
        return [row[0] for row in CONNECTION.execute(f"select {sql} from x order by x.row_no").fetchall()]
    finally:
        CONNECTION.unregister("x")


def value(sql: str, **columns: float | None) -> float | None:
    """Value of an expression for one row."""
    made = []
    for name, number in columns.items():
        text = "null" if number is None else repr(number)
        made.append(f"cast({text} as {'bigint' if isinstance(number, int) else 'double'}) as {name}")
    return CONNECTION.execute(f"select {sql} from (select {', '.join(made)}) as x").fetchall()[0][0]


TAYLOR = macro("taylor_variance", "x.n", "x.sum_w", "x.mean", "x.sum_w2", "x.sum_w2y", "x.sum_w2y2")
LOW, HIGH = (macro("share_bound", side, "x.p", "x.se", "x.t", "x.n_eff") for side in (-1, 1))

# Weights as files have them: six decimals, from a millionth to a million.
plain_weight = st.integers(200_000, 5_000_000).map(lambda number: number / 1e6)
wild_weight = st.one_of(
    st.just(1e-6), st.just(1e6), plain_weight, st.floats(-6, 6).map(lambda power: round(10**power, 6))
)
answer = st.sampled_from([-1, 0, 1])


def surveys(weight: st.SearchStrategy[float], y: st.SearchStrategy[int]) -> st.SearchStrategy[list[tuple]]:
    """Respondents of a wave: weight, whether in the base, answer."""
    return st.lists(st.tuples(weight, st.booleans(), y), min_size=2, max_size=40)


def sums(rows: list[tuple[float, bool, int]]) -> dict[str, float]:
    """The cube's sums over the base, in doubles as the marts hold them.

    Returns:
        n of the wave; sum_w, mean, sum_w2, sum_w2y, sum_w2y2 of the base.
    """
    base = [(w, y) for w, inside, y in rows if inside]
    sum_w = math.fsum(w for w, _ in base)
    return {
        "n": len(rows),
        "sum_w": sum_w,
        "mean": math.fsum(w * y for w, y in base) / sum_w,
        "sum_w2": math.fsum(w * w for w, _ in base),
        "sum_w2y": math.fsum(w * w * y for w, y in base),
        "sum_w2y2": math.fsum(w * w * y * y for w, y in base),
    }


def exact_variance(rows: list[tuple[float, bool, int]]) -> Fraction:
    """Taylor variance in fractions, from residuals."""
    base = [(Fraction(w), y) for w, inside, y in rows if inside]
    sum_w = sum(w for w, _ in base)
    mean = sum(w * y for w, y in base) / sum_w
    return Fraction(len(rows), len(rows) - 1) * sum((w * (y - mean)) ** 2 for w, y in base) / sum_w**2


@HYPOTHESIS
@given(surveys(plain_weight, answer))
def test_taylor_variance_equals_svy(rows: list) -> None:
    assume(any(inside for _, inside, _ in rows))
    weights, inside, y = (list(column) for column in zip(*rows, strict=True))
    frame = pl.DataFrame({"w": weights, "inside": inside, "y": [float(number) for number in y]})
    estimate = svy.Sample(frame, svy.Design(wgt="w")).estimation.mean("y", where=svy.col("inside")).to_polars()
    found = sums(rows)
    assert math.isclose(found["mean"], estimate["est"][0], rel_tol=CLOSE, abs_tol=1e-12)
    se = math.sqrt(value(TAYLOR, **found))
    assert math.isclose(se, estimate["se"][0], rel_tol=CLOSE, abs_tol=1e-12)


@HYPOTHESIS
@given(surveys(wild_weight, answer))
@example([(1e6, True, 1), (1e-6, True, 0), (1.0, False, 0)])
@example([(1e6, True, 1), (1e6, True, 1), (1e-6, True, 1)])
def test_taylor_variance_with_weights_of_very_different_size(rows: list) -> None:
    """Exact but for the digits that a sum of doubles can hold beside its largest term."""
    assume(any(inside for _, inside, _ in rows))
    found, exact = value(TAYLOR, **sums(rows)), float(exact_variance(rows))
    assert math.isfinite(found)
    assert found >= 0
    columns = sums(rows)
    size = (columns["sum_w2y2"] + columns["mean"] ** 2 * columns["sum_w2"]) / columns["sum_w"] ** 2
    assert math.isclose(found, exact, rel_tol=CLOSE, abs_tol=2.2e-11 * size)


def test_taylor_variance_at_the_edges() -> None:
    alone = sums([(0.7, True, 1), (1.0, False, 0)])
    assert value(TAYLOR, **alone) == 0
    assert value(TAYLOR, **(alone | {"n": 1})) is None
    for same in (-1, 0, 1):
        assert value(TAYLOR, **sums([(w, True, same) for w in (1e-6, 0.3, 1e6)])) == 0
    empty = dict.fromkeys(["sum_w", "sum_w2", "sum_w2y", "sum_w2y2"], 0.0)
    assert value(TAYLOR, n=5, mean=None, **empty) is None
    assert value(TAYLOR, n=5, mean=0.0, **empty) is None
    assert value(TAYLOR, **(alone | {"sum_w2y": None})) is None
    halves = sums([(1.0, True, 1), (1.0, True, 0)] * 50)
    assert math.isclose(value(TAYLOR, **halves), 0.25 / 99, rel_tol=CLOSE)


@HYPOTHESIS
@given(st.floats(1e-6, 1 - 1e-6), st.floats(1e-6, 0.5), st.integers(1, 10_000))
def test_logit_interval(p: float, relative: float, df: int) -> None:
    t, se = float(stats.t.ppf(0.975, df)), relative * p * (1 - p)
    for side, sql in ((-1, LOW), (1, HIGH)):
        found = value(sql, p=p, se=se, t=t, n_eff=5.0)
        expected = special.expit(special.logit(p) + side * t * se / (p * (1 - p)))
        assert math.isclose(found, expected, rel_tol=CLOSE)
        assert 0 <= found <= 1
        assert (found - p) * side >= -1e-12


@HYPOTHESIS
@given(st.sampled_from([0.0, 1.0]), st.floats(1, 1e6))
def test_wilson_interval_at_no_and_all(p: float, n_eff: float) -> None:
    expected = proportion_confint(p * n_eff, n_eff, method="wilson")
    found = [value(sql, p=p, se=0.0, t=None, n_eff=n_eff) for sql in (LOW, HIGH)]
    assert np.allclose(found, expected, rtol=CLOSE, atol=1e-15)
    assert found[0 if p == 0 else 1] == p


def test_an_interval_of_nothing_is_null() -> None:
    for sql in (LOW, HIGH):
        assert value(sql, p=None, se=None, t=None, n_eff=None) is None
        assert value(sql, p=0.0, se=0.0, t=2.0, n_eff=None) is None
        assert value(sql, p=0.5, se=None, t=2.0, n_eff=3.0) is None
        assert value(sql, p=0.5, se=0.1, t=None, n_eff=3.0) is None


@pytest.mark.parametrize("report", ["helsepersonell_2024", "innbygger_2025"])
def test_margins_equal_the_reports_table(report: str) -> None:
    """All 160 printed cells: share and its complement, by size."""
    with (ROOT / "seeds" / "published" / "published_results.csv").open(encoding="utf-8", newline="") as file:
        printed = [row for row in csv.DictReader(file) if row["measure"] == "margin" and row["report"] == report]
    assert len(printed) == 160
    sql = f"100 * {macro('margin_report', 'x.p', 'x.n')}"
    for side in (0, 1):
        shares = [int(row["answer"].split("/")[side]) / 100 for row in printed]
        found = values(sql, p=shares, n=[int(row["n"]) for row in printed])
        expected = [float(row["value"]) for row in printed]
        # Half of the last printed digit, and what a double leaves of it.
        assert np.abs(np.array(found) - expected).max() <= 0.05 + 1e-9
    assert len({(row["answer"], row["n"]) for row in printed}) == 160


def test_a_margin_of_nothing_is_null() -> None:
    sql = macro("margin_report", "x.p", "x.n")
    assert value(sql, p=None, n=100) is None
    assert value(sql, p=0.5, n=0) is None
    assert value(sql, p=0.5, n=None) is None
    assert value(sql, p=1.0, n=100) == 0
    assert value(sql, p=1 + 1e-16, n=100) == 0


def test_t_quantile() -> None:
    sql = macro("t_quantile", "x.df")
    df = [*range(1, 2000), 5000, 10_000, 1_000_000]
    assert np.allclose(values(sql, df=df), stats.t.ppf(0.975, df), rtol=1e-12, atol=0)
    assert values(sql, df=[0, -1]) == [None, None]
    assert value(sql, df=None) is None


def test_normal_tail() -> None:
    x = np.concatenate([np.linspace(0, 8, 4001), np.linspace(8, 26, 901)])
    assert np.allclose(values(macro("erfc", "x.x"), x=x.tolist()), special.erfc(x), rtol=1e-13, atol=0)
    z = np.linspace(-36, 36, 3601)
    # An argument that is rounded once more before it is squared: z * z * 2e-16.
    p = np.array(values(macro("p_two_sided", "x.z"), z=z.tolist()))
    assert np.all(np.abs(p / special.erfc(np.abs(z) / math.sqrt(2)) - 1) < 1e-13 + 4e-16 * z**2)
    assert values(macro("p_two_sided", "x.z"), z=[0.0, 100.0, -1e6]) == [1.0, 0.0, 0.0]
    assert value(macro("p_two_sided", "x.z"), z=None) is None


def test_chi_square_tail() -> None:
    sql = macro("p_chi_square", "x.x", "x.df")
    grid = [(float(x), df) for df in range(1, 81) for x in (*np.geomspace(1e-3, 1, 10), *np.linspace(1.5, 300, 60))]
    x, df = (list(column) for column in zip(*grid, strict=True))
    assert np.allclose(values(sql, x=x, df=df), stats.chi2.sf(x, df), rtol=1e-10, atol=0)
    wide = [(float(df) * factor, df) for df in (301, 1540, 3360, 10_001) for factor in (0.5, 0.9, 1.0, 1.1, 1.5, 2.0)]
    x, df = (list(column) for column in zip(*wide, strict=True))
    assert np.allclose(values(sql, x=x, df=df), stats.chi2.sf(x, df), rtol=1e-9, atol=1e-300)


def test_chi_square_tail_at_the_edges() -> None:
    sql = macro("p_chi_square", "x.x", "x.df")
    assert value(sql, x=0.0, df=3) == 1
    assert value(sql, x=-1e-12, df=2) == 1
    assert value(sql, x=1e8, df=3) == 0
    assert value(sql, x=1e8, df=4) == 0
    assert value(sql, x=None, df=3) is None
    assert value(sql, x=2.0, df=None) is None


@HYPOTHESIS
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.one_of(st.none(), st.floats(0, 1), st.sampled_from([0.01, 0.05, 1.0]))),
        min_size=1,
        max_size=30,
    )
)
def test_adjusted_p_equals_statsmodels(rows: list) -> None:
    frame = pl.DataFrame(rows, schema={"family": pl.String, "p": pl.Float64}, orient="row").with_row_index("row_no")
    CONNECTION.register("x", frame)
    sql = f"""
        with ranked as (select *, {macro("bh_rank", "p", ["family"])} as ranked_p from x)
        select family, p, {macro("bh_adjusted", "p", "ranked_p", ["family"])} as p_adjusted from ranked
    """
    found = CONNECTION.execute(sql).fetchall()
    CONNECTION.unregister("x")
    assert all((p is None) == (adjusted is None) for _, p, adjusted in found)
    for family in "ab":
        tested = np.array([(p, adjusted) for name, p, adjusted in found if name == family and p is not None])
        if len(tested):
            expected = multipletests(tested[:, 0], method="fdr_bh")[1]
            assert np.allclose(tested[:, 1], expected, rtol=CLOSE, atol=0)


def test_stars() -> None:
    p = [None, 0.0, 0.000999, 0.001, 0.0099, 0.01, 0.0499, 0.05, 1.0]
    expected = [None, "sss", "sss", "ss", "ss", "s", "s", "ns", "ns"]
    assert values(macro("significance", "x.p"), p=p) == expected


@HYPOTHESIS
@given(st.lists(st.tuples(plain_weight, st.booleans(), st.integers(0, 2), st.integers(0, 2)), min_size=20, max_size=60))
def test_rao_scott_equals_svy(rows: list) -> None:
    """Second-order correction of a table in a part of the sample, by the function of the dbt model."""
    base = [(w, group, answer) for w, inside, group, answer in rows if inside]
    assume({(group, answer) for _, group, answer in base} == set(itertools.product(range(3), repeat=2)))
    cells = {cell: [w for w, *place in base if tuple(place) == cell] for cell in itertools.product(range(3), repeat=2)}
    sum_w = math.fsum(w for w, _, _ in base)
    found = groups_test({
        "table_n": [len(base)], "respondents_n": [len(rows)], "table_w": [sum_w],
        "group_key": np.array([group for group, _ in cells]), "answer": np.array([answer for _, answer in cells]),
        "p": np.array([math.fsum(weights) / sum_w for weights in cells.values()]),
        "sum_w2": np.array([math.fsum(w * w for w in weights) for weights in cells.values()]),
    })  # fmt: skip
    weights, inside, groups, answers = (list(column) for column in zip(*rows, strict=True))
    names = [[f"name {number}" for number in column] for column in (groups, answers)]
    frame = pl.DataFrame({"w": weights, "inside": inside, "group": names[0], "answer": names[1]})
    table = svy.Sample(frame, svy.Design(wgt="w")).categorical.tabulate("group", "answer", where=svy.col("inside"))
    expected = table.stats.f
    chi_square, total, numerator, denominator = found
    assert math.isclose(chi_square, table.stats.chisq.value, rel_tol=1e-9, abs_tol=1e-9)
    assert math.isclose(chi_square / total, expected.value, rel_tol=1e-7, abs_tol=1e-9)
    assert math.isclose(numerator, expected.df_num, rel_tol=1e-7)
    assert math.isclose(denominator, expected.df_den, rel_tol=1e-7)


def test_rao_scott_at_the_edges() -> None:
    """One group, one respondent, a wave of one answer: no test, and nothing divided by zero."""
    one = {"table_n": [1], "respondents_n": [1], "table_w": [1.0], "sum_w2": np.array([1.0]), "p": np.array([1.0])}
    assert np.isnan(groups_test(one | {"group_key": np.array([0]), "answer": np.array([0])})).all()
    waves = {
        "both_n": [5], "year": np.array([1, 1, 2]), "answer": np.array([0, 1, 1]), "p": np.array([0.5, 0.5, 1.0]),
        "sum_w2": np.array([2.0, 2.0, 1.0]), "table_n": np.array([4, 4, 1]), "respondents_n": np.array([4, 4, 1]),
        "table_w": np.array([4.0, 4.0, 1.0]),
    }  # fmt: skip
    assert np.isnan(waves_test(waves)).all()


@HYPOTHESIS
@given(st.lists(wild_weight, min_size=1, max_size=40))
def test_effective_size(weights: list[float]) -> None:
    sql = macro("n_eff_kish", "x.sum_w", "x.sum_w2")
    found = value(sql, sum_w=math.fsum(weights), sum_w2=math.fsum(w * w for w in weights))
    exact = [Fraction(w) for w in weights]
    assert math.isclose(found, sum(exact) ** 2 / sum(w * w for w in exact), rel_tol=CLOSE)
    assert 1 - CLOSE <= found <= len(weights) * (1 + CLOSE)
    assert value(sql, sum_w=0.0, sum_w2=0.0) is None


def test_printed_error() -> None:
    """A printed share has the variance of a simple sample of its base and of its rounding to whole points."""
    sql = macro("test_se")
    shares = [
        ("published", "percent", 84.0, 120),
        ("published", "percent", 84.0, None),
        ("published", "nps_points", 9.0, 50),
    ]

    def error(source: str, unit: str, number: float, base: int | None, se: float | None) -> float | None:
        row = "select ? as source, ? as unit, ?::double as value, ?::bigint as base_n, ?::double as se"
        return CONNECTION.execute(f"select {sql} from ({row})", [source, unit, number, base, se]).fetchall()[0][0]

    found = [error(*share, None) for share in shares]
    assert math.isclose(found[0], math.sqrt(84 * 16 / 120 + 1 / 12), rel_tol=CLOSE)
    assert found[1:] == [None, None]
    assert error("computed", "percent", 84.0, 120, 2.5) == 2.5


def variance_of_side(own: tuple, other: tuple) -> float | None:
    """Variance that a test uses for its own side."""
    names = ["variance", "n_eff", "mean"]
    sql = macro("tested_variance", [f"x.{name}" for name in names], [f"x.other_{name}" for name in names])
    columns = dict(zip(names, own, strict=True)) | dict(zip([f"other_{name}" for name in names], other, strict=True))
    return value(sql, **columns)


@HYPOTHESIS
@given(st.integers(1, 500), st.integers(1, 500), st.integers(0, 500))
def test_a_side_where_all_agree_takes_the_variance_of_both(alike: int, yes: int, no: int) -> None:
    """Unweighted: nobody of `alike` says yes, `yes` and `no` on the other side."""
    other_n = yes + no
    p = yes / other_n
    other = (p * (1 - p) / other_n, float(other_n), p)
    found = variance_of_side((0.0, float(alike), 0.0), other)
    pooled = yes / (alike + other_n)
    assert math.isclose(found, pooled * (1 - pooled) / alike, rel_tol=CLOSE)


def test_variance_of_a_side() -> None:
    assert variance_of_side((0.04, 5.0, 0.5), (0.0, 9.0, 1.0)) == 0.04
    assert variance_of_side((0.0, 5.0, 1.0), (0.0, 9.0, 1.0)) == 0
    assert variance_of_side((None, None, 0.5), (0.01, 9.0, 0.4)) is None
    assert variance_of_side((0.0, None, 1.0), (0.01, 9.0, 0.4)) is None
    assert variance_of_side((0.0, 5.0, 1.0), (None, None, 0.4)) is None


@pytest.mark.parametrize("name", ["normal", "chi", "t"])
def test_tails_never_leave_their_range(name: str) -> None:
    draw = np.random.default_rng(20261121)
    x, df = draw.uniform(0, 1e4, 5000), draw.integers(1, 500, 5000)
    expressions: dict[str, Callable[[], str]] = {
        "normal": lambda: macro("p_two_sided", "x.x"),
        "chi": lambda: macro("p_chi_square", "x.x", "x.df"),
        "t": lambda: f"1 / {macro('t_quantile', 'x.df').join('()')}",
    }
    found = np.array(values(expressions[name](), x=x.tolist(), df=df.tolist()))
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize(
    ("groups", "answers"),
    [((0.1, 0.2, 0.7), (0.05, 0.1, 0.2, 0.35, 0.3)), ((0.05, 0.95), (0.07, 0.93)), ((0.1, 0.9), (0.05, 0.95))],
)
def test_the_corrected_chi_square_keeps_its_level(groups: tuple, answers: tuple) -> None:
    """Where nothing differs, one test in twenty is significant; the design effect is Kish's, 1 + cv² of the weights."""
    draw = np.random.default_rng(20261121)
    shape, respondents = (len(groups), len(answers)), 1500
    rows, columns = (grid.ravel() for grid in np.indices(shape))
    results = []
    for _ in range(1500):
        w = draw.lognormal(0, 0.45, respondents)
        cell = draw.choice(shape[0], respondents, p=groups) * shape[1] + draw.choice(shape[1], respondents, p=answers)
        p, squares = (np.bincount(cell, x, rows.size) for x in (w / w.sum(), w**2))
        about = {"table_n": [respondents], "respondents_n": [respondents], "table_w": [w.sum()]}
        results.append(groups_test(about | {"group_key": rows, "answer": columns, "p": p, "sum_w2": squares}))
    chi_square, total, numerator, denominator = np.array(results).T
    corrected = (stats.f.sf(chi_square / total, numerator, denominator) < 0.05).mean()
    assert 0.035 < corrected < 0.075
    assert math.isclose(total.mean() / ((shape[0] - 1) * (shape[1] - 1)), math.exp(0.45**2), rel_tol=0.1)
