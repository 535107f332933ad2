"""A run stands on its own feet: what lies in the build folder, and what the machine does not allow."""

import errno
import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from helsemonitor import artifacts, facts, lock, place, record_keys, releases, shelf, space, warehouse
from helsemonitor.codebook import Wave
from helsemonitor.errors import DataRefused, PlaceUnfit
from helsemonitor.settings import Settings
from orchestration import cli, road, stopping
from orchestration.endings import Ending
from tests.unit.small_project import make_settings, make_warehouse, write_waves

WAVES = (Wave("birds", 2020, 3, "nr", "", ""),)
BROKEN = {"empty": b"", "cut": b'{"release": "2030', "bytes": b"\x00\xff\x80", "a list": b"[]", "a number": b"7"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = make_settings(tmp_path)
    write_waves(settings, ["birds,2020,3,nr,,"])
    monkeypatch.setattr(cli.Settings, "from_environment", classmethod(lambda cls: settings))
    monkeypatch.setattr(lock, "GRACE_SECONDS", 0.1)
    return settings


def publish(settings: Settings, marts: list[str] | None = None) -> releases.Release:
    if not settings.warehouse.exists():
        make_warehouse(settings)
    return releases.publish_release(settings, WAVES, {}, marts)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, list(arguments))


def stage(monkeypatch: pytest.MonkeyPatch, work: Callable[[Settings], Any]) -> None:
    """Have the first stage do something else, and no other stage follow."""

    def first(settings: Settings) -> road.StageResult:
        work(settings)
        raise DataRefused(["The first stage was reached."])

    monkeypatch.setattr(road, "gate_codebook", first)


def releases_left(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.releases_dir.iterdir())


# The private warehouse.


@pytest.mark.parametrize("length", [0, 5, 12, 5000])
def test_a_cut_warehouse_is_built_anew(settings: Settings, length: int) -> None:
    make_warehouse(settings)
    settings.warehouse.write_bytes(settings.warehouse.read_bytes()[:length])
    with lock.writer(settings, "a test"):
        assert not settings.warehouse.exists()


def test_a_warehouse_with_a_damaged_header_is_built_anew(settings: Settings) -> None:
    make_warehouse(settings)
    content = bytearray(settings.warehouse.read_bytes())
    content[16:9000] = bytes(9000 - 16)
    settings.warehouse.write_bytes(content)
    with lock.writer(settings, "a test"):
        assert not settings.warehouse.exists()


@pytest.mark.parametrize("with_warehouse", [True, False])
def test_a_damaged_write_ahead_log_keeps_nothing_back(settings: Settings, with_warehouse: bool) -> None:
    if with_warehouse:
        make_warehouse(settings)
    settings.warehouse_log.write_bytes(b"no log at all" * 50)
    with lock.writer(settings, "a test") as notes:
        assert notes == ()
        # So begins the build.
        warehouse.remove_warehouse(settings)
    assert not settings.warehouse_log.exists()
    assert not settings.warehouse.exists()


@pytest.mark.parametrize("kind", ["text", "other database", "SQLite"])
def test_a_file_of_somebody_else_is_set_aside(settings: Settings, kind: str) -> None:
    if kind == "other database":
        with duckdb.connect(str(settings.warehouse)) as connection:
            connection.execute("create table recipes as select 1 as eggs")
    else:
        settings.warehouse.write_bytes(b"SQLite format 3\x00" if kind == "SQLite" else b"My notes of the year.\n")
    before = settings.warehouse.read_bytes()
    aside = settings.build_dir / "warehouse.duckdb.set_aside_1"
    with lock.writer(settings, "a test") as notes:
        assert not settings.warehouse.exists()
    assert aside.read_bytes() == before
    assert len(notes) == 1
    assert "build/warehouse.duckdb.set_aside_1" in notes[0]


def test_a_sound_warehouse_needs_no_word(settings: Settings) -> None:
    make_warehouse(settings)
    assert warehouse.clear_warehouse(settings) == ()
    assert settings.warehouse.exists()


# What dbt and the gates leave.


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_damaged_artifacts_are_not_believed(settings: Settings, content: bytes) -> None:
    target = settings.dbt_target_dir
    target.mkdir()
    for name in ("run_results.json", "manifest.json", "partial_parse.msgpack", "partial_parse.sha256"):
        (target / name).write_bytes(content)
    (target / "compiled").write_bytes(content)
    (target / "graph.gpickle").mkdir()
    artifacts.clear_artifacts(target)
    assert list(target.iterdir()) == []


