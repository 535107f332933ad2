"""A run stands on its own feet: what is in its way is said at once, what is worthless is made anew, nothing is lost."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from helsemonitor import lock, releases, shelf, space
from helsemonitor.codebook import Wave
from helsemonitor.errors import PlaceUnfit
from helsemonitor.settings import Settings
from orchestration import cli, road
from tests.unit.small_project import make_settings, make_warehouse

WAVES = [Wave("birds", 2020, 3, "nr", "", "")]
FACTS = {"counts": {"respondents": 3}, "reconciliation": {"ladder": [], "worst": []}, "disclosure": "report"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = make_settings(tmp_path)
    monkeypatch.setattr(cli.Settings, "from_environment", classmethod(lambda cls: settings))
    return settings


def published(settings: Settings) -> releases.Release:
    if not settings.warehouse.exists():
        make_warehouse(settings)
    return releases.publish_release(settings, WAVES, FACTS)


def held(settings: Settings) -> tuple[str, ...]:
    """Notes of a run that took the lock and gave it back."""
    with lock.writer(settings, "a test") as notes:
        return notes


def a_file(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("somebody's own")


def a_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir(parents=True)


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("logs", a_file, "is a file where a folder is due"),
        ("published", a_file, "is a file where a folder is due"),
        ("published/releases", a_file, "is a file where a folder is due"),
        ("data_docs", a_file, "is a file where a folder is due"),
        ("dbt_target", a_file, "is a file where a folder is due"),
        ("published/current", a_folder, "is a folder where a link to a release is due"),
        ("published/current", a_file, "is a file where a link to a release is due"),
        ("marts_gate.json", a_folder, "is a folder where a file is due"),
        ("warehouse.duckdb", a_folder, "is a folder where a file is due"),
        ("logs/dbt.log", a_folder, "is a folder where a file is due"),
    ],
)
def test_what_lies_in_the_way_is_said_before_the_first_stage(
    settings: Settings, name: str, make: Callable[[Path], None], words: str
) -> None:
    published(settings)
    place = settings.build_dir / name
    make(place)
    with pytest.raises(PlaceUnfit, match=words) as problem:
        held(settings)
    assert f"build/{name} " in str(problem.value)
    assert place.exists()


@pytest.mark.parametrize(
    "name", ["published/.DS_Store", "published/releases/.DS_Store", "published/releases/notes.txt"]
)
def test_ordinary_files_beside_the_releases_stay_and_harm_nothing(settings: Settings, name: str) -> None:
    published(settings)
    a_file(settings.build_dir / name)
    a_folder(settings.releases_dir / "my own notes")
    assert held(settings) == ()
    for _ in range(shelf.RELEASES_KEPT + 1):
        published(settings)
    assert (settings.build_dir / name).exists()
    assert (settings.releases_dir / "my own notes").exists()
    assert len(shelf.release_folders(settings.published_dir)) == shelf.RELEASES_KEPT


def test_a_link_to_nothing_is_replaced_by_the_next_release(settings: Settings) -> None:
    shutil.rmtree(published(settings).path)
    assert settings.current.is_symlink()
    assert held(settings) == ()
    assert published(settings).path == settings.current.resolve()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"release": 7}', "\0"])
def test_a_damaged_manifest_is_said_and_does_not_stop_the_next_release(settings: Settings, content: str) -> None:
    release = published(settings)
    (release.path / "manifest.json").write_text(content)
    said = CliRunner().invoke(cli.main, ["status"])
    assert said.exit_code == 4
    assert "manifest.json is damaged" in said.output
    assert held(settings) == ()
    assert published(settings).manifest["release"] == settings.current.resolve().name


@pytest.mark.parametrize("damage", ["cut", "empty", "scrambled"])
def test_a_damaged_warehouse_makes_room_for_a_new_one(settings: Settings, damage: str) -> None:
    make_warehouse(settings)
    content = settings.warehouse.read_bytes()
    new = {"cut": content[:5000], "empty": b"", "scrambled": content[:12] + b"\xff" * 4096 + content[4108:]}[damage]
    settings.warehouse.write_bytes(new)
    assert held(settings) == ()
    assert not settings.warehouse.exists()


@pytest.mark.parametrize("kind", ["text", "sqlite", "foreign tables"])
def test_what_is_no_warehouse_of_ours_is_set_aside(settings: Settings, kind: str) -> None:
    if kind == "foreign tables":
        with duckdb.connect(str(settings.warehouse)) as connection:
            connection.execute("create table my_work as select 42 as answer")
    else:
        settings.warehouse.write_bytes({"text": b"a diary, and a long one", "sqlite": b"SQLite format 3\0rest"}[kind])
    content = settings.warehouse.read_bytes()
    (note,) = held(settings)
    assert "was no warehouse of this project" in note
    (aside,) = settings.build_dir.glob("warehouse.duckdb.set_aside_*")
    assert aside.read_bytes() == content


def test_a_release_holds_the_marts_of_the_project_and_no_others(settings: Settings) -> None:
    """A table that an earlier project left in the warehouse is neither copied nor named."""
    make_warehouse(settings)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create table marts.fct_old as select 1 as n")
    release = releases.publish_release(settings, WAVES, FACTS, marts=["dim_item", "dim_indicator"])
    assert sorted(release.manifest["tables"]) == ["dim_indicator", "dim_item"]
    assert sorted(path.stem for path in (release.path / "parquet").iterdir()) == ["dim_indicator", "dim_item"]
    with duckdb.connect(str(release.path / "helsemonitor.duckdb"), read_only=True) as connection:
        assert connection.execute("select table_name from duckdb_tables() order by 1").fetchall() == [
            ("dim_indicator",),
            ("dim_item",),
        ]


def test_a_release_that_cannot_be_pruned_is_a_note(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first = published(settings)
    for _ in range(shelf.RELEASES_KEPT - 1):
        published(settings)

    def refuse(folder: Path) -> None:
        raise OSError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr(shelf, "_delete", refuse)
    newest = published(settings)
    assert settings.current.resolve() == newest.path
    assert any(first.path.name in note for note in newest.notes), newest.notes


def test_a_full_disk_leaves_no_half_release(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = published(settings)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(settings.releases_dir))

    monkeypatch.setattr(releases, "_copy_table", full)
    with pytest.raises(OSError, match="No space left") as problem:
        published(settings)
    said = space.machine_problem(settings, problem.value)
    assert said
    assert "MB" in said
    assert settings.current.resolve() == before.path
    assert [path.name for path in settings.releases_dir.iterdir()] == [before.path.name]


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (PlaceUnfit(["build is not writable; mend that."]), 4, "build is not writable"),
        (OSError(errno.ENOSPC, "No space left on device", "build"), 4, "MB"),
        (KeyboardInterrupt(), 130, "Stopped"),
        (RuntimeError("a defect"), 3, "a defect"),
    ],
)
def test_an_ending_has_a_code_of_its_own_and_says_what_stands(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    published(settings)

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(road, "refresh", fail)
    ended = CliRunner().invoke(cli.main, ["refresh", "--plain"])
    assert ended.exit_code == code
    assert words in ended.output
    assert "nothing was published" in ended.output
    assert "Traceback" not in ended.output
    named = [line for line in ended.output.split() if line.endswith(".log")]
    assert all((settings.project_dir / name.strip(".")).exists() for name in named), named


def test_no_ending_says_that_nothing_was_published_when_a_release_was(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(settings)

    def publish_and_fail(*_: object) -> None:
        published(settings)
        raise RuntimeError("after the swap")

    monkeypatch.setattr(road, "refresh", publish_and_fail)
    ended = CliRunner().invoke(cli.main, ["refresh", "--plain"])
    assert ended.exit_code == 3
    assert "nothing was published" not in ended.output
