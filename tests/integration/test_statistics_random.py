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
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from helsemonitor.rao_scott import groups_tests, results_of, waves_tests

ROOT = Path(__file__).parents[2]
# The macros need nothing of dbt: only Jinja.
ENVIRONMENT = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])  # noqa: S701 - it writes SQL, not HTML.


def module(name: str) -> jinja2.environment.TemplateModule:
    """The macros of a file."""
    return ENVIRONMENT.from_string((ROOT / "macros" / f"{name}.sql").read_text(encoding="utf-8")).module


def shipped_limit(name: str) -> str:
    """A limit of the house, as SQL."""
    with (ROOT / "seeds" / "codebook" / "limits.csv").open(encoding="utf-8", newline="") as file:
        found = [row for row in csv.DictReader(file) if row["check_name"] == name and row["survey"] == "*"]
    assert [row["name"] for row in found] == ["*"]
    return f"cast({found[0]['value']} as double)"


# Macros with a form for each engine, in that of DuckDB.
ENVIRONMENT.globals |= {
    "literal": lambda text: "'" + text.replace("'", "''") + "'",
    "number_in_words": module("engines").default__number_in_words,
}
FINDINGS = module("findings")
ENVIRONMENT.globals |= {
    "limit_of": shipped_limit,
    "said": FINDINGS.said,
    "said_number": FINDINGS.said_number,
    "return": lambda made: made,
}
MACROS = module("statistics")
STATUSES = module("obs_status")
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
LOW, HIGH = (macro("score_bound", side, "x.place", "x.n", "x.quantile") for side in (-1, 1))
Z = float(stats.norm.ppf(0.975))

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
@given(st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1)), st.floats(1, 1e6))
def test_score_interval_equals_statsmodels(place: float, n: float) -> None:
    """Wilson's interval of a proportion; at an end of the scale the bound is the end itself."""
    expected = proportion_confint(place * n, n, method="wilson")
    found = [value(sql, place=place, n=n, quantile=Z) for sql in (LOW, HIGH)]
    assert np.allclose(found, expected, rtol=CLOSE, atol=1e-12)
    assert 0 <= found[0] <= place <= found[1] <= 1
    if place in (0, 1):
        assert found[int(place)] == place


@HYPOTHESIS
@given(st.floats(0.001, 0.999), st.floats(0.5, 1e5), st.integers(1, 10_000))
def test_score_interval_of_a_mean(place: float, n: float, df: int) -> None:
    """The bounds are where Student's quantile of the error of a mean at the bound reaches the mean."""
    t = float(stats.t.ppf(0.975, df))
    for side, sql in ((-1, LOW), (1, HIGH)):
        bound = value(sql, place=place, n=n, quantile=t)
        assert 0 <= bound <= 1
        assert math.isclose(place - bound, -side * t * math.sqrt(bound * (1 - bound) / n), rel_tol=1e-6, abs_tol=1e-9)


def test_an_interval_of_nothing_is_null() -> None:
    for sql in (LOW, HIGH):
        assert value(sql, place=None, n=None, quantile=None) is None
        assert value(sql, place=0.0, n=None, quantile=Z) is None
        assert value(sql, place=0.5, n=None, quantile=Z) is None
        for place in (0.0, 0.5, 1.0):
            assert value(sql, place=place, n=3.0, quantile=None) is None


@HYPOTHESIS
@given(st.integers(1, 10_000), st.floats(0.01, 100), st.lists(wild_weight, min_size=1, max_size=40))
def test_an_effective_size_is_never_more_than_the_weights_leave(base_n: int, deff: float, weights: list[float]) -> None:
    sql = macro("n_eff_capped", "x.base_n", "x.deff", "x.kish")
    exact = [Fraction(w) for w in weights]
    kish = sum(exact) ** 2 / sum(w * w for w in exact)
    found = value(sql, base_n=base_n, deff=deff, kish=float(kish))
    assert math.isclose(found, min(Fraction(base_n) / Fraction(deff), kish), rel_tol=CLOSE)
    # Where nobody differs there is no design effect, and a variance of nothing is none.
    for none in (None, 0.0):
        assert value(sql, base_n=base_n, deff=none, kish=float(kish)) == float(kish)


def test_an_effective_size_of_nothing_is_null() -> None:
    assert value(macro("n_eff_capped", "x.base_n", "x.deff", "x.kish"), base_n=None, deff=None, kish=None) is None


