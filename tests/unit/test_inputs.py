"""What a release is made of, as checksums, and what the raw gate remembers."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from expectations.gates import read_raw_files, undeclared_files
from expectations.keeper import Keeper
from helsemonitor.codebook import read_waves
from helsemonitor.inputs import Inputs, code_checksum, inputs_from, inputs_of, is_sealed, seal_warehouse, sealed_inputs
from helsemonitor.settings import PROJECT_DIR, Settings

WALKERS = PROJECT_DIR / "examples" / "walkers"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A small survey with an empty build folder."""
    shutil.copytree(WALKERS, tmp_path / "seeds")
    settings = Settings(PROJECT_DIR, tmp_path / "seeds", tmp_path / "build")
    settings.build_dir.mkdir()
    return settings


def test_the_checksums_follow_every_file_and_no_time(settings: Settings) -> None:
    before = inputs_of(settings, settings.seeds_dir)
    waves = settings.seeds_dir / "codebook" / "waves.csv"
    waves.touch()
    assert inputs_of(settings, settings.seeds_dir) == before
    waves.write_bytes(waves.read_bytes() + b"\n")
    after = inputs_of(settings, settings.seeds_dir)
    assert after.changed_seeds(before) == ["codebook/waves.csv"]
    (settings.seeds_dir / "raw" / "other.csv").write_text("a\n")
    assert inputs_of(settings, settings.seeds_dir).changed_seeds(after) == ["raw/other.csv"]


@pytest.mark.parametrize("name", ["._walkers_2021.csv", ".walkers.csv.swp", "~$walkers_2021.csv"])
def test_files_that_a_program_hides_are_no_inputs(settings: Settings, name: str) -> None:
    """What an editor, a Mac or an open spreadsheet leaves beside a file is neither a change nor an undeclared wave."""
    before, waves = inputs_of(settings, settings.seeds_dir), read_waves(settings)
    (settings.raw_dir / name).write_bytes(b"\x00\x05\x16\x07")
    assert inputs_of(settings, settings.seeds_dir) == before
    assert undeclared_files(settings, waves) == []
    (settings.raw_dir / "walkers_1999.csv").write_text("id\n1\n")
    assert "walkers_1999.csv" in " ".join(undeclared_files(settings, waves))


def test_a_table_of_the_projects_own_counts_where_the_survey_has_none(settings: Settings) -> None:
    """kinds.csv of the project stands in for one that is not among the seeds."""
    (settings.seeds_dir / "codebook" / "kinds.csv").unlink(missing_ok=True)
    assert "codebook/kinds.csv" in inputs_of(settings, settings.seeds_dir).seeds


def test_profile_and_secret_are_inputs(settings: Settings) -> None:
    report = inputs_of(settings, settings.seeds_dir).setting
    settings.record_key_secret.write_text("a" * 64)
    assert inputs_of(settings, settings.seeds_dir).setting == report, "no secret in profile report"
    is_open = replace(settings, disclosure="open")
    one = inputs_of(is_open, settings.seeds_dir).setting
    settings.record_key_secret.write_text("b" * 64)
    assert len({report, one, inputs_of(is_open, settings.seeds_dir).setting}) == 3


def test_code_is_what_the_road_runs(tmp_path: Path) -> None:
    for folder in ("models", "tests/data", "helsemonitor/__pycache__", "docs"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "models" / "a.sql").write_text("select 1")
    before = code_checksum(tmp_path)
    (tmp_path / "docs" / "a.md").write_text("words")
    (tmp_path / "helsemonitor" / "__pycache__" / "a.pyc").write_text("compiled")
    assert code_checksum(tmp_path) == before
    (tmp_path / "models" / "a.sql").rename(tmp_path / "models" / "b.sql")
    assert code_checksum(tmp_path) != before


@pytest.mark.parametrize("said", [None, [], {"seeds": 3}, {"code": "x"}, "inputs"])
def test_what_an_older_manifest_says_is_no_inputs(said: object) -> None:
    assert inputs_from(said) is None


def test_a_seal_holds_for_the_file_that_it_was_made_for(settings: Settings) -> None:
    inputs = Inputs({"raw/a.csv": "1"}, "code", "setting")
    settings.warehouse.write_bytes(b"tables")
    assert not is_sealed(settings)
    seal_warehouse(settings, inputs)
    assert sealed_inputs(settings) == inputs
    assert not is_sealed(replace(settings, disclosure="open")), "another profile"
    seal_warehouse(settings)
    assert is_sealed(settings)
    assert sealed_inputs(settings) is None, "a part was built alone"
    settings.warehouse.write_bytes(b"tables, touched")
    assert not is_sealed(settings)
    settings.warehouse_seal.write_text("{")
    assert not is_sealed(settings)


def looked_at(settings: Settings) -> set[str]:
    """Waves whose files the raw gate reads; it remembers those that pass."""
    reading = read_raw_files(settings, read_waves(settings), copies=settings.gated_seeds_dir / "raw")
    with Keeper() as keeper:
        checks = reading.begin(keeper.begin)()
    assert len(checks) == len(read_waves(settings))
    return {wave.wave_id for wave in reading.read}


def test_the_raw_gate_looks_again_where_file_copy_or_codebook_differ(settings: Settings) -> None:
    waves = read_waves(settings)
    everything = {wave.wave_id for wave in waves}
    assert looked_at(settings) == everything
    assert looked_at(settings) == set()
    copy = settings.gated_seeds_dir / "raw" / f"{waves[0].seed}.csv"
    content = copy.read_bytes()
    copy.unlink()
    copy.write_bytes(content + b"\n")
    assert looked_at(settings) == {waves[0].wave_id}
    assert copy.read_bytes() == content
    said = json.loads(settings.raw_memory.read_text())
    settings.raw_memory.write_text(json.dumps({**said, waves[0].wave_id: {"held_to": "x"}}))
    assert looked_at(settings) == {waves[0].wave_id}
    settings.raw_memory.write_bytes(b"\x00")
    assert looked_at(settings) == everything


def test_a_wave_that_fails_is_not_remembered(settings: Settings) -> None:
    wave = read_waves(settings)[0]
    path = settings.seeds_dir / "raw" / f"{wave.wave_id}.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *rows, rows[0]]) + "\n")
    for _ in range(2):
        assert wave.wave_id in looked_at(settings)
