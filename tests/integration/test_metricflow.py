"""Metrics over any grouping equal the marts where a mart holds the grouping, and the raw files where none does."""

import csv
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.integration import metricflow_examples as examples
from tests.integration.conftest import ROOT, Refresh
from tests.integration.readme_queries import with_output as with_tables

needs_metricflow = pytest.mark.skipif(
    not examples.installed(), reason="dbt-metricflow, a requirement of development, is not installed"
)
CITIZENS = "innbygger"
STAFF = "helsepersonell"
ADDING = {"sum", "count_distinct", "max", "min"}


class Semantics:
    """MetricFlow over the warehouse of the session's refresh."""

    def __init__(self, build: Path, folder: Path) -> None:
        self.build = build
        self.folder = folder
        self.project = examples.make_project(folder / "project", build)
        self.queries = 0

    def query(self, metrics: Sequence[str], group_by: Sequence[str], *where: str) -> pd.DataFrame:
        """Run one query and read its result at full precision."""
        self.queries += 1
        path = self.folder / f"{self.queries}.csv"
        result = self._mf(metrics, group_by, where, "--csv", str(path))
        assert result.returncode == 0, result.stdout + result.stderr
        return pd.read_csv(path).set_index(list(group_by)).sort_index() if group_by else pd.read_csv(path)

    def refusal(self, metrics: Sequence[str], group_by: Sequence[str], *where: str) -> str:
        """Run a query that must be refused and return the sentence."""
        result = self._mf(metrics, group_by, where)
        assert result.returncode != 0, result.stdout
        return examples.sentence(result)

    def _mf(
        self, metrics: Sequence[str], group_by: Sequence[str], where: Sequence[str], *more: str
    ) -> subprocess.CompletedProcess[str]:
        words = ["query", "--quiet", "--metrics", ",".join(metrics), *more]
        words += ["--group-by", ",".join(group_by)] if group_by else []
        for condition in where:
            words += ["--where", condition]
        return examples.mf(self.project, self.build, *words)


def one_of(dimension: str, *values: str | int) -> str:
    """A condition: the dimension has one of the values."""
    listed = ", ".join(repr(value) for value in values)
    return f"{{{{ Dimension('{dimension}') }}}} in ({listed})"


def chosen(entity: str, **values: str | int) -> list[str]:
    """Conditions on dimensions of one entity."""
    return [one_of(f"{entity}__{name}", value) for name, value in values.items()]


def codebook(name: str) -> pd.DataFrame:
    return pd.read_csv(ROOT / "seeds" / "codebook" / f"{name}.csv", dtype=str, keep_default_na=False)


def raw(survey: str, year: int, *items: str) -> pd.DataFrame:
    """Answers of one raw wave file, by canonical id, and the weights; read without the warehouse.

    Args:
        survey: Survey id.
        year: Year of the wave.
        items: Single-choice items.

    Returns:
        One row per respondent; one column per item, empty where there is no answer, and `w`.
    """
    waves, columns, code_lists = codebook("waves"), codebook("columns"), codebook("code_lists")
    wave = waves[(waves.survey == survey) & (waves.year == str(year))].iloc[0]
    spans = zip(columns.year_from, columns.year_to, strict=True)
    holds = pd.Series([int(first) <= year <= int(last or year) for first, last in spans], columns.index)
    columns = columns[holds & (columns.survey == survey) & (columns.option == "")]
    with (ROOT / "seeds" / "raw" / f"{survey}_{year}.csv").open(encoding="utf-8", newline="") as file:
        delivered = pd.DataFrame(list(csv.DictReader(file)))
    weights = delivered[wave.weight_column].astype(float) if wave.weight_column else 1.0
    answers = pd.DataFrame({"w": weights}, delivered.index)
    for item in items:
        column = columns[columns.item == item].iloc[0]
        codes = code_lists[code_lists.code_list == column.code_list].set_index("code").answer
        answers[item] = delivered[column.column_name].map(codes)
    return answers


def taylor(people: pd.DataFrame, item: str, answers: Sequence[str], wave_n: int) -> tuple[float, float, int]:
    """Share in percent, its standard error and the base of some respondents, from the definitions."""
    base = people[people[item].notna()]
    y = 100.0 * base[item].isin(answers)
    p = (base.w * y).sum() / base.w.sum()
    variance = wave_n / (wave_n - 1) * (base.w**2 * (y - p) ** 2).sum() / base.w.sum() ** 2
    return p, variance**0.5, len(base)


