"""The repository keeps its own rules: checked on dbt's manifest and on the files themselves."""

import csv
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit import structure_rules as rules

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("models", "macros", "orchestration")


def lines(sentences: list[str]) -> str:
    return "\n" + "\n".join(sentences)


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
    result = dbtRunner().invoke(["--quiet", "parse", *folders])
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
    declared = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["waves"]
    with (ROOT / "seeds" / "codebook" / "waves.csv").open(encoding="utf-8", newline="") as file:
        waves = [f"{row['survey']}_{row['year']}" for row in csv.DictReader(file)]
    assert declared == sorted(waves), "mend `vars: waves:` in dbt_project.yml after seeds/codebook/waves.csv"


def test_code_names_no_survey_item_or_year(codebook_names: frozenset[str]) -> None:
    """A new wave, question or survey is rows in CSV files, never SQL or Python."""
    sentences = []
    for path in sorted(path for folder in CODE_FOLDERS for path in (ROOT / folder).rglob("*")):
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
    sources = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for folder in ("orchestration", "expectations", "synthetic", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
    }
    outside = [path for path in rules.importers(sources, "great_expectations") if not path.startswith("expectations/")]
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