# Weights of a wave as the cube adds them: nine places.
nine_places = st.integers(1, 5 * 10**9).map(lambda number: Fraction(number, 10**9))


@HYPOTHESIS
@given(st.lists(st.tuples(nine_places, st.booleans()), min_size=1, max_size=60))
@example([(Fraction(92), True), (Fraction(68), False)])
@example([(Fraction(1, 10), True)] * 3 + [(Fraction(3, 10), False)])
@example([(Fraction(115, 100), True), (Fraction(885, 100), False)])
def test_a_percent_is_rounded_from_exact_sums(rows: list[tuple[Fraction, bool]]) -> None:
    """The doubles that the cube hands on are off by a last digit; the percent is the one of the exact sums."""
    yes, everybody = sum((w for w, y in rows if y), Fraction(0)), sum(w for w, _ in rows)
    exact = 100 * yes / everybody
    sums = {"sum_wy": math.fsum(float(w) for w, y in rows if y), "sum_w": math.fsum(float(w) for w, _ in rows)}
    mean = macro("mean_in_unit", "100", "x.sum_wy", "x.sum_w", "true")
    found = value(mean, **sums)
    assert math.isclose(found, exact, rel_tol=1e-15, abs_tol=1e-300)
    assert (found % 1 == 0.5) == (exact.denominator == 2)
    assert value(macro("pct_print", mean), **sums) == math.floor(exact + Fraction(1, 2))


def test_means_of_numbers_are_not_rounded() -> None:
    mean = macro("mean_in_unit", "1", "x.sum_wy", "x.sum_w", "false")
    assert value(mean, sum_wy=1e-12, sum_w=3.0) == 1e-12 / 3
    assert value(mean, sum_wy=None, sum_w=None) is None


def test_halves_of_percents_go_up() -> None:
    sql = macro("pct_print", "x.percent")
    percents = [0.0, 0.49999999999999, 0.5, 1.5, 57.5, 57.49999999999999, 99.5, 100.0, None]
    assert values(sql, percent=percents) == [0, 0, 1, 2, 58, 57, 100, 100, None]


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
    adjusted = macro("bh_adjusted", "x", "row_no", "p", ["family"])
    sql = f"select family, p, p_adjusted from x left join {adjusted} as adjusted using (row_no)"
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
    """Second-order correction of a table in a part of the sample, by the function of the dbt model.

    Beside it goes another table of the same shape, the cells of both in any order.
    """
    base = [(w, group, answer) for w, inside, group, answer in rows if inside]
    assume({(group, answer) for _, group, answer in base} == set(itertools.product(range(3), repeat=2)))
    cells = {cell: [w for w, *place in base if tuple(place) == cell] for cell in itertools.product(range(3), repeat=2)}
    sum_w = math.fsum(w for w, _, _ in base)
    table = {
        "row_no": [group for group, _ in cells], "column_no": [answer for _, answer in cells],
        "table_n": [len(base)] * 9, "respondents_n": [len(rows)] * 9, "table_w": [sum_w] * 9,
        "p": [math.fsum(weights) / sum_w for weights in cells.values()],
        "sum_w2": [math.fsum(w * w for w in weights) for weights in cells.values()],
    }  # fmt: skip
    other = table | {"p": table["p"][::-1], "sum_w2": table["sum_w2"][::-1]}
    order = np.random.default_rng(len(rows)).permutation(18)
    both = {name: np.array(table[name] + other[name])[order] for name in table}
    found = results_of(both | {"table_no": np.repeat([1, 0], 9)[order]}, groups_tests)[1]
    weights, inside, groups, answers = (list(column) for column in zip(*rows, strict=True))
    names = [[f"name {number}" for number in column] for column in (groups, answers)]
    frame = pl.DataFrame({"w": weights, "inside": inside, "group": names[0], "answer": names[1]})
    sample = svy.Sample(frame, svy.Design(wgt="w"))
    tabulated = sample.categorical.tabulate("group", "answer", where=svy.col("inside")).stats
    expected = tabulated.f
    chi_square, total, numerator, denominator, p_value = found
    assert math.isclose(chi_square, tabulated.chisq.value, rel_tol=1e-9, abs_tol=1e-9)
    assert math.isclose(chi_square / total, expected.value, rel_tol=1e-7, abs_tol=1e-9)
    assert math.isclose(numerator, expected.df_num, rel_tol=1e-7)
    assert math.isclose(denominator, expected.df_den, rel_tol=1e-7)
    assert math.isclose(p_value, expected.p_value, rel_tol=1e-6, abs_tol=1e-12)


