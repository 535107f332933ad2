"""A release is complete or not there: its content, the swap, what is kept, and what may never be in it."""

import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from helsemonitor import releases, shelf
from helsemonitor.codebook import Wave
from helsemonitor.errors import DataRefused
from helsemonitor.settings import PROJECT_DIR, Settings
from tests.unit.small_project import make_settings, make_warehouse

WAVES = (Wave("birds", 2020, 3, "nr", "", ""), Wave("fish", 2021, 3, "fish_id", "vekt", ""))
FACTS = {"counts": {"respondents": 6}}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = make_settings(tmp_path)
    make_warehouse(settings)
    return settings


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def left_over(settings: Settings) -> list[str]:
    """Everything in the published folder that is neither a release nor the link."""
    found = [path.name for path in settings.published_dir.iterdir() if path.name not in ("releases", "current")]
    return found + [path.name for path in (settings.published_dir / "releases").glob(".*")]


def test_a_release_holds_the_marts_and_nothing_else(settings: Settings) -> None:
    release = releases.publish_release(settings, WAVES, FACTS)
    current = settings.published_dir / "current"
    assert current.is_symlink()
    assert current.readlink() == Path("releases", release.release_id)
    assert sorted(path.name for path in current.iterdir()) == ["helsemonitor.duckdb", "manifest.json", "parquet"]
    with duckdb.connect(str(current / "helsemonitor.duckdb"), read_only=True) as connection:
        relations = "select table_schema, table_name, table_type from information_schema.tables order by all"
        assert connection.execute(relations).fetchall() == [
            ("marts", "dim_indicator", "BASE TABLE"),
            ("marts", "dim_item", "BASE TABLE"),
            ("marts", "fct_both", "BASE TABLE"),
        ]
        rows = connection.execute("select * from marts.dim_indicator").fetchall()
        assert rows == [("a", 1.5), ("a", None), ("b", 2.5)]
        comments = connection.execute("select comment from duckdb_tables() where table_name = 'dim_item'").fetchall()
        assert comments == [("One row per item; it's small.",)]
        columns = connection.execute("select comment from duckdb_columns() where table_name = 'dim_item'").fetchall()
        assert columns == [("Item id.",)]
    assert b"secret_" not in (current / "helsemonitor.duckdb").read_bytes()


def test_the_file_opens_in_older_clients(settings: Settings) -> None:
    release = releases.publish_release(settings, WAVES, FACTS)
    with duckdb.connect(str(release.path / "helsemonitor.duckdb"), read_only=True) as connection:
        tags = connection.execute("select tags from duckdb_databases() where not internal").fetchone()
    assert tags is not None
    assert tags[0]["storage_version"].startswith("v1.0.0")


