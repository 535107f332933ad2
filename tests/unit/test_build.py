"""Settings, codebook, dbt's arguments, and the sentences about a build that failed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from expectations import gates
from helsemonitor import artifacts, build_failures, dbt_build, facts
from helsemonitor.codebook import Wave, holds_in, read_waves
from helsemonitor.codebook.reading import Row
from helsemonitor.errors import DataRefused
from helsemonitor.settings import PROJECT_DIR, Settings
from orchestration.home import prepare_home
from tests.unit.small_project import make_settings, write_codebook, write_waves

BIRDS = Wave("birds", 2020, 10, "nr", "", "")
SHA = "5e" * 32
FISH = Wave("fish", 2021, 5, "id", "w", "")


def no_problems(tables: Sequence[str]) -> list[str]:
    return []


def no_rules(query: str) -> list[build_failures.Rule]:
    pytest.fail(f"not a test of several rules: {query}")


def test_folders_are_relative_to_the_projects_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HELSEMONITOR_SEEDS", str(tmp_path / "private"))
    monkeypatch.setenv("HELSEMONITOR_BUILD", "")
    settings = Settings.from_environment()
    assert settings.seeds_dir == tmp_path / "private"
    assert settings.build_dir == PROJECT_DIR / "build"
    assert settings.warehouse == PROJECT_DIR / "build" / "warehouse.duckdb"
    assert settings.shown(settings.warehouse) == "build/warehouse.duckdb"
    assert settings.shown(settings.raw_dir) == str(tmp_path / "private" / "raw")


def test_waves_are_sorted_and_typed(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    write_waves(settings, ["fish,2021,5,id,w,", f"birds,2022,7,nr,,{SHA}", "birds,2020,10,nr,,"])
    assert read_waves(settings) == (BIRDS, Wave("birds", 2022, 7, "nr", "", SHA), FISH)
    assert [wave.wave_id for wave in read_waves(settings)] == ["birds_2020", "birds_2022", "fish_2021"]


def test_bad_waves_are_refused_with_their_line(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    write_waves(settings, ["birds,2020,10,nr,,", "fish,21st,5,id,,", "birds,2020,11,nr,,"])
    with pytest.raises(DataRefused) as refusal:
        read_waves(settings)
    assert refusal.value.sentences == ("seeds/codebook/waves.csv line 3: column year is '21st'; write a whole number.",)
    write_waves(settings, ["birds,2020,10,nr,,", "fish,2021,0,,,", "birds,2020,11,nr,,"])
    with pytest.raises(DataRefused) as refusal:
        read_waves(settings)
    assert refusal.value.sentences == (
        "seeds/codebook/waves.csv line 3: column respondents is '0'; write a number from 1 up.",
        "seeds/codebook/waves.csv line 3: column respondent_column is blank; write a value; raw column that "
        "identifies a "
        "respondent.",
        "seeds/codebook/waves.csv line 4: another row has the same survey 'birds', year '2020'; keep one.",
    )


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        (
            {},
            "The codebook file seeds/codebook/waves.csv is not there; restore it or point HELSEMONITOR_SEEDS "
            "elsewhere.",
        ),
        (
            {"waves": ["survey,year,respondents,sha256,source,status,reviewed"]},
            "seeds/codebook/waves.csv has no column respondent_column, weight_column; restore its header row.",
        ),
        (
            {"waves": ["survey,year,respondents,respondent_column,weight_column,sha256,source,status,reviewed"]},
            "seeds/codebook/waves.csv declares no wave; there is nothing to refresh.",
        ),
    ],
)
def test_unreadable_waves_are_refused(tmp_path: Path, tables: dict[str, list[str]], sentence: str) -> None:
    settings = make_settings(tmp_path)
    write_codebook(settings, tables)
    with pytest.raises(DataRefused) as refusal:
        read_waves(settings)
    assert refusal.value.sentences == (sentence,)


@pytest.mark.parametrize("disclosure", ["report", "open"])
def test_dbt_is_told_waves_and_profile_and_leaves_unit_tests_out(tmp_path: Path, disclosure: str) -> None:
    settings = Settings(tmp_path, tmp_path, tmp_path, disclosure)
    *arguments, variables = dbt_build.dbt_build_arguments(settings, [FISH, BIRDS])
    assert arguments == ["build", "--exclude-resource-type", "unit_test", "--vars"]
    assert json.loads(variables) == {
        "waves": [
            {"survey": "birds", "year": 2020, "wave": "2020", "seed": "birds_2020"},
            {"survey": "fish", "year": 2021, "wave": "2021", "seed": "fish_2021"},
        ],
        "disclosure": disclosure,
    }


def test_dbt_keeps_to_the_projects_folders(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    arguments = dbt_build.dbt_project_arguments(settings)
    folders = dict(zip(arguments[:8:2], arguments[1:8:2], strict=True))
    assert folders == {
        "--project-dir": str(tmp_path),
        "--profiles-dir": str(tmp_path),
        "--target-path": str(tmp_path / "build" / "dbt_target"),
        "--log-path": str(tmp_path / "build" / "logs"),
    }
    assert "--no-send-anonymous-usage-stats" in arguments


def test_dbt_sees_the_folders_only_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = make_settings(tmp_path)
    monkeypatch.setenv("HELSEMONITOR_SEEDS", "before")
    monkeypatch.setenv("HELSEMONITOR_DBT_SEEDS", "earlier")
    monkeypatch.delenv("HELSEMONITOR_BUILD", raising=False)
    with dbt_build.project_environment(settings):
        assert os.environ["HELSEMONITOR_SEEDS"] == "before"
        # dbt reads what passed the gates.
        assert os.environ["HELSEMONITOR_DBT_SEEDS"] == str(tmp_path / "build" / "gated_seeds")
        assert os.environ["HELSEMONITOR_BUILD"] == str(tmp_path / "build")
    assert os.environ["HELSEMONITOR_DBT_SEEDS"] == "earlier"
    assert "HELSEMONITOR_BUILD" not in os.environ


MANIFEST: dict[str, Any] = {
    "nodes": {
        "model.p.dim_bird": {"schema": "marts", "name": "dim_bird"},
        "test.p.not_null_bird": {
            "name": "not_null_bird",
            "attached_node": "model.p.dim_bird",
            "column_name": "bird",
            "depends_on": {"nodes": ["model.p.dim_bird"]},
            "original_file_path": "models/marts/_marts__models.yml",
            "description": "",
        },
        "test.p.birds_add_up": {
            "name": "birds_add_up",
            "attached_node": None,
            "column_name": None,
            "depends_on": {"nodes": ["model.p.dim_bird"]},
            "original_file_path": "tests/data/birds_add_up.sql",
            "description": "Every bird is counted once.",
        },
    }
}


def result(unique_id: str, status: str, **more: object) -> dict[str, Any]:
    return {"unique_id": unique_id, "status": status, **more}


def test_failing_tests_are_said_with_place_and_count() -> None:
    results = [
        result("model.p.dim_bird", "success"),
        result("test.p.not_null_bird", "fail", failures=3),
        result("test.p.birds_add_up", "fail", failures=1),
    ]
    reason = build_failures.explain_failure(results, MANIFEST, no_problems, no_rules)
    assert isinstance(reason, DataRefused)
    assert reason.sentences == (
        "The test not_null_bird of marts.dim_bird, column bird, finds 3 rows that break it "
        "(models/marts/_marts__models.yml); compare the codebook and the wave files that feed it.",
        "The test birds_add_up of marts.dim_bird finds 1 row that breaks it (tests/data/birds_add_up.sql); compare the "
        "codebook and the wave files that feed it. Every bird is counted once.",
    )


def test_a_test_of_several_rules_names_those_that_are_broken() -> None:
    sound = MANIFEST["nodes"]["test.p.not_null_bird"] | {
        "name": "sound_rows_dim_bird",
        "column_name": None,
        "test_metadata": {"name": "sound_rows"},
    }
    manifest = {"nodes": MANIFEST["nodes"] | {"test.p.sound_rows_dim_bird": sound}}
    rules = {"select 1": [("unique_grain", "bird, year", 2), ("filled", "song", 1)]}
    results = [result("test.p.sound_rows_dim_bird", "fail", failures=2, compiled_code="select 1")]
    reason = build_failures.explain_failure(results, manifest, no_problems, rules.__getitem__)
    assert isinstance(reason, DataRefused)
    assert reason.sentences == (
        "The test unique_grain of marts.dim_bird, columns bird, year, finds 2 rows that break it "
        "(models/marts/_marts__models.yml); compare the codebook and the wave files that feed it.",
        "The test filled of marts.dim_bird, column song, finds 1 row that breaks it "
        "(models/marts/_marts__models.yml); compare the codebook and the wave files that feed it.",
    )


STATING = {
    "name": "states_no_problem_birds",
    "attached_node": "model.p.dim_bird",
    "test_metadata": {"name": "states_no_problem"},
}


def test_stated_problems_come_before_what_follows_from_them() -> None:
    manifest = {"nodes": MANIFEST["nodes"] | {"test.p.states_no_problem_birds": STATING}}
    results = [
        result("test.p.states_no_problem_birds", "fail", failures=1),
        result("model.p.dim_nest", "error", message="Binder Error"),
        result("test.p.not_null_bird", "fail", failures=3),
    ]
    asked: list[str] = []

    def problems(tables: Sequence[str]) -> list[str]:
        asked.extend(tables)
        return ["Column q1 is unmapped."]

    reason = build_failures.explain_failure(results, manifest, problems, no_rules)
    assert isinstance(reason, DataRefused)
    assert reason.sentences == ("Column q1 is unmapped.",)
    assert asked == ["marts.dim_bird"]


def test_a_warning_states_notes_and_a_failure_problems() -> None:
    manifest = {"nodes": MANIFEST["nodes"] | {"test.p.states_no_problem_birds": STATING}}
    results = [result("test.p.states_no_problem_birds", "warn", failures=1), result("test.p.not_null_bird", "warn")]
    assert build_failures.stating_models(results, manifest, "warn") == ["marts.dim_bird"]
    assert build_failures.stating_models(results, manifest, "fail") == []


def test_problems_of_an_earlier_build_are_not_read() -> None:
    manifest = {"nodes": MANIFEST["nodes"] | {"test.p.states_no_problem_birds": STATING}}

    def must_not_be_called(tables: Sequence[str]) -> list[str]:
        pytest.fail(f"the test of {tables} did not run")

    results = [
        result("test.p.states_no_problem_birds", "skipped"),
        result("model.p.dim_bird", "error", message="boom"),
    ]
    reason = build_failures.explain_failure(results, manifest, must_not_be_called, no_rules)
    assert isinstance(reason, build_failures.BuildError)
    assert str(reason) == "dbt could not build everything:\nmodel.p.dim_bird: boom"


def test_an_error_of_dbt_is_not_blamed_on_the_data() -> None:
    results = [
        result("test.p.not_null_bird", "fail", failures=3),
        result("test.p.birds_add_up", "error", message="boom"),
    ]
    assert isinstance(
        build_failures.explain_failure(results, MANIFEST, no_problems, no_rules), build_failures.BuildError
    )
    assert isinstance(build_failures.explain_failure([], MANIFEST, no_problems, no_rules), build_failures.BuildError)


UNREAD = """Runtime Error in seed birds (seeds/codebook/birds.csv)
  Conversion Error: CSV Error on Line: 5
  Original Line:
  owl,third
  Error when converting column "sort_order". Could not convert string "third" to 'INTEGER'