def columns_of(rows: list[dict[str, float]], table: dict[str, float]) -> dict[str, np.ndarray]:
    """Cells as `results_of` takes them; what all cells have in common is said once."""
    return {name: np.array([(table | row)[name] for row in rows], dtype=float) for name in table | rows[0]}


def test_rao_scott_at_the_edges() -> None:
    """One group, one respondent, a wave of one answer, no table: no test, and nothing divided by zero."""
    one = {"table_n": 1, "respondents_n": 1, "table_w": 1, "sum_w2": 1, "p": 1, "table_no": 0}
    alone = columns_of([{"row_no": 0, "column_no": 0}], one)
    assert np.isnan(results_of(alone, groups_tests)).all()
    assert results_of({name: array[:0] for name, array in alone.items()}, groups_tests).shape == (0, 5)
    of_one = columns_of(
        [{"row_no": row, "column_no": column} for row in (0, 1) for column in (0, 1)], one | {"p": 0.25}
    )
    assert np.isnan(results_of(of_one, groups_tests)).all()
    first, second = {"row_no": 0, "table_n": 4, "sum_w2": 2}, {"row_no": 1, "table_n": 1, "sum_w2": 1}
    waves = columns_of(
        [first | {"column_no": 0, "p": 0.5}, first | {"column_no": 1, "p": 0.5}, second | {"column_no": 1, "p": 1}],
        {"table_no": 0, "respondents_n": 4, "table_w": 4},
    )
    assert np.isnan(results_of(waves, waves_tests)).all()


def test_a_table_whose_empty_cells_leave_nothing_to_test() -> None:
    """Three cells cannot hold the four contrasts of three groups by three answers; three of four hold one contrast."""
    table = {"table_no": 0, "table_n": 20, "respondents_n": 21, "table_w": 20, "sum_w2": 5}
    diagonal = columns_of([{"row_no": place, "column_no": place} for place in range(3)], table | {"p": 1 / 3})
    assert np.isnan(results_of(diagonal, groups_tests)).all()
    # One contrast (1, -1, -1, 1) / 2, P = diag(2, 1, 0, 1) / 4: its design effect is V of the contrast over P over n.
    three = [{"row_no": 0, "column_no": 0, "p": 0.5, "sum_w2": 10}, {"row_no": 0, "column_no": 1, "p": 0.25}]
    three += [{"row_no": 1, "column_no": 1, "p": 0.25}]
    chi_square, total, numerator, denominator, _ = results_of(columns_of(three, table), groups_tests)[0]
    p, contrast = np.array([0.5, 0.25, 0.25]), np.array([1, -1, 1]) / 2 / np.array([0.5, 0.25, 0.25])
    covariance = 21 / 20 / 20 * (np.diag(p) - np.outer(p, p))
    assert math.isclose(total, contrast @ covariance @ contrast / (contrast**2 @ p / 20), rel_tol=1e-12)
    assert (numerator, denominator) == pytest.approx((1, 19))
    assert math.isclose(chi_square, stats.chi2_contingency([[10, 5], [0, 5]], correction=False)[0], rel_tol=1e-12)


@HYPOTHESIS
@given(st.lists(wild_weight, min_size=1, max_size=40))
def test_effective_size(weights: list[float]) -> None:
    sql = macro("n_eff_kish", "x.sum_w", "x.sum_w2")
    found = value(sql, sum_w=math.fsum(weights), sum_w2=math.fsum(w * w for w in weights))
    exact = [Fraction(w) for w in weights]
    assert math.isclose(found, sum(exact) ** 2 / sum(w * w for w in exact), rel_tol=CLOSE)
    assert 1 - CLOSE <= found <= len(weights) * (1 + CLOSE)
    assert value(sql, sum_w=0.0, sum_w2=0.0) is None


def moments(**columns: object) -> dict[str, float | None]:
    """What a test knows of a row of int_series_values."""
    types = {"source": "varchar", "unit": "varchar", "base_n": "bigint"}
    names = ["source", "unit", "value", "base_n", "se", "sum_w", "sum_w2", "sum_w2y", "sum_w2y2"]
    row = ", ".join(f"cast(? as {types.get(name, 'double')}) as {name}" for name in names)
    sql = f"select {macro('test_moments')} from (select {row})"
    cursor = CONNECTION.execute(sql, [columns.get(name) for name in names])
    return dict(zip([column[0] for column in cursor.description], cursor.fetchall()[0], strict=True))