def test_a_whole_parsed_project_is_kept(settings: Settings) -> None:
    target = settings.dbt_target_dir
    target.mkdir()
    (target / "partial_parse.msgpack").write_bytes(b"parsed")
    artifacts.seal_parsed(target)
    artifacts.clear_artifacts(target)
    assert (target / "partial_parse.msgpack").read_bytes() == b"parsed"
    (target / "partial_parse.msgpack").write_bytes(b"parse")
    artifacts.clear_artifacts(target)
    assert not (target / "partial_parse.msgpack").exists()


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_damaged_manifest_of_the_build_is_a_sentence(settings: Settings, content: bytes) -> None:
    settings.dbt_target_dir.mkdir()
    (settings.dbt_target_dir / "manifest.json").write_bytes(content)
    with pytest.raises(PlaceUnfit, match=r"build/dbt_target/manifest\.json.* is missing or damaged"):
        facts.read_build_manifest(settings, settings.dbt_target_dir)


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_damaged_seal_of_the_marts_is_no_seal(settings: Settings, content: bytes) -> None:
    from expectations.gates import refuse_unchecked_marts

    make_warehouse(settings)
    settings.marts_seal.write_bytes(content)
    with pytest.raises(DataRefused, match="have not passed their expectations"):
        refuse_unchecked_marts(settings)


@pytest.mark.parametrize("content", [b"", b"ab12", b"g" * 64, b"0" * 65, b"\xff" * 64])
def test_a_damaged_secret_is_never_replaced(settings: Settings, content: bytes) -> None:
    secretive = Settings(settings.project_dir, settings.seeds_dir, settings.build_dir, "open")
    secretive.record_key_secret.write_bytes(content)
    secretive.record_key_secret.chmod(0o600)
    with pytest.raises(PlaceUnfit, match="does not hold the 64 hexadecimal digits"), lock.writer(secretive, "a test"):
        pass
    assert secretive.record_key_secret.read_bytes() == content


def test_a_new_secret_is_whole_and_for_its_owner_alone(settings: Settings) -> None:
    secretive = Settings(settings.project_dir, settings.seeds_dir, settings.build_dir, "open")
    record_keys.ensure_record_key_secret(secretive)
    first = secretive.record_key_secret.read_bytes()
    record_keys.ensure_record_key_secret(secretive)
    assert (len(first), secretive.record_key_secret.read_bytes()) == (64, first)
    assert secretive.record_key_secret.stat().st_mode & 0o777 == 0o600


# Releases and what lies beside them.


@pytest.mark.parametrize("content", [*BROKEN.values(), None], ids=[*BROKEN, "missing"])
def test_status_names_a_damaged_manifest(settings: Settings, content: bytes | None) -> None:
    manifest = publish(settings).path / "manifest.json"
    manifest.unlink()
    if content is not None:
        manifest.write_bytes(content)
    shown = run("status")
    assert shown.exit_code == 4
    assert f"{settings.shown(manifest)} is {'not there' if content is None else 'damaged'}" in shown.output
    assert "now      no refresh is running" in shown.output


def test_damaged_manifests_do_not_keep_the_next_release_back(settings: Settings) -> None:
    for _ in range(2):
        (publish(settings).path / "manifest.json").write_bytes(b"{")
    latest = publish(settings)
    found = shelf.current_release(settings)
    assert found is not None
    assert found.path == latest.path
    assert latest.notes == ()


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_diff_release_of_a_damaged_manifest(settings: Settings, content: bytes) -> None:
    release = publish(settings)
    (release.path / "manifest.json").write_bytes(content)
    compared = run("diff-release", "current", "current")
    assert compared.exit_code == 2, compared.output
    assert "Traceback" not in compared.output