"""


def test_a_cell_of_the_wrong_type_is_the_codebooks_fault() -> None:
    seed = {"schema": "codebook", "name": "birds", "original_file_path": "seeds/codebook/birds.csv"}
    manifest = {"nodes": MANIFEST["nodes"] | {"seed.p.birds": seed}}
    results = [result("seed.p.birds", "error", message=UNREAD), result("model.p.dim_bird", "skipped")]
    reason = build_failures.explain_failure(results, manifest, no_problems, no_rules)
    assert isinstance(reason, DataRefused)
    assert reason.sentences == (
        "seeds/codebook/birds.csv line 5: sort_order is 'third', which is no integer; correct the cell.",
    )
    for other in (
        result("seed.p.birds", "error", message="IO Error: no space left"),
        result("model.p.dim_bird", "error", message=UNREAD),
    ):
        reason = build_failures.explain_failure([results[0], other], manifest, no_problems, no_rules)
        assert isinstance(reason, build_failures.BuildError)


@pytest.mark.parametrize(
    ("first", "last", "years"),
    [
        ("2020", "2021", [2020, 2021]),
        ("2021", "", [2021, 2022]),
        ("", "2020", [2019, 2020]),
        ("", "", [2019, 2020, 2021, 2022]),
    ],
)
def test_a_range_holds_at_both_ends_and_is_open_where_blank(first: str, last: str, years: list[int]) -> None:
    row = Row({"year_from": first, "year_to": last}, "columns.csv line 2")
    assert [year for year in range(2019, 2023) if holds_in(row, year)] == years


def test_the_grain_of_a_mart_is_what_its_test_declares() -> None:
    def test(model: str, name: str, column: str | None = None, **more: object) -> dict[str, Any]:
        return {"attached_node": model, "test_metadata": {"name": name, **more}, "column_name": column}

    nodes = {
        "model.p.fct_song": {"schema": "marts", "name": "fct_song"},
        "model.p.dim_bird": {"schema": "marts", "name": "dim_bird"},
        "model.p.dim_nest": {"schema": "marts", "name": "dim_nest"},
        "model.p.dim_egg": {"schema": "marts", "name": "dim_egg"},
        "model.p.int_song": {"schema": "intermediate", "name": "int_song"},
        "test.p.a": test("model.p.fct_song", "unique_grain", kwargs={"columns": ["bird", "year"]}),
        "test.p.b": test("model.p.fct_song", "unique", "song"),
        "test.p.c": test("model.p.dim_bird", "unique", "bird"),
        "test.p.d": test("model.p.dim_nest", "not_null", "nest"),
        "test.p.e": test("model.p.int_song", "unique_grain", kwargs={"columns": ["bird"]}),
        "test.p.f": {"attached_node": None, "column_name": None},
        "test.p.g": test("model.p.dim_egg", "sound_rows", kwargs={"grain": ["bird", "egg"], "filled": ["colour"]}),
    }
    assert facts.grains({"nodes": nodes}) == {
        "dim_bird": ["bird"],
        "dim_egg": ["bird", "egg"],
        "fct_song": ["bird", "year"],
    }


def test_results_of_an_earlier_build_are_not_taken_for_this_ones(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    (tmp_path / "run_results.json").write_text(json.dumps({"results": [result("test.p.not_null_bird", "fail")]}))
    artifacts.clear_artifacts(tmp_path)
    reason = build_failures.explain_build(settings, tmp_path, "the project does not parse")
    assert isinstance(reason, build_failures.BuildError)
    assert str(reason) == "dbt could not start to build: the project does not parse"


def test_a_build_is_counted_by_kind_and_status() -> None:
    results = [
        result("seed.p.waves", "success"),
        result("model.p.dim_bird", "success"),
        result("model.p.fct_song", "success"),
        result("test.p.not_null_bird", "pass"),
        result("test.p.birds_add_up", "warn"),
        result("model.p.fct_nest", "skipped"),
    ]
    assert dbt_build.build_counts(results) == {"seeds": 1, "models": 2, "checks_passed": 1, "warnings": 1}


def test_progress_counts_finished_steps() -> None:
    seen: list[tuple[int, int, str]] = []
    callback: Callable[[Any], None] = dbt_build._progress_callback(lambda *step: seen.append(step))
    for name, node in (("LogStartLine", "a"), ("LogStartLine", "b"), ("NodeFinished", "a"), ("LogStartLine", "c")):
        data = SimpleNamespace(total=3, node_info=SimpleNamespace(node_name=node))
        callback(SimpleNamespace(info=SimpleNamespace(name=name), data=data))
    assert seen == [(0, 3, "a"), (0, 3, "b"), (1, 3, "c")]


def test_undeclared_files_are_named(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    for name in ("birds_2020", "birds_2021"):
        (settings.raw_dir / f"{name}.csv").write_text("nr\n1\n")
    assert gates.undeclared_files(settings, [BIRDS]) == [
        "seeds/raw/birds_2021.csv: waves.csv does not declare this wave; add its row or remove the file."
    ]


def test_dagsters_home_queues_runs_and_sends_nothing(tmp_path: Path) -> None:
    import yaml

    settings = make_settings(tmp_path)
    home = prepare_home(settings)
    (home / "history").mkdir()
    (home / "history" / "runs.db").write_text("kept")
    assert prepare_home(settings) == home == tmp_path / "build" / "dagster"
    assert (home / "history" / "runs.db").read_text() == "kept"
    config = yaml.safe_load((home / "dagster.yaml").read_text())
    assert config["telemetry"] == {"enabled": False}
    assert config["concurrency"] == {"runs": {"max_concurrent_runs": 1}}
    assert config["run_coordinator"]["class"] == "QueuedRunCoordinator"


def test_help_is_quick_and_nothing_reports_usage() -> None:
    """What makes a start slow stays unloaded, and the switches against telemetry are set on import."""
    script = """
import os, sys
from click.testing import CliRunner
from orchestration.cli import main
assert CliRunner().invoke(main, ["--help"]).exit_code == 0
assert CliRunner().invoke(main, ["refresh", "--help"]).exit_code == 0
print(sorted({"dagster", "dbt", "great_expectations", "pandas", "duckdb"} & set(sys.modules)))
print([os.environ[name] for name in ("DO_NOT_TRACK", "DBT_SEND_ANONYMOUS_USAGE_STATS", "GX_ANALYTICS_ENABLED")])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT_DIR, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["[]", "['1', 'false', 'false']"]