def test_moments_of_a_printed_value() -> None:
    """A simple sample of the printed base, whose rounding to whole points has a variance of its own."""
    found = moments(source="published", unit="percent", value=84.0, base_n=120)
    assert found["test_rounding"] == 1 / 12
    assert (found["test_n"], found["test_mean"], found["test_square"]) == (120, 84, 8400)
    # The rounding comes on top, once.
    assert math.isclose(found["test_variance"], 84 * 16 / 120, rel_tol=CLOSE)
    for nothing in (
        moments(source="published", unit="percent", value=84.0),
        moments(source="published", unit="nps_points", value=9.0, base_n=50),
    ):
        assert (nothing["test_n"], nothing["test_variance"]) == (None, None)


def test_moments_of_a_computed_value() -> None:
    """Three respondents of weights 1, 2, 3; the first and the last gave the answer."""
    found = moments(
        source="computed",
        unit="percent",
        value=400 / 6,
        base_n=3,
        se=2.5,
        sum_w=6,
        sum_w2=14,
        sum_w2y=1000,
        sum_w2y2=1e5,
    )
    assert found["test_rounding"] == 0
    assert found["test_variance"] == 6.25
    assert math.isclose(found["test_n"], 36 / 14)
    assert math.isclose(found["test_mean"], 1000 / 14)
    assert math.isclose(found["test_square"], 1e5 / 14)


SIDES = [
    {name: f"{name}_{end}" for name in ("base_n", "n", "mean", "w2_mean", "w2_square", "variance", "more")}
    for end in "ab"
]
TESTED = ["pooled_mean", "pooled_square", "not_tested_reason", "se_null", "z", "p_value", "se"]


Side = dict[str, float | None]


def differences_of(
    pairs: Sequence[tuple[Side, Side]], hundred: str = "1", reason: str = "null"
) -> list[dict[str, float | str | None]]:
    """The columns of a test of two sides, for many pairs at once.

    Args:
        pairs: Two of base_n, n, mean, w2_mean, w2_square, variance and more.
        hundred: SQL of the y that counts.
        reason: SQL of a reason not to test.
    """
    rows = [
        {f"{name}_{end}": side.get(name) for end, side in zip("ab", pair, strict=True) for name in SIDES[0]}
        | {"test_base": 10.0, "test_expected": 1.0}
        for pair in pairs
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.Float64), strict=False).with_row_index("row_no")
    frame = frame.with_columns(pl.col("more_a", "more_b").fill_null(0))
    CONNECTION.register("x", frame)
    tested = macro("test_of", "x", "(mean_a - mean_b)", *SIDES, hundred, reason)
    sql = f"select *, {macro('difference_se', *SIDES)} as se from {tested}"
    found = CONNECTION.execute(f"select {', '.join(TESTED)} from ({sql}) order by row_no").fetchall()
    CONNECTION.unregister("x")
    return [dict(zip(TESTED, row, strict=True)) for row in found]


def side_of(w: Sequence[float], y: Sequence[float]) -> dict[str, float | None]:
    """A side of a test from its respondents, as a wave of its own."""
    w, y = np.asarray(w, dtype=float), np.asarray(y, dtype=float)
    mean = np.average(y, weights=w)
    variance = len(w) / (len(w) - 1) * ((w * (y - mean)) ** 2).sum() / w.sum() ** 2 if len(w) > 1 else None
    return {
        "base_n": len(w),
        "n": w.sum() ** 2 / (w**2).sum(),
        "mean": mean,
        "w2_mean": (w**2 * y).sum() / (w**2).sum(),
        "w2_square": (w**2 * y**2).sum() / (w**2).sum(),
        "variance": 0 if np.ptp(y) == 0 and variance is not None else variance,
    }


