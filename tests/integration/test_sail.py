"""The same models on Sail, an engine of Spark Connect: the cube, cell by cell, and the marts behind it are DuckDB's."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from helsemonitor import engine
from helsemonitor.artifacts import RESULTS, read_json
from helsemonitor.codebook import read_waves
from helsemonitor.settings import PROJECT_DIR, Settings
from tests.fast_road import fast_road
from tests.integration.conftest import Refresh

pytestmark = pytest.mark.skipif(
    bool(engine.missing_packages(engine.OWN)),
    reason=f"not installed here: {', '.join(engine.missing_packages(engine.OWN))}",
)

CYCLISTS = Path(__file__).parents[1] / "fixtures" / "cyclists"
# DuckDB fills the number of a column in the raw table with zeros; nothing behind these tables has it.
PLACES = {"stg_delivered_columns"}
SECONDS = 600


@pytest.fixture(scope="module")
def sail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Sail of our own on 127.0.0.1, ended with the module."""
    with engine.own_sail(tmp_path_factory.mktemp("sail") / "sail.log") as address:
        yield address


@pytest.fixture(scope="module")
def tables(
    sail: str, first: Refresh, build_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """All shipped waves up to the cube: DuckDB's warehouse as database `duck`, the engine's lake as views."""
    assert first.release.is_dir()
    settings = Settings(PROJECT_DIR, PROJECT_DIR / "seeds", tmp_path_factory.mktemp("engine"))
    settings.gated_seeds_dir.symlink_to(build_dir / "gated_seeds")
    run = engine.build_up_to_cube(settings, read_waves(settings), sail, seconds=SECONDS)
    results = read_json(engine.engine_target_dir(settings) / RESULTS)["results"]
    assert run.returncode == 0, [(row["unique_id"], row["message"]) for row in results if row["status"] == "error"]
    nodes = read_json(engine.engine_target_dir(settings) / "manifest.json")["nodes"]
    built = [nodes[row["unique_id"]] for row in results]
    engine.view_lake(settings, [node for node in built if node["resource_type"] == "model"])
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        connection.execute(f"attach '{build_dir}/warehouse.duckdb' as duck (read_only)")
        yield connection


def _differing(connection: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> int:
    """Rows of one table that the other has not, repeated rows counted, both ways."""
    columns = ", ".join(f'"{row[0]}"' for row in connection.execute(f"describe {theirs}").fetchall())
    one, other = f"select {columns} from {ours}", f"select {columns} from {theirs}"
    counted = connection.execute(
        f"select (select count(*) from ({one} except all {other})) + (select count(*) from ({other} except all {one}))"
    ).fetchall()
    return int(counted[0][0])


def test_every_cell_of_the_cube_is_duckdbs(tables: duckdb.DuckDBPyConnection) -> None:
    """Counts and exact sums, to the last of their digits, in columns of the same types."""
    kinds = "select column_name, column_type from (describe {}) order by column_name"
    ours, theirs = "intermediate.int_cells", "duck.intermediate.int_cells"
    assert tables.execute(kinds.format(ours)).fetchall() == tables.execute(kinds.format(theirs)).fetchall()
    assert _differing(tables, ours, theirs) == 0


def test_the_cube_counts_the_rows_of_the_files(tables: duckdb.DuckDBPyConnection) -> None:
    """Everybody in group `total` of item `_respondents`, against the lines that plain Python finds."""
    counted = {
        (survey, year): n
        for survey, year, n in tables.execute(
            "select survey, year, n from intermediate.int_cells where item = '_respondents' and breakdown = 'total'"
        ).fetchall()
    }
    lines = {}
    settings = Settings(PROJECT_DIR, PROJECT_DIR / "seeds", PROJECT_DIR / "build")
    for wave in read_waves(settings):
        with (settings.raw_dir / f"{wave.seed}.csv").open(encoding="utf-8", newline="") as file:
            lines[wave.survey, wave.year] = sum(1 for _ in csv.reader(file)) - 1
    assert counted == lines


def test_every_table_before_the_cube_is_duckdbs(tables: duckdb.DuckDBPyConnection) -> None:
    """Findings and notes too. Steps that only the engine has are passed over."""
    theirs = {
        (schema, name)
        for schema, name in tables.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'duck'"
        ).fetchall()
    }
    ours = tables.execute(
        "select schema_name, view_name from duckdb_views() where not internal and database_name != 'duck'"
    ).fetchall()
    shared = [table for table in ours if table in theirs and table[1] not in PLACES]
    assert len(shared) > 10
    differing = {
        name: _differing(tables, f"{schema}.{name}", f"duck.{schema}.{name}") for schema, name in sorted(shared)
    }
    assert {name: n for name, n in differing.items() if n} == {}


def test_the_marts_behind_the_engine_are_duckdbs(sail: str, tmp_path: Path) -> None:
    """A small survey from its files to its marts; the weights of its last wave come on another scale."""
    seeds, build = tmp_path / "seeds", tmp_path / "build"
    shutil.copytree(CYCLISTS, seeds)
    settings = Settings(PROJECT_DIR, seeds, build)
    wave = read_waves(settings)[-1]
    with (seeds / "codebook" / "waves.csv").open(encoding="utf-8", newline="") as file:
        weight = next(row["weight_column"] for row in csv.DictReader(file) if row["year"] == str(wave.year))
    path = seeds / "raw" / f"{wave.seed}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        # Four more digits before the point, none behind it: no weight of these has more than four.
        writer.writerows(row | {weight: str(round(float(row[weight]) * 10_000))} for row in rows)
    by_duckdb = fast_road(seeds, build)
    assert by_duckdb.sentences == ()
    # dbt keeps the warehouse beside the compiled project open in this process.
    settings = Settings(PROJECT_DIR, seeds, tmp_path / "engine")
    settings.build_dir.mkdir()
    settings.gated_seeds_dir.symlink_to(build / "gated_seeds")
    built = engine.build_on_engine(settings, read_waves(settings), sail)
    assert built.counts["checks_passed"] > 50
    by_duckdb.tables.execute(f"attach '{settings.warehouse}' as engine (read_only)")
    scales = by_duckdb.rows("select year, max(weight_exponent) from engine.staging.stg_respondents group by year")
    assert dict(scales)[wave.year] == -4
    marts = [
        name
        for (name,) in by_duckdb.rows(
            "select table_name from duckdb_tables() where database_name = 'engine' and schema_name = 'marts'"
        )
    ]
    assert len(marts) > 20
    differing = {
        name: _differing(by_duckdb.tables, f"engine.marts.{name}", f"warehouse.marts.{name}") for name in marts
    }
    assert {name: n for name, n in differing.items() if n} == {}
