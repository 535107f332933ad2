"""The repository keeps its own rules: checked on dbt's manifest and on the files themselves."""

import csv
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from helsemonitor.codebook import read_waves
from helsemonitor.codebook.dbt_files import seed_properties, wave_macro
from helsemonitor.settings import Settings
from tests.unit import structure_rules as rules

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("models", "macros", "helsemonitor", "expectations", "orchestration")
PACKAGES = ("helsemonitor", "expectations", "orchestration", "synthetic", "benchmarks")
# The lowest first; synthetic stands beside expectations, on the base alone.
FLOORS = ("helsemonitor", "expectations", "orchestration")
# What the house may grow to; each new mart may add a model. Registered changes that reach what is made of an item, and
# people who are counted once, took four models; groups that are made of those asked took half again as many ways; what
# a printed base counts, margins that weights were calibrated to and the test of a filter took one model each, and the
# status beside a test an edge. Numbers instead of names in the long tables took two models, which say what they stand
# for. Groups that the same changes reach are judged as one, and looked up where values are, by a few more ways.
SHAPE = {"models": 74, "edges_per_model": 1.83, "floors": 17, "ways": 319}


def sources(*folders: str) -> dict[str, str]:
    """Python files of folders, path to code."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


def lines(sentences: list[str]) -> str:
    return "\n" + "\n".join(sentences)


DEPRECATIONS_ARE_ERRORS = '{"error": ["Deprecations"]}'
# What Jinja may ask of the adapter: the methods that dbt's reference describes, and what ends a materialization.
ADAPTER_METHODS = {"commit", "dispatch", "drop_relation", "quote", "get_relation", "get_columns_in_relation"}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    from dbt.cli.main import dbtRunner

    target = tmp_path_factory.mktemp("manifest")
    folders = [
        "--project-dir",
        str(ROOT),
        "--profiles-dir",
        str(ROOT),
        "--target-path",
        str(target),
        "--log-path",
        str(target),
    ]
    # What dbt will drop is an error here; parsed anew, since dbt warns only of what it parses.
    strict = ["--no-partial-parse", "--show-all-deprecations", "--warn-error-options", DEPRECATIONS_ARE_ERRORS]
    result = dbtRunner().invoke(["--quiet", "parse", *strict, *folders])
    assert result.success, result.exception
    return json.loads((target / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> list[rules.Model]:
    return rules.models_of(manifest)


@pytest.fixture(scope="module")
def tracked() -> dict[str, str]:
    """Text of every file that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout: what is tracked cannot be told from what was made")
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in paths
        if path.is_file() and not path.is_relative_to(ROOT / "seeds" / "raw")
    }