def test_unweighted_shares_are_tested_as_statsmodels_does() -> None:
    """2000 pairs of samples of 10 to 200, of rare answers, of none and of all."""
    draw = np.random.default_rng(20261130)
    chances = draw.choice([0, 0.02, 0.1, 0.5, 0.97, 1], (2000, 1)) * np.ones(2)
    pairs = [
        [draw.random(size) < chance for size, chance in zip(draw.integers(10, 200, 2), pair, strict=True)]
        for pair in chances
    ]
    found = differences_of([tuple(side_of(np.ones(len(y)), y) for y in pair) for pair in pairs])
    reasons = set()
    for row, pair in zip(found, pairs, strict=True):
        yes, sizes = [int(y.sum()) for y in pair], [len(y) for y in pair]
        pooled = Fraction(sum(yes), sum(sizes))
        reason = None
        if pooled in (0, 1):
            reason = "everybody on both sides gave the same answer"
        elif min(sizes) * min(pooled, 1 - pooled) < 1:
            reason = "fewer than 1 expected with or without the answer on a side"
        assert row["not_tested_reason"] == reason
        reasons.add(reason)
        if reason:
            assert [row[name] for name in ("se_null", "z", "p_value")] == [None, None, None]
            continue
        z, p = proportions_ztest(yes, sizes)
        assert math.isclose(row["z"], z, rel_tol=CLOSE, abs_tol=1e-12)
        assert math.isclose(row["p_value"], p, rel_tol=CLOSE)
    assert len(reasons) == 3


@pytest.mark.parametrize("more", [0, 1 / 12])
def test_weighted_means_are_tested_around_the_pooled_mean(more: float) -> None:
    """From residuals: the mean square around the pooled mean, each respondent with the square of the weight."""
    draw = np.random.default_rng(20261130)
    pairs = [
        [
            (draw.lognormal(0, draw.uniform(0, 1), size).round(6), draw.choice([-1, 0, 1], size, p=parts))
            for size, parts in zip(draw.integers(10, 60, 2), draw.dirichlet([0.5] * 3, 2), strict=True)
        ]
        for _ in range(1000)
    ]
    sides = [tuple(side_of(*side) | {"more": more} for side in pair) for pair in pairs]
    reasons = set()
    for row, pair in zip(differences_of(sides, hundred="null"), pairs, strict=True):
        kish = np.array([w.sum() ** 2 / (w**2).sum() for w, _ in pair])
        mean = np.average([np.average(y, weights=w) for w, y in pair], weights=kish)
        square = np.average([np.average((y - mean) ** 2, weights=w**2) for w, y in pair], weights=kish)
        assert math.isclose(row["pooled_mean"], mean, rel_tol=CLOSE, abs_tol=1e-12)
        reason = None
        if min(kish) < 10 - 1e-6:
            reason = "an effective size by the weights below 10 on a side"
        elif square < 1e-20:
            reason = "everybody on both sides gave the same answer"
        assert row["not_tested_reason"] == reason
        reasons.add(reason)
        if reason is None:
            se_null = math.sqrt(square * (1 / kish).sum() + 2 * more)
            assert math.isclose(row["se_null"], se_null, rel_tol=CLOSE)
            difference = np.average(pair[0][1], weights=pair[0][0]) - np.average(pair[1][1], weights=pair[1][0])
            assert math.isclose(row["z"], difference / se_null, rel_tol=CLOSE, abs_tol=1e-12)
        variances = [
            side_of(w, y)["variance"] if np.ptp(y) > 0 else square / size
            for (w, y), size in zip(pair, kish, strict=True)
        ]
        assert math.isclose(row["se"], math.sqrt(sum(variances) + 2 * more), rel_tol=1e-8, abs_tol=1e-12)
    assert {None, "an effective size by the weights below 10 on a side"} <= reasons


def test_what_is_not_tested_says_why() -> None:
    many = side_of(np.ones(50), [1] * 20 + [0] * 30)
    nine = side_of(np.ones(9), [1] * 4 + [0] * 5)
    uneven = side_of([20.0, *[1.0] * 19], [1] * 10 + [0] * 10)
    agreeing = side_of(np.ones(50), [1] * 50)
    alone = side_of([1.0], [1])
    # One of 49 and none of 51: 0.49 expected. One of 49 on both sides: 1.
    rare, rarer = side_of(np.ones(49), [1, *[0] * 48]), side_of(np.ones(51), [0] * 51)
    told = {
        None: [(many, many), (rare, rare)],
        "fewer than 10 respondents on a side": [(many, nine), (nine, many)],
        "an effective size by the weights below 10 on a side": [(many, uneven)],
        "everybody on both sides gave the same answer": [(agreeing, agreeing)],
        "fewer than 1 expected with or without the answer on a side": [(rare, rarer)],
        "one of the two values has no standard error: printed without its base, or a sample of one": [(many, alone)],
    }
    pairs = [pair for of_reason in told.values() for pair in of_reason]
    found = differences_of(pairs)
    assert [row["not_tested_reason"] for row in found] == [name for name, some in told.items() for _ in some]
    for row in found:
        assert (row["not_tested_reason"] is None) == (row["se_null"] is not None) == (row["p_value"] is not None)
    # A value without a standard error leaves the difference without one, too.
    assert found[-1]["se"] is None
    assert found[2]["se"] > 0
    # What a mean counts has no expected number, and a reason of the model comes first.
    (row,) = differences_of([(rare, rarer)], hundred="null")
    assert row["not_tested_reason"] is None
    (row,) = differences_of([(agreeing, agreeing)], reason="'it breaks'")
    assert row["not_tested_reason"] == "it breaks"