def test_foreign_things_beside_the_releases_are_left_alone(settings: Settings) -> None:
    publish(settings)
    beside = [settings.published_dir / ".DS_Store", settings.releases_dir / ".DS_Store"]
    beside += [settings.releases_dir / "readme.txt", settings.published_dir / "notes.txt"]
    for path in beside:
        path.write_bytes(b"mine")
    foreign = [settings.releases_dir / "0000_old", settings.published_dir / "backup", settings.releases_dir / ".idea"]
    for path in foreign:
        path.mkdir()
    made = [publish(settings) for _ in range(6)]
    assert all(path.read_bytes() == b"mine" for path in beside)
    assert all(path.is_dir() for path in foreign)
    kept = sorted(path.name for path in shelf.release_folders(settings.published_dir))
    assert kept == [release.release_id for release in made[1:]]
    assert run("status").exit_code == 0
    assert run("diff-release", "previous", "current").exit_code == 0


FOLDERS = ["logs", "published", "published/releases", "data_docs", "data_docs/raw", "dbt_target", "gated_seeds"]
FILES = ["refresh.lock", "refresh.json", "marts_gate.json", "warehouse.duckdb", "warehouse.duckdb.wal", "logs/dbt.log"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_file_where_a_folder_is_due(settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    stage(monkeypatch, lambda _: pytest.fail("a stage began"))
    blocking = settings.build_dir / name
    blocking.parent.mkdir(parents=True, exist_ok=True)
    blocking.write_bytes(b"mine")
    ended = run("refresh")
    assert ended.exit_code == 4, ended.output
    assert f"build/{name} is a file where a folder is due; move it away and start again." in ended.stderr
    assert blocking.read_bytes() == b"mine"
    assert run("status").exit_code == 0


@pytest.mark.parametrize("name", FILES)
def test_a_folder_where_a_file_is_due(settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    stage(monkeypatch, lambda _: pytest.fail("a stage began"))
    (settings.build_dir / name).mkdir(parents=True)
    ended = run("refresh")
    assert ended.exit_code == 4, ended.output
    assert f"build/{name} is a folder where a file is due; move it away and start again." in ended.stderr
    assert run("status").exit_code == 0


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_current_that_is_no_link(settings: Settings, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    stage(monkeypatch, lambda _: pytest.fail("a stage began"))
    release = publish(settings)
    settings.current.unlink()
    if kind == "folder":
        shutil.copytree(release.path, settings.current)
    else:
        settings.current.write_text("releases/x")
    ended = run("refresh")
    assert ended.exit_code == 4
    assert f"build/published/current is a {kind} where a link to a release is due" in ended.stderr
    assert settings.current.exists()
    assert run("status").exit_code == (0 if kind == "folder" else 4)


@pytest.mark.parametrize("target", ["releases/20300101_000000_000000_00000000", "current"])
def test_a_dangling_current_is_replaced(settings: Settings, target: str) -> None:
    publish(settings)
    settings.current.unlink()
    settings.current.symlink_to(target)
    shown = run("status")
    assert (shown.exit_code, "is not there" in shown.output) == (4, True)
    assert run("diff-release", "current", "current").exit_code == 2
    with lock.writer(settings, "a test"):
        pass
    latest = publish(settings)
    assert settings.current.resolve() == latest.path.resolve()


@pytest.mark.parametrize("kind", ["file", "missing"])
def test_seeds_that_are_no_folder(settings: Settings, kind: str) -> None:
    shutil.rmtree(settings.seeds_dir)
    if kind == "file":
        settings.seeds_dir.write_text("mine")
    ended = run("refresh")
    assert ended.exit_code == 2
    assert f"The seeds folder seeds is {'no folder' if kind == 'file' else 'not there'}" in ended.stderr


def test_copies_are_never_written_over_the_seeds(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the seeds in build/gated_seeds a run would overwrite the codebook and delete raw files."""
    stage(monkeypatch, lambda _: pytest.fail("a stage began"))
    settings.gated_seeds_dir.symlink_to(settings.seeds_dir)
    before = {path: path.read_bytes() for path in settings.codebook_dir.iterdir()}
    ended = run("refresh")
    assert ended.exit_code == 4
    assert (
        "A run writes its copies of the seeds to build/gated_seeds, and the seeds folder seeds lies there"
        in ended.stderr
    )
    assert {path: path.read_bytes() for path in settings.codebook_dir.iterdir()} == before


# What the machine does not allow.


def failing(number: int) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_folder_that_takes_no_file(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    stage(monkeypatch, lambda _: pytest.fail("a stage began"))
    monkeypatch.setattr(place, "_probe", failing(errno.EROFS))
    ended = run("refresh")
    assert ended.exit_code == 4
    assert ended.stderr.startswith("Nothing can be written into the build folder build (Read-only file system)")


def test_a_file_system_without_links(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    stage(monkeypatch, lambda _: pytest.fail("a stage began"))
    monkeypatch.setattr(Path, "symlink_to", failing(errno.EPERM))
    ended = run("refresh")
    assert ended.exit_code == 4
    assert "takes no symbolic links (Operation not permitted)" in ended.stderr


def test_a_disk_without_room_is_found_at_the_start(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    stage(monkeypatch, lambda _: pytest.fail("a stage began"))
    (settings.raw_dir / "birds_2020.csv").write_bytes(b"x" * 4_000_000)
    monkeypatch.setattr(space, "free_bytes", lambda _: 2_500_000)
    ended = run("refresh")
    assert ended.exit_code == 4
    # Ten bytes for each of the four million of the raw file.
    assert "a run needs at least 40 MB there and 2.5 MB are free" in ended.stderr


def test_a_half_built_warehouse_does_not_say_how_much_is_needed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.raw_dir / "birds_2020.csv").write_bytes(b"x" * 4_000_000)
    settings.warehouse.write_bytes(b"x" * 1000)
    free = {settings.build_dir: 900_000_000, settings.published_dir: 100_000}
    monkeypatch.setattr(space, "free_bytes", free.__getitem__)
    assert space.full_disk_sentence(settings) == (
        "The disk of build/published is full: a run needs at least 40 MB there and 0.1 MB are free. Make room or point "
        "HELSEMONITOR_BUILD elsewhere."
    )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("moment", ["_copy_table", "_sync_tree", "sync", "point_current"])
def test_a_full_disk_leaves_no_half_release(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, moment: str, number: int
) -> None:
    former = publish(settings)
    stage(monkeypatch, publish)
    monkeypatch.setattr(releases, moment, failing(number))
    ended = run("refresh")
    assert ended.exit_code == 4, ended.output
    assert "The disk of build is full: a run needs at least " in ended.stderr
    assert " are free. " in ended.stderr
    assert "nothing was published. build/published/current is as it was." in ended.stderr
    assert "Traceback" not in ended.output
    assert settings.current.resolve() == former.path.resolve()
    assert releases_left(settings) == [former.release_id]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('IO Error: Could not write all bytes to file "/x": wanted=1 wrote=0', "The disk of build is full"),
        ("[Errno 28] No space left on device: '/x/y'", "The disk of build is full"),
        ('IO Error: Cannot open file "/x/y.tmp": Permission denied', "/x/y.tmp cannot be read or written"),
        ("Out of Memory Error: could not allocate block of size 256 KiB", "has not enough memory free"),
        ("Catalog Error: Table with name t does not exist", None),
    ],
)
def test_what_libraries_say_of_the_machine(settings: Settings, said: str, words: str | None) -> None:
    error = ValueError("dbt failed")
    error.__cause__ = RuntimeError(said)
    found = space.machine_problem(settings, error)
    assert (found is None) if words is None else (found is not None and words in found)


def test_a_failing_prune_does_not_unpublish(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [publish(settings) for _ in range(5)]
    monkeypatch.setattr(shelf, "_delete", failing(errno.EACCES))
    latest = publish(settings)
    assert settings.current.resolve() == latest.path.resolve()
    assert latest.notes == (
        f"The old release {made[0].release_id} could not be deleted (Permission denied); delete it.",
    )


def test_what_fails_after_the_link_has_moved_is_said_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(settings)

    def work(settings: Settings) -> None:
        publish(settings)
        raise RuntimeError("too late")

    stage(monkeypatch, work)
    ended = run("refresh")
    assert ended.exit_code == 3
    assert "nothing was published" not in ended.stderr
    assert f"build/published/current is {settings.current.readlink()}" in ended.stderr


def test_only_logs_that_were_written_are_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.logs_dir.mkdir()
    old = settings.logs_dir / "dbt.log"
    old.write_text("of last year")
    os.utime(old, (0, 0))
    stage(monkeypatch, lambda _: 1 / 0)
    assert run("refresh").stderr.endswith("The whole story is in build/logs/error.log.\n")
    monkeypatch.setattr(Path, "write_text", failing(errno.EROFS))
    words, code = Ending(settings).of(ZeroDivisionError("x"))
    assert code == 3
    assert "could not be written to build/logs/error.log (Read-only file system)" in words[-1]


# Stopped by a signal.


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("moment", ["_copy_table", "_sync_tree", "point_current"])
def test_a_signal_while_publishing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, moment: str, number: int, code: int
) -> None:
    former = publish(settings)
    stage(monkeypatch, publish)
    monkeypatch.setattr(releases, moment, lambda *_: os.kill(os.getpid(), number))
    ended = run("refresh")
    assert ended.exit_code == code, ended.output
    assert ended.stderr == "Stopped: nothing was published. build/published/current is as it was.\n"
    assert settings.current.resolve() == former.path.resolve()
    assert releases_left(settings) == [former.release_id]
    assert not settings.lock_file.with_suffix(".json").exists()


def test_a_signal_before_the_link_is_renamed_leaves_no_link(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(settings)
    stage(monkeypatch, publish)
    monkeypatch.setattr(Path, "replace", lambda *_: os.kill(os.getpid(), signal.SIGINT))
    assert run("refresh").exit_code == 130
    assert sorted(path.name for path in settings.published_dir.iterdir()) == ["current", "releases"]


def test_a_signal_after_the_link_has_moved(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(settings)
    stage(monkeypatch, publish)
    monkeypatch.setattr(releases, "prune", lambda _: os.kill(os.getpid(), signal.SIGINT))
    ended = run("refresh")
    assert ended.exit_code == 130
    assert f"the release was published before: build/published/current is {settings.current.readlink()}" in ended.stderr
    assert settings.current.is_dir()


def test_an_interruption_that_a_library_turns_into_its_own(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(_: Settings) -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("Query interrupted") from None

    stage(monkeypatch, work)
    assert (run("refresh").exit_code, run("refresh").stderr) == (130, "Stopped: nothing was published.\n")


def test_an_interruption_that_a_library_swallows() -> None:
    with stopping.listening() as stop:
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        # A second one waits for the tidying.
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            stopping.raise_if_stopped()
    assert stop.exit_code == 143
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# A release holds the marts of the project that made it.


def test_a_mart_that_was_taken_out_is_gone(settings: Settings) -> None:
    """What an earlier project left may not even keep a release back with a column of single respondents."""
    make_warehouse(settings, ["create table marts.fct_old as select 'r1' as respondent_id"])
    release = publish(settings, ["dim_item", "dim_indicator"])
    assert sorted(release.manifest["tables"]) == ["dim_indicator", "dim_item"]
    assert sorted(path.stem for path in (release.path / "parquet").iterdir()) == ["dim_indicator", "dim_item"]
    with duckdb.connect(str(release.path / "helsemonitor.duckdb"), read_only=True) as connection:
        found = connection.execute("select table_name from information_schema.tables order by 1").fetchall()
    assert found == [("dim_indicator",), ("dim_item",)]


def test_a_mart_that_was_not_built_is_missed(settings: Settings) -> None:
    with pytest.raises(DataRefused, match=r"has no table marts\.fct_new, which the project declares"):
        publish(settings, ["dim_item", "fct_new"])
    assert releases_left(settings) == []


def test_the_builds_manifest_names_the_marts() -> None:
    def node(kind: str, schema: str, alias: str, materialized: str = "table") -> dict[str, Any]:
        return {"resource_type": kind, "schema": schema, "alias": alias, "config": {"materialized": materialized}}

    nodes = [
        node("model", "marts", "fct_b"),
        node("model", "marts", "fct_a", "view"),
        node("model", "marts", "fct_part", "ephemeral"),
        node("model", "staging", "stg_a"),
        node("test", "marts", "unique_fct_a", "test"),
        node("seed", "marts", "dim_seed", "seed"),
    ]
    manifest = {"nodes": {str(place): each for place, each in enumerate(nodes)}}
    assert facts.mart_names(manifest) == ["dim_seed", "fct_a", "fct_b"]


def test_a_mart_with_marks_in_its_name(settings: Settings) -> None:
    name = """fct_"who's"; --"""
    make_warehouse(settings, ["""create table marts."fct_""who's""; --" as select 1 as "a""b", 'x' as "select" """])
    release = publish(settings, [name])
    assert release.manifest["tables"][name]["rows"] == 1
    rows = duckdb.read_parquet(str(release.path / "parquet" / f"{name}.parquet")).fetchall()
    assert rows == [(1, "x")]