@pytest.fixture(scope="module")
def codebook_names() -> frozenset[str]:
    """Ids of surveys, waves, items, indicators, universes and changes; `dont_know` is a kind of answer too."""

    def column(name: str, key: str) -> list[str]:
        with (ROOT / "seeds" / "codebook" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return [row[key] for row in csv.DictReader(file)]

    waves = [
        f"{survey}_{year}" for survey, year in zip(column("waves", "survey"), column("waves", "year"), strict=True)
    ]
    others = [
        *column("items", "item"),
        *column("indicators", "indicator"),
        *column("universes", "universe"),
        *column("changes", "change_id"),
    ]
    return frozenset(column("surveys", "survey") + waves + others) - {"dont_know"}


def documents() -> list[str]:
    return [
        path.relative_to(ROOT).as_posix()
        for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
    ]


def test_models_lie_where_their_names_say(models: list[rules.Model]) -> None:
    sentences = rules.misplaced_models(models)
    assert not sentences, lines(sentences)


def test_no_mart_reads_staging(models: list[rules.Model]) -> None:
    sentences = rules.forbidden_reads(models)
    assert not sentences, lines(sentences)


def test_every_model_is_described(models: list[rules.Model]) -> None:
    sentences = rules.undescribed(models)
    assert not sentences, lines(sentences)


def test_every_model_is_tested(models: list[rules.Model]) -> None:
    sentences = rules.untested(models)
    assert not sentences, lines(sentences)


def test_models_are_short_and_marts_write_their_columns_out(models: list[rules.Model]) -> None:
    sentences = rules.long_or_starred(models)
    assert not sentences, lines(sentences)


def test_every_seed_is_in_its_folders_schema_and_described(manifest: dict[str, Any]) -> None:
    seeds = [node for node in manifest["nodes"].values() if node["resource_type"] == "seed"]
    sentences = []
    for seed in seeds:
        folder = Path(seed["original_file_path"]).parent.name
        if seed["schema"] != folder:
            sentences.append(f"seed {seed['name']} is in schema {seed['schema']}; its folder is {folder}.")
    # A wave is declared in waves.csv and nowhere else, so raw seeds have no entry of their own.
    sentences += [
        f"seed {seed['name']} has no description."
        for seed in seeds
        if not seed["description"] and seed["schema"] != "raw"
    ]
    assert seeds
    assert not sentences, lines(sentences)


def test_dbt_and_the_codebook_declare_the_same_waves() -> None:
    written = (ROOT / "macros" / "waves.sql").read_text(encoding="utf-8")
    assert written == wave_macro(read_waves(Settings(ROOT, ROOT / "seeds", ROOT / "build"))), "run `make waves`"
    written = (ROOT / "models" / "staging" / "_codebook__seeds.yml").read_text(encoding="utf-8")
    assert written == seed_properties(), "run `make waves`"


def test_no_folder_is_overfull(models: list[rules.Model]) -> None:
    sentences = rules.full_folders(models)
    assert not sentences, lines(sentences)


def test_no_yaml_file_is_long() -> None:
    sentences = [
        f"{path.relative_to(ROOT)} has {count} lines; {rules.MAX_YAML_LINES} are allowed."
        for path in sorted((ROOT / "models").rglob("*.yml"))
        if (count := path.read_text(encoding="utf-8").count("\n")) > rules.MAX_YAML_LINES
    ]
    assert not sentences, lines(sentences)


def test_nothing_behind_the_cube_reads_a_respondent(manifest: dict[str, Any], models: list[rules.Model]) -> None:
    """A model holds respondents when its grain, as its description says it, has a respondent in it."""
    grain = {model.name: model.description.split(":")[0].split(".")[0] for model in models}
    respondent_models = frozenset(name for name, text in grain.items() if re.search(r"\brespondent\b", text))
    assert {"stg_answers", "stg_respondents", "int_responses", "int_counted_answers"} <= respondent_models
    sentences = rules.reads_behind_the_cube(models, respondent_models)
    assert not sentences, lines(sentences)


def test_released_cells_are_the_one_door(models: list[rules.Model]) -> None:
    """Only the door and the check of the weights read the cube."""
    readers = {model.name for model in models if any(parent.endswith("/int_cells.sql") for parent in model.parents)}
    assert readers == {"int_released_cells", "chk_margins"}


def test_every_room_is_closed_but_for_its_doors(manifest: dict[str, Any]) -> None:
    """Dbt refuses a read of a private model from another group; here it is held that the groups are the folders."""
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["schema"] == "intermediate":
            assert node["group"] == Path(node["original_file_path"]).parent.name, node["name"]
            readers = {
                manifest["nodes"][child]["group"]
                for child in manifest["child_map"][node["unique_id"]]
                if child.startswith("model.")
            }
            is_door = node["access"] == "protected"
            assert is_door == bool(readers - {node["group"]}), (node["name"], node["access"], readers)


def test_the_shape_of_the_graph(models: list[rules.Model]) -> None:
    found = rules.shape(models)
    found["edges_per_model"] = found.pop("edges") / found["models"]
    assert {name: value for name, value in found.items() if value > SHAPE[name]} == {}


def test_imports_point_downward_and_run_in_no_circle() -> None:
    imports = rules.imported_modules(sources(*PACKAGES))
    synthetic = {module: others for module, others in imports.items() if module.startswith("synthetic")}
    sentences = rules.upward_imports(imports, FLOORS) + rules.import_circles(imports)
    sentences += rules.upward_imports(synthetic, ("helsemonitor", "synthetic", "expectations", "orchestration"))
    assert not sentences, lines(sentences)


def test_code_names_no_survey_item_or_year(codebook_names: frozenset[str]) -> None:
    """A new wave, question or survey is rows in CSV files, never SQL or Python."""
    sentences = []
    for path in sorted(path for folder in CODE_FOLDERS for path in (ROOT / folder).rglob("*")):
        if path == ROOT / "macros" / "waves.sql":
            continue  # written from waves.csv
        if path.suffix in {".sql", ".j2"}:
            found = rules.sql_names(path.read_text(encoding="utf-8"), codebook_names)
        elif path.suffix == ".py":
            found = rules.python_names(path.read_text(encoding="utf-8"), codebook_names)
        elif path.suffix in {".yml", ".yaml"}:
            found = rules.yaml_names(yaml.safe_load(path.read_text(encoding="utf-8")), codebook_names)
        else:
            continue
        sentences += [f"{path.relative_to(ROOT)} spells out '{name}'; it belongs into the codebook." for name in found]
    assert not sentences, lines(sentences)


def test_only_expectations_import_great_expectations() -> None:
    importers = rules.importers(sources(*PACKAGES), "great_expectations")
    outside = [path for path in importers if not path.startswith("expectations/")]
    assert not outside, lines(outside)


def test_definitions_hold_no_logic() -> None:
    source = (ROOT / "orchestration" / "definitions.py").read_text(encoding="utf-8")
    assert source.count("\n") <= 60, "orchestration/definitions.py only assembles; move logic to its own module"


def test_files_name_no_registry_and_no_machine(tracked: dict[str, str]) -> None:
    sentences = rules.forbidden_text(tracked)
    assert not sentences, lines(sentences)


@pytest.mark.parametrize("document", documents())
def test_documents_name_only_what_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    sentences = rules.missing_paths(document, text, ROOT)
    sentences += rules.missing_targets(document, text, (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert not sentences, lines(sentences)


def test_no_sql_reaches_into_the_adapter(tracked: dict[str, str]) -> None:
    sql = {path: text for path, text in tracked.items() if path.startswith(("macros/", "models/", "tests/data/"))}
    asked = {(path, name) for path, text in sql.items() for name in re.findall(r"\badapter\.(\w+)", text)}
    assert {(path, name) for path, name in asked if name not in ADAPTER_METHODS} == set()
    assert [path for path, text in sql.items() if re.search(r"\bbuiltins\.|\bapi\.(?!Relation\b|Column\b)", text)] == []


def test_a_deprecated_form_is_an_error(tmp_path: Path) -> None:
    """Arguments of a test beside its name instead of below `arguments`, which dbt 1.11 still reads."""
    from dbt.cli.main import dbtRunner

    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: small\nprofile: small\nversion: '1.0'\n", encoding="utf-8")
    (tmp_path / "profiles.yml").write_text(
        "small: {target: local, outputs: {local: {type: duckdb, path: ':memory:'}}}\n", encoding="utf-8"
    )
    (tmp_path / "models" / "bird.sql").write_text("select 1 as wren\n", encoding="utf-8")
    old = "models: [{name: bird, columns: [{name: wren, data_tests: [{accepted_values: {values: [1]}}]}]}]\n"
    (tmp_path / "models" / "bird.yml").write_text(old, encoding="utf-8")
    folders = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path), "--log-path", str(tmp_path)]
    strict = ["--quiet", "parse", "--warn-error-options", DEPRECATIONS_ARE_ERRORS]
    result = dbtRunner().invoke([*strict, *folders])
    assert not result.success
    assert "MissingArgumentsPropertyInGenericTestDeprecation" in str(result.exception)