def unreliable(**columns: float | None) -> str | None:
    """Why a row is of low reliability."""
    names = ["base_n", "n_eff", "ci_low", "ci_high", "value", "scale_low", "scale_high"]
    sql = str(STATUSES.unreliable_reason("x"))
    row = {"base_n": 200, "n_eff": 200.0, "scale_low": 0.0, "scale_high": 100.0} | columns
    return value(sql, **{name: row.get(name) for name in names})


def test_why_a_value_is_unreliable() -> None:
    wide, relative = "an interval of {} % of the scale, 30 or more", "an interval wider than 130 % of the value"
    assert unreliable(value=50.0, ci_low=40.0, ci_high=60.0) is None
    assert unreliable(value=50.0, ci_low=40.0, ci_high=60.0, base_n=49) == "a base of 49, under 50"
    assert unreliable(value=50.0, ci_low=40.0, ci_high=60.0, base_n=50) is None
    assert unreliable(value=50.0, ci_low=40.0, ci_high=60.0, n_eff=29.94) == "an effective size of 29.9, under 30"
    # What reads 30.0 is not under 30.
    assert unreliable(value=50.0, ci_low=40.0, ci_high=60.0, n_eff=29.96) is None
    assert unreliable(value=50.0, ci_low=35.0, ci_high=65.0) == wide.format("30.0")
    # Shares, and points of a scale from 1 to 5, by the same part of their scale.
    points = {"scale_low": 1.0, "scale_high": 5.0}
    assert unreliable(value=3.0, ci_low=2.0, ci_high=3.2, **points) == wide.format("30.0")
    assert unreliable(value=3.0, ci_low=2.5, ci_high=3.5, **points) is None
    # Against the value: from 5 points of width on, and above 1.3 times it.
    assert unreliable(value=4.0, ci_low=2.0, ci_high=8.0) == relative
    assert unreliable(value=3.0, ci_low=1.0, ci_high=6.0) is None
    assert unreliable(value=5.0, ci_low=2.0, ci_high=8.5) is None
    # A net has no relative width, and a number without a scale no other.
    assert unreliable(value=1.0, ci_low=-9.0, ci_high=11.0, scale_low=-100.0) is None
    assert unreliable(value=40.0, ci_low=1.0, ci_high=79.0, scale_low=None, scale_high=None) == relative
    assert unreliable(value=40.0, ci_low=20.0, ci_high=60.0, scale_low=None, scale_high=None) is None
    assert unreliable(value=40.0, ci_low=None, ci_high=None, n_eff=None) is None
    both = unreliable(value=50.0, ci_low=30.0, ci_high=70.0, base_n=24, n_eff=21.34)
    assert both == f"a base of 24, under 50; an effective size of 21.3, under 30; {wide.format('40.0')}"


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
    tables = []
    for _ in range(1500):
        w = draw.lognormal(0, 0.45, respondents)
        cell = draw.choice(shape[0], respondents, p=groups) * shape[1] + draw.choice(shape[1], respondents, p=answers)
        p, squares = (np.bincount(cell, x, rows.size) for x in (w / w.sum(), w**2))
        tables.append({"p": p, "sum_w2": squares, "table_w": np.full(rows.size, w.sum())})
    cells = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    cells |= {"table_no": np.repeat(np.arange(1500), rows.size), "row_no": np.tile(rows, 1500)}
    cells |= {"column_no": np.tile(columns, 1500)}
    cells |= {name: np.full(len(cells["p"]), respondents) for name in ("table_n", "respondents_n")}
    total, p_values = results_of(cells, groups_tests)[:, [1, 4]].T
    corrected = (p_values < 0.05).mean()
    assert 0.035 < corrected < 0.075
    assert math.isclose(total.mean() / ((shape[0] - 1) * (shape[1] - 1)), math.exp(0.45**2), rel_tol=0.1)
