"""The worked example of docs/statistics.md: its numbers come out of the macros, and most out of numpy and scipy."""

import re
from pathlib import Path

import duckdb
import jinja2
import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from helsemonitor.rao_scott import groups_tests, results_of

ROOT = Path(__file__).parents[2]
Z = float(stats.norm.ppf(0.975))
DOCUMENT = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
ENVIRONMENT = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])  # noqa: S701 - it writes SQL, not HTML.
ENGINES, FINDINGS, STATISTICS = (
    (ROOT / "macros" / f"{name}.sql").read_text(encoding="utf-8") for name in ("engines", "findings", "statistics")
)
# Macros with a form for each engine, in that of DuckDB.
ENVIRONMENT.globals |= {
    "literal": lambda text: "'" + text.replace("'", "''") + "'",
    "number_in_words": ENVIRONMENT.from_string(ENGINES).module.default__number_in_words,
}
MACROS = ENVIRONMENT.from_string(FINDINGS + STATISTICS)
EXAMPLE = re.compile(r"```text\n(.*?)```", re.DOTALL)
NUMBER = re.compile(r"^(?P<name>[a-z][a-z0-9_ ]*?) += +(?P<number>-?[0-9.]+(?:e-?\d+)?)", re.MULTILINE)
RESPONDENT = re.compile(r"^\| \d+ \| ([0-9.]+) \| (\w) \| (\w*) ?\|$", re.MULTILINE)


def printed() -> dict[str, str]:
    """Numbers of the document's examples, as printed, by name."""
    pairs = [match for block in EXAMPLE.findall(DOCUMENT) for match in NUMBER.findall(block)]
    assert len(dict(pairs)) == len(pairs), "a name stands twice"
    return dict(pairs)


def respondents() -> list[tuple[float, str, int | None]]:
    """Weight, group and answer (1 yes, 0 no, None blank) of the document's table."""
    return [(float(w), group, {"yes": 1, "no": 0, "": None}[said]) for w, group, said in RESPONDENT.findall(DOCUMENT)]


def sql(name: str, *arguments: object) -> float:
    """Value of a macro; numbers are handed over as doubles, whole ones as integers."""

    def text(argument: object) -> object:
        return repr(argument) if isinstance(argument, int) else f"{argument!r}::double"

    # The side of an interval is read by Jinja, not by DuckDB.
    made = [
        argument if name == "score_bound" and not place else text(argument) for place, argument in enumerate(arguments)
    ]
    return duckdb.sql(f"select {getattr(MACROS.module, name)(*made)}").fetchall()[0][0]


def estimate(n: int, rows: list[tuple[float, int]]) -> dict[str, float]:
    """Share with its standard error and sizes, by the macros."""
    sum_w, sum_w2 = sum(w for w, _ in rows), sum(w * w for w, _ in rows)
    p = sum(w * y for w, y in rows) / sum_w
    sum_w2y = sum(w * w * y for w, y in rows)
    variance = sql("taylor_variance", n, sum_w, p, sum_w2, sum_w2y, sum_w2y)
    kish = sql("n_eff_kish", sum_w, sum_w2)
    srs = p * (1 - p) / len(rows)
    return {
        "n": len(rows), "w": sum_w, "p": p, "variance": variance, "se": variance**0.5, "kish": kish,
        "w2_mean": sum_w2y / sum_w2, "deff": variance / srs if srs else 0.0,
        "n_eff": sql("n_eff_capped", len(rows), variance / srs if srs else 0.0, kish),
    }  # fmt: skip


def shares() -> dict[str, float]:
    """Example of one share and its interval."""
    n, base = len(respondents()), [(w, y) for w, _, y in respondents() if y is not None]
    whole = estimate(n, base)
    bounds = [sql("score_bound", side, whole["p"], whole["n_eff"], Z) for side in (-1, 1)]
    return {
        "n": n, "base_n": len(base), "base_weighted": whole["w"], "p": whole["p"], "se": whole["se"],
        "deff": whole["deff"], "n_eff": whole["n_eff"], "n_eff kish": whole["kish"],
        "ci_low": bounds[0], "ci_high": bounds[1],
        "wilson upper": sql("score_bound", 1, 0.0, whole["kish"], Z),
        "moe_report": sql("margin_report", whole["p"], len(base)),
    }  # fmt: skip


def compared(group: dict[str, float], rest: dict[str, float], smallest: float) -> dict[str, float]:
    """Columns of the test of two shares, by the macros."""
    sides = [
        {
            "base_n": side["n"], "n": side["kish"], "mean": side["p"], "w2_mean": side["w2_mean"],
            "w2_square": side["w2_mean"], "variance": side["variance"],
        }
        for side in (group, rest)
    ]  # fmt: skip
    texts = [{name: f"{value!r}::double" for name, value in side.items()} for side in sides]
    relation = f"(select {smallest} as test_base, 0 as test_expected)"
    query = MACROS.module.test_of(relation, f"{group['p'] - rest['p']!r}::double", *texts, "1", "cast(null as varchar)")
    return duckdb.sql(f"select *, {MACROS.module.difference_se(*texts)} as se from {query}").pl().to_dicts()[0]