def test_the_manifest_says_what_is_in_the_release(settings: Settings) -> None:
    release = releases.publish_release(settings, WAVES, FACTS)
    manifest = json.loads((release.path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["release"] == release.release_id
    assert manifest["waves"] == ["birds_2020", "fish_2021"]
    assert manifest["counts"] == {"respondents": 6}
    sums = digests(release.path / "parquet")
    assert {f"{table}.parquet": entry["sha256"] for table, entry in manifest["tables"].items()} == sums
    assert {table: entry["rows"] for table, entry in manifest["tables"].items()} == {
        "dim_indicator": 3,
        "dim_item": 3,
        "fct_both": 9,
    }
    reread = shelf.current_release(settings)
    assert reread is not None
    assert (reread.path, reread.manifest) == (release.path, manifest)


def test_equal_content_gives_equal_bytes_whatever_its_order(settings: Settings) -> None:
    first = releases.publish_release(settings, WAVES, FACTS)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            "create or replace table marts.dim_indicator as select * from marts.dim_indicator order by value"
        )
    second = releases.publish_release(settings, WAVES, FACTS)
    assert first.path != second.path
    assert digests(first.path / "parquet") == digests(second.path / "parquet")
    assert first.release_id < second.release_id


def test_parquet_is_ordered_by_its_keys(settings: Settings) -> None:
    release = releases.publish_release(settings, WAVES, FACTS)
    rows = duckdb.sql(f"from read_parquet('{release.path}/parquet/dim_item.parquet')").fetchall()
    assert rows == [("item_1",), ("item_2",), ("item_3",)]


def test_a_mart_stands_in_the_order_of_its_grain(settings: Settings) -> None:
    """Words in the order of their letters, holes last, in both formats; nothing is left of how they were sorted."""
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create table marts.fct_song (loud double, empty varchar, bird varchar, year integer)")
        connection.execute(
            "insert into marts.fct_song values "
            "(1, null, 'wren', 2021), (2, null, null, 2020), (3, null, 'owl', 2021), (4, null, 'Owl', 2020)"
        )
    release = releases.publish_release(settings, WAVES, {"grain": {"fct_song": ["year", "bird"]}})
    expected = [(4, None, "Owl", 2020), (2, None, None, 2020), (3, None, "owl", 2021), (1, None, "wren", 2021)]
    types = [("loud", "DOUBLE"), ("empty", "VARCHAR"), ("bird", "VARCHAR"), ("year", "INTEGER")]
    with duckdb.connect(str(release.path / "helsemonitor.duckdb"), read_only=True) as connection:
        for source in ("marts.fct_song", f"read_parquet('{release.path}/parquet/fct_song.parquet')"):
            assert connection.execute(f"from {source}").fetchall() == expected
            assert [row[:2] for row in connection.execute(f"describe from {source}").fetchall()] == types


def test_the_newest_five_and_the_current_one_are_kept(settings: Settings) -> None:
    made = [releases.publish_release(settings, WAVES, FACTS) for _ in range(7)]
    kept = sorted(path.name for path in (settings.published_dir / "releases").iterdir())
    assert kept == [release.release_id for release in made[2:]]
    releases.point_current(settings.published_dir, made[2].path)
    releases.prune(settings.published_dir, keep=2)
    kept = sorted(path.name for path in (settings.published_dir / "releases").iterdir())
    assert kept == [made[index].release_id for index in (2, 5, 6)]


def test_two_releases_never_share_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    now = datetime(2030, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    first = releases._release_path(tmp_path, {}, now)
    assert first.name.startswith("20300102_030405_000006_")
    first.mkdir()
    second = releases._release_path(tmp_path, {}, now)
    assert second.name == f"{first.name}_2"
    assert first.name < second.name


def test_a_failing_copy_leaves_the_former_release(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    former = releases.publish_release(settings, WAVES, FACTS)
    copy = releases._copy_table

    def fail_at_the_second(
        connection: duckdb.DuckDBPyConnection, table: str, folder: Path, words: Sequence[str], grain: Sequence[str]
    ) -> dict[str, Any]:
        if table == "dim_item":
            raise OSError(28, "No space left on device")
        return copy(connection, table, folder, words, grain)

    monkeypatch.setattr(releases, "_copy_table", fail_at_the_second)
    with pytest.raises(OSError, match="No space"):
        releases.publish_release(settings, WAVES, FACTS)
    assert (settings.published_dir / "current").resolve() == former.path
    assert [path.name for path in (settings.published_dir / "releases").iterdir()] == [former.release_id]
    assert left_over(settings) == []


def test_a_failing_swap_leaves_the_former_release(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    former = releases.publish_release(settings, WAVES, FACTS)

    def fail(self: Path, target: Path) -> Path:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="Permission denied"):
        releases.publish_release(settings, WAVES, FACTS)
    assert (settings.published_dir / "current").resolve() == former.path
    assert [path.name for path in (settings.published_dir / "releases").iterdir()] == [former.release_id]
    assert left_over(settings) == []


def test_what_the_last_call_refuses_is_not_current(settings: Settings) -> None:
    """A stop whose interruption a library swallowed while the release was written."""
    former = releases.publish_release(settings, WAVES, FACTS)
    written = []

    def stopped() -> None:
        written.extend(path for path in settings.releases_dir.rglob("manifest.json") if former.path != path.parent)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        releases.publish_release(settings, WAVES, FACTS, last_call=stopped)
    assert len(written) == 1, "the release was complete"
    assert (settings.published_dir / "current").resolve() == former.path
    assert [path.name for path in settings.releases_dir.iterdir()] == [former.release_id]
    assert left_over(settings) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from helsemonitor import releases, shelf
from helsemonitor.settings import Settings
folder, moment = Path(sys.argv[1]), sys.argv[2]
original = getattr(releases, moment)
def kill(*arguments):
    if moment == "_copy_table":
        original(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(releases, moment, kill)
releases.publish_release(Settings(folder, folder / "seeds", folder / "build"), (), {})
"""


@pytest.mark.parametrize("moment", ["_copy_table", "_sync_tree", "point_current"])
def test_a_process_killed_while_publishing_leaves_the_former_release(
    settings: Settings, tmp_path: Path, moment: str
) -> None:
    former = releases.publish_release(settings, WAVES, FACTS)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), moment], cwd=PROJECT_DIR, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert (settings.published_dir / "current").resolve() == former.path
    following = releases.publish_release(settings, WAVES, FACTS)
    assert (settings.published_dir / "current").resolve() == following.path
    assert left_over(settings) == []


def test_a_reader_keeps_its_release_while_a_new_one_comes(settings: Settings) -> None:
    releases.publish_release(settings, WAVES, FACTS)
    current = settings.published_dir / "current" / "helsemonitor.duckdb"
    with duckdb.connect(str(current), read_only=True) as reader:
        with duckdb.connect(str(settings.warehouse)) as connection:
            connection.execute("insert into marts.dim_indicator values ('c', 9)")
        releases.publish_release(settings, WAVES, FACTS)
        assert reader.execute("select count(*) from marts.dim_indicator").fetchone() == (3,)
    with duckdb.connect(str(current), read_only=True) as reader:
        assert reader.execute("select count(*) from marts.dim_indicator").fetchone() == (4,)


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("create table marts.fct_leak (respondent_no int)", "marts.fct_leak has the column respondent_no"),
        ("create table marts.fct_leak (Weight double)", "marts.fct_leak has the column Weight"),
        ("create view marts.fct_leak as select 1 as fish_id", "marts.fct_leak has the column fish_id"),
        ("create table marts.fct_leak (vekt double)", "marts.fct_leak has the column vekt"),
    ],
)
def test_no_column_of_a_respondent_is_published(settings: Settings, statement: str, place: str) -> None:
    former = releases.publish_release(settings, WAVES, FACTS)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(statement)
    with pytest.raises(DataRefused) as refusal:
        releases.publish_release(settings, WAVES, FACTS)
    assert refusal.value.sentences == (
        f"{place}, which belongs to single respondents; a mart holds counts and sums over groups, so remove the column "
        "from the model.",
    )
    assert (settings.published_dir / "current").resolve() == former.path


def test_only_marts_that_passed_their_gate_are_published(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from expectations import frames, runner
    from expectations.gates import check_marts
    from helsemonitor import facts
    from orchestration import road

    found: list[str] = []
    printed = {"ladder": [["b20", "chart", "match", 2]], "worst": []}
    monkeypatch.setattr(facts, "reconciliation", lambda _: printed)
    monkeypatch.setattr(frames, "mart_batches", lambda *_: [])
    monkeypatch.setattr(runner, "run", lambda *_: runner.Gate((runner.Outcome("drift", 1, 0, tuple(found)),), 0.1))
    with pytest.raises(DataRefused) as refusal:
        road.publish(settings, ())
    assert refusal.value.sentences == (
        "The marts of build/warehouse.duckdb have not passed their expectations since they were last built; run the "
        "whole road (`helsemonitor refresh` or the job annual_refresh).",
    )
    check_marts(settings)
    grain = {
        "attached_node": "model.p.dim_item",
        "test_metadata": {"name": "unique_grain", "kwargs": {"columns": ["item"]}},
    }
    marts = {
        f"model.p.{name}": {
            "schema": "marts",
            "name": name,
            "alias": name,
            "resource_type": "model",
            "config": {"materialized": "table"},
        }
        for name in ("dim_item", "dim_indicator", "fct_both")
    }
    nodes = marts | {"test.p.grain": grain | {"schema": "tests", "resource_type": "test"}}
    settings.dbt_target_dir.mkdir()
    (settings.dbt_target_dir / "manifest.json").write_text(json.dumps({"nodes": nodes}), encoding="utf-8")
    _, release = road.publish(settings, ())
    assert release.manifest["grain"] == {"dim_item": ["item"]}
    assert release.manifest["counts"] == {"waves": 0, "respondents": 3, "answers": 6, "items": 3, "indicators": 3}
    assert (release.manifest["disclosure"], release.manifest["reconciliation"]) == ("report", printed)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("insert into marts.dim_indicator values ('c', 9)")
    with pytest.raises(DataRefused, match="since they were last built"):
        road.publish(settings, ())
    found.append("The value moved.")
    check_marts(settings)
    with pytest.raises(DataRefused, match="since they were last built"):
        road.publish(settings, ())
    assert (settings.published_dir / "current").resolve() == release.path


def test_a_warehouse_without_marts_is_not_published(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    duckdb.connect(str(settings.warehouse)).close()
    with pytest.raises(DataRefused, match="has no table in schema marts"):
        releases.publish_release(settings, WAVES, FACTS)
    assert shelf.current_release(settings) is None