@pytest.fixture(scope="module")
def build(first: Refresh) -> Path:
    """Build folder of the session's first refresh."""
    return first.build


@pytest.fixture(scope="module")
def semantics(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Semantics:
    return Semantics(build, tmp_path_factory.mktemp("metricflow"))


def test_no_measure_averages(build: Path) -> None:
    manifest = json.loads((build / "dbt_target" / "semantic_manifest.json").read_text(encoding="utf-8"))
    measures = [measure for model in manifest["semantic_models"] for measure in model["measures"]]
    assert measures
    assert {measure["agg"] for measure in measures} <= ADDING
    formulas = [metric["type_params"]["expr"] or "" for metric in manifest["metrics"] if metric["type"] == "derived"]
    assert not [formula for formula in formulas if "avg" in formula.lower() or "mean(" in formula.lower()]


def test_the_sums_give_every_value_of_the_marts(first: Refresh) -> None:
    with duckdb.connect(str(first.release / "helsemonitor.duckdb"), read_only=True) as connection:
        connection.execute("use marts")
        indicators = connection.execute("""
            select count(*), count(sums.sum_w), max(abs(sums.sum_wy / sums.sum_w - facts.value))
            from fct_indicators as facts
            left join fct_indicator_sums as sums using (indicator, survey, year, breakdown, group_key, basis)
            where facts.source = 'computed' and facts.value is not null
        """).fetchone()
        answers = connection.execute("""
            select
                count(*), count(sums.base_n),
                max(abs(100 * sums.answer_weighted / sums.base_weighted - facts.share_pct))
            from fct_answer_shares as facts
            left join fct_answer_sums as sums using (survey, year, item, answer, breakdown, group_key, basis)
            where facts.share_pct is not null
        """).fetchone()
    for rows, matched, difference in (indicators, answers):
        assert rows == matched > 100_000
        assert difference < 1e-9


@needs_metricflow
def test_the_configuration_is_valid_in_the_warehouse(semantics: Semantics) -> None:
    result = examples.mf(semantics.project, semantics.build, "validate-configs")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WARNINGS: 0" in result.stdout
    assert "ERRORS: 0" in result.stdout


@needs_metricflow
def test_agree_by_county_is_what_the_mart_holds(semantics: Semantics, first: Refresh) -> None:
    place = {
        "survey": CITIZENS, "indicator": "digital_easier_contact_agree", "breakdown": "county", "basis": "as_published"
    }  # fmt: skip
    found = semantics.query(
        ["indicator_value", "indicator_base_n", "indicator_se"],
        ["series__wave_year", "series__group_key"],
        *chosen("series", **place),
    )
    with duckdb.connect(str(first.release / "helsemonitor.duckdb"), read_only=True) as connection:
        held = connection.execute(
            """
            select year, group_key, value, base_n, se from marts.fct_indicators
            where survey = $survey and indicator = $indicator and breakdown = $breakdown and basis = $basis
                and value is not null
            """,
            place,
        ).df()
    held = held.set_index(["year", "group_key"]).sort_index()
    assert len(held) > 70
    assert list(found.index) == list(held.index)
    assert found.indicator_value.to_numpy() == pytest.approx(held.value.to_numpy(), rel=1e-9)
    assert found.indicator_se.to_numpy() == pytest.approx(held.se.to_numpy(), rel=1e-9)
    assert found.indicator_base_n.to_numpy() == pytest.approx(held.base_n.to_numpy())


@needs_metricflow
def test_two_age_groups_together_equal_the_raw_files(semantics: Semantics) -> None:
    item, groups, agree = "digital_easier_contact", ("under_30", "30_44"), ("agree_somewhat", "agree_strongly")
    found = semantics.query(
        ["indicator_value", "indicator_se", "indicator_base_n"],
        ["series__wave_year"],
        *chosen("series", survey=CITIZENS, indicator=f"{item}_agree", breakdown="age_group", basis="as_published"),
        one_of("series__group_key", *groups),
    )
    assert len(found) == len(codebook("waves").query("survey == @CITIZENS"))
    for year, row in found.iterrows():
        people = raw(CITIZENS, int(str(year)), item, "age_group")
        value, se, base_n = taylor(people[people.age_group.isin(groups)], item, agree, len(people))
        assert row.indicator_value == pytest.approx(value, rel=1e-9)
        assert row.indicator_se == pytest.approx(se, rel=1e-9)
        assert row.indicator_base_n == base_n


@needs_metricflow
def test_two_waves_and_two_regions_together_equal_the_raw_files(semantics: Semantics) -> None:
    item, regions, years = "digital_easier_contact", ("helse_vest", "helse_midt_norge"), (2024, 2025)
    found = semantics.query(
        ["indicator_value", "indicator_se", "indicator_base_n"],
        [],
        *chosen("series", survey=CITIZENS, indicator=f"{item}_agree", breakdown="health_region", basis="as_published"),
        one_of("series__group_key", *regions),
        one_of("series__wave_year", *years),
    ).iloc[0]
    people = pd.concat([raw(CITIZENS, year, item, "health_region") for year in years])
    people = people[people.health_region.isin(regions) & people[item].notna()]
    agree = people[item].isin(["agree_somewhat", "agree_strongly"])
    assert found.indicator_value == pytest.approx(100 * people.w[agree].sum() / people.w.sum(), rel=1e-9)
    assert found.indicator_base_n == len(people)
    # The variance of a sum over waves is not that of one wave's design.
    assert pd.isna(found.indicator_se)


@needs_metricflow
def test_two_answers_in_merged_groups_equal_the_raw_file(semantics: Semantics) -> None:
    item, answers, groups = "use_colleague_phone", ("some", "high"), ("female", "male")
    people = raw(STAFF, 2024, item, "sex")
    found = semantics.query(
        ["answer_share", "answer_n", "answer_base_n"],
        [],
        *chosen("cell", survey=STAFF, item=item, breakdown="sex", basis="as_published", wave_year=2024),
        one_of("cell__answer", *answers),
        one_of("cell__group_key", *groups),
    ).iloc[0]
    base = people[people.sex.isin(groups) & people[item].notna()]
    answer_n = base[item].isin(answers).sum()
    assert found.answer_n == answer_n
    assert found.answer_base_n == len(base)
    assert found.answer_share == pytest.approx(100 * answer_n / len(base), rel=1e-9)


@needs_metricflow
def test_a_score_in_merged_groups_equals_the_raw_file(semantics: Semantics) -> None:
    item, groups = "helsenorge_nps", ("45_59", "60_plus")
    found = semantics.query(
        ["indicator_value", "indicator_base_n"],
        [],
        *chosen("series", survey=CITIZENS, indicator=f"{item}_score", breakdown="age_group", basis="as_published"),
        one_of("series__group_key", *groups),
        one_of("series__wave_year", 2025),
    ).iloc[0]
    people = raw(CITIZENS, 2025, item, "age_group")
    marks = pd.to_numeric(people[item].where(people.age_group.isin(groups)), errors="coerce").dropna()
    score = (marks >= 9).astype(int) - (marks <= 6).astype(int)
    weight = people.w[marks.index]
    assert found.indicator_value == pytest.approx(100 * (score * weight).sum() / weight.sum(), rel=1e-9)
    assert found.indicator_base_n == len(marks)


@needs_metricflow
@pytest.mark.parametrize(
    ("metric", "conditions", "said"),
    [
        (
            "indicator_base_n",
            chosen("series", survey=CITIZENS, indicator="digital_easier_contact_agree", basis="as_published"),
            "(indicators: 1, breakdowns: ",
        ),
        (
            "answer_share",
            chosen("cell", survey=CITIZENS, item="contact_services", breakdown="total", wave_year=2025),
            "answers to a question that takes several",
        ),
    ],
)
def test_what_does_not_add_up_is_refused(semantics: Semantics, metric: str, conditions: list[str], said: str) -> None:
    refusal = semantics.refusal([metric], [], *conditions)
    assert "A row of this query would add up" in refusal
    assert said in refusal


@needs_metricflow
def test_the_examples_of_the_document_are_up_to_date(semantics: Semantics, first: Refresh) -> None:
    text = examples.DOCUMENT.read_text(encoding="utf-8")
    assert len(examples.EXAMPLE.findall(text)) >= 3
    present = with_tables(text, first.release / "helsemonitor.duckdb")
    present = examples.with_output(present, semantics.project, semantics.build)
    assert text == present, "run `python -m tests.integration.metricflow_examples` after a refresh"