def differences() -> dict[str, float]:
    """Example of a group against the rest."""
    n, base = len(respondents()), [(w, group, y) for w, group, y in respondents() if y is not None]
    group, rest = (estimate(n, [(w, y) for w, name, y in base if (name == "a") == side]) for side in (True, False))
    difference, found = group["p"] - rest["p"], compared(group, rest, 3)
    share = group["w"] / (group["w"] + rest["w"])
    return {
        "p_group": group["p"], "p_rest": rest["p"], "se_group": group["se"], "se_rest": rest["se"],
        "difference_to_rest": difference, "se of difference": found["se"],
        "omega": share, "difference_to_total": (1 - share) * difference,
        "k_group": group["kish"], "k_rest": rest["kish"], "pooled mean": found["pooled_mean"],
        "pooled square": found["pooled_square"], "se_null": found["se_null"], "z": found["z"],
        "p_value": found["p_value"], "se of a printed share": (84 * (100 - 84) / 120 + 1 / 12) ** 0.5,
    }  # fmt: skip


def families() -> dict[str, float]:
    """Example of adjusted p-values."""
    p = [0.003, 0.02, 0.03, 0.6]
    adjusted = MACROS.module.bh_adjusted("x", "p", "p", ["f"])
    rows = duckdb.sql(
        f"with x as (select 1 as f, unnest({p}::double[]) as p) select p_adjusted from {adjusted} order by p"
    ).fetchall()
    return {f"adjusted {number}": row[0] for number, row in enumerate(rows, start=1)}


def distributions() -> dict[str, float]:
    """Example of the chi-square test of answers by group, from the cells' sums."""
    base = [(w, group, y) for w, group, y in respondents() if y is not None]
    cells = {(group, said): [w for w, *place in base if place == [group, said]] for group in "ab" for said in (0, 1)}
    sum_w = sum(w for w, _, _ in base)
    chi_square, total, numerator, denominator, p_value = results_of({
        "table_no": np.zeros(4), "row_no": np.array([0, 0, 1, 1]), "column_no": np.array([0, 1, 0, 1]),
        "table_n": np.full(4, len(base)), "respondents_n": np.full(4, len(respondents())), "table_w": np.full(4, sum_w),
        "p": np.array([sum(weights) / sum_w for weights in cells.values()]),
        "sum_w2": np.array([sum(w * w for w in weights) for weights in cells.values()]),
    }, groups_tests)[0]  # fmt: skip
    return {
        "chi_square": chi_square, "design_correction": total, "statistic": chi_square / total,
        "df_numerator": numerator, "df_denominator": denominator,
        "p_value of the table": p_value,
    }  # fmt: skip


@pytest.fixture(scope="module")
def computed() -> dict[str, float]:
    return shares() | differences() | families() | distributions()


def test_every_number_of_the_examples_is_computed(computed: dict[str, float]) -> None:
    numbers = printed()
    assert set(numbers) == set(computed)
    for name, text in numbers.items():
        decimals = len(text.partition(".")[2])
        assert abs(float(text) - computed[name]) <= 0.5 * 10**-decimals * (1 + 1e-6), (name, text, computed[name])


def test_the_example_holds_outside_the_macros(computed: dict[str, float]) -> None:
    n, base = len(respondents()), [row for row in respondents() if row[2] is not None]
    w, y = (np.array([row[place] for row in base], dtype=float) for place in (0, 2))
    a = np.array([row[1] == "a" for row in base])
    p = np.average(y, weights=w)
    se = np.sqrt(n / (n - 1) * (w**2 * (y - p) ** 2).sum()) / w.sum()
    assert computed["se"] == pytest.approx(se, rel=1e-12)
    n_eff = min(p * (1 - p) / se**2, w.sum() ** 2 / (w**2).sum())
    wilson = proportion_confint(p * n_eff, n_eff, method="wilson")
    assert [computed["ci_low"], computed["ci_high"]] == pytest.approx(wilson, rel=1e-12)
    # The pooled variance from residuals around the pooled mean.
    sizes = np.array([w[a == side].sum() ** 2 / (w[a == side] ** 2).sum() for side in (True, False)])
    middle = sizes @ [np.average(y[a == side], weights=w[a == side]) for side in (True, False)] / sizes.sum()
    squares = [np.average((y[a == side] - middle) ** 2, weights=w[a == side] ** 2) for side in (True, False)]
    se_null = np.sqrt(sizes @ squares / sizes.sum() * (1 / sizes).sum())
    assert computed["se_null"] == pytest.approx(se_null, rel=1e-12)
    assert computed["p_value"] == pytest.approx(2 * stats.norm.sf(computed["difference_to_rest"] / se_null), rel=1e-12)
    table = [[w[(a == side) & (y == said)].sum() for said in (0, 1)] for side in (True, False)]
    scaled = np.array(table) * len(base) / w.sum()
    assert computed["chi_square"] == pytest.approx(stats.chi2_contingency(scaled, correction=False)[0], rel=1e-12)
    # Two by two, the interaction is the log odds ratio: its linearised variance against that of a simple sample.
    share = np.array([[w[(a == side) & (y == said)].sum() / w.sum() for said in (0, 1)] for side in (True, False)])
    own = share[(~a).astype(int), y.astype(int)]
    variance = n / (n - 1) * ((w / own) ** 2).sum() / w.sum() ** 2
    correction = variance / ((1 / share).sum() / len(base))
    assert computed["design_correction"] == pytest.approx(correction, rel=1e-12)
    assert computed["df_denominator"] == pytest.approx(len(base) - 1, rel=1e-12)
    tail = 2 * stats.t.sf(np.sqrt(computed["statistic"]), len(base) - 1)
    assert computed["p_value of the table"] == pytest.approx(tail, rel=1e-12)
