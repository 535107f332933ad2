"""The road without dbt's start: the gates, and the SQL that dbt compiles from the models, over a folder of seeds.

dbt compiles once per set of waves and run of the tests; after that a small survey goes from its files to its marts in
about a second. The same checks stop it as a refresh, and the marts are the same tables.
"""

import hashlib
import json
import runpy
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
from filelock import FileLock

from helsemonitor.artifacts import read_json
from helsemonitor.codebook import Wave, read_waves
from helsemonitor.dbt_build import dbt_project_arguments, dbt_vars, project_environment
from helsemonitor.errors import DataRefused
from helsemonitor.settings import PROJECT_DIR, Settings
from orchestration import road


@dataclass(frozen=True)
class Outcome:
    """Where the road ended.

    Args:
        sentences: Why it was refused; empty where the marts were built.
        notes: What is to be known and stops nothing.
        tables: The warehouse, as far as it was built; schemas as in the warehouse file.
    """

    sentences: tuple[str, ...]
    notes: tuple[str, ...]
    tables: duckdb.DuckDBPyConnection

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query over the warehouse."""
        return self.tables.execute(query).fetchall()


@dataclass(frozen=True)
class Compiled:
    """The project as dbt compiles it for a set of waves: nodes of its manifest by id, in the order of the graph."""

    seeds: tuple[dict[str, Any], ...]
    models: tuple[dict[str, Any], ...]
    tests: tuple[dict[str, Any], ...]


def _compile(settings: Settings, waves: Sequence[Wave], manifest: Path) -> None:
    # It takes seconds to import, and most find the project compiled.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    arguments = [*dbt_vars(settings, waves), *dbt_project_arguments(settings)]
    # These two read the findings while they compile; here the findings are read by themselves.
    stating = ["--exclude", "test_name:states_no_problem", "test_name:states_notes", "test_type:unit"]
    with project_environment(settings):
        outcome = dbtRunner().invoke(["compile", "--quiet", *stating, *arguments])
    # dbt keeps the file open, and a refresh in this process opens another.
    DuckDBConnectionManager.close_all_connections()
    assert outcome.success, outcome.exception
    shutil.copy(settings.dbt_target_dir / "manifest.json", manifest)


def _in_order(manifest: Path) -> Compiled:
    nodes = read_json(manifest)["nodes"]
    graph = {
        name: {parent for parent in node["depends_on"].get("nodes", []) if parent in nodes}
        for name, node in nodes.items()
    }
    ordered = [
        nodes[name]
        for name in TopologicalSorter(graph).static_order()
        if nodes[name].get("compiled_code") or name.startswith("seed.")
    ]
    of_kind = lambda kind: tuple(node for node in ordered if node["resource_type"] == kind)  # noqa: E731
    return Compiled(of_kind("seed"), of_kind("model"), of_kind("test"))


_OWN = tempfile.TemporaryDirectory(prefix="helsemonitor-compiled-")
# Where manifests of compiled projects lie; in a run of the tests one folder for all its processes, see conftest.py.
compiled_in = Path(_OWN.name)
_COMPILED: dict[str, Compiled] = {}


def compiled(settings: Settings) -> Compiled:
    """The project compiled for seeds that passed their gates, once for all folders with the same waves."""
    waves = read_waves(settings)
    key = hashlib.sha256(json.dumps(dbt_vars(settings, waves)).encode()).hexdigest()
    if key not in _COMPILED:
        manifest = compiled_in / f"{key}.json"
        with FileLock(f"{manifest}.lock"):
            if not manifest.exists():
                _compile(settings, waves, manifest)
        _COMPILED[key] = _in_order(manifest)
    return _COMPILED[key]


def _load_seed(tables: duckdb.DuckDBPyConnection, node: dict[str, Any], settings: Settings) -> None:
    path = settings.gated_seeds_dir / node["schema"] / f"{node['name']}.csv"
    types = ", ".join(
        f"cast({column} as {kind}) as {column}" for column, kind in node["config"]["column_types"].items()
    )
    replaced = f" replace ({types})" if types else ""
    is_raw = node["schema"] == "raw"
    row_no = "cast(row_number() over () - 1 as integer) as row_no, " if is_raw else ""
    source = str(path).replace("'", "''")
    tables.execute(
        f"create table {node['relation_name']} as select {row_no}*{replaced} from read_csv('{source}', "
        f"header = {not is_raw}, all_varchar = true, delim = ',', quote = '\"', escape = '\"', nullstr = '')"
    )


class _Dbt:
    """What a Python model is given: the tables that it refers to."""

    def __init__(self, tables: duckdb.DuckDBPyConnection, names: Mapping[str, str]) -> None:
        self._tables, self._names = tables, names

    def config(self, **_: object) -> None:
        """Take a model's own settings; none matters here."""

    def ref(self, name: str) -> duckdb.DuckDBPyRelation:
        """A model as a relation."""
        return self._tables.sql(f"select * from {self._names[name]}")


def _build(tables: duckdb.DuckDBPyConnection, node: dict[str, Any], models: Mapping[str, dict[str, Any]]) -> None:
    if node["language"] == "sql":
        tables.execute(f"create table {node['relation_name']} as {node['compiled_code']}")
        return
    model = runpy.run_path(str(PROJECT_DIR / node["original_file_path"]))["model"]
    result = model(_Dbt(tables, {other["name"]: other["relation_name"] for other in models.values()}), tables)
    tables.register("_result", result)
    tables.execute(f"create table {node['relation_name']} as select * from _result")


def build_models(settings: Settings, tables: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    """Build some models anew, in the order of the names, over the tables that are there.

    Args:
        settings: Of a folder that went along the road.
        tables: Its warehouse.
        names: Models.
    """
    models = {node["unique_id"]: node for node in compiled(settings).models}
    by_name = {node["name"]: node for node in models.values()}
    for name in names:
        tables.execute(f"drop table if exists {by_name[name]['relation_name']}")
        _build(tables, by_name[name], models)


def _is_check(node: dict[str, Any]) -> bool:
    return node["schema"] == "checks"


def fast_road(
    seeds: Path, build: Path, disclosure: str = "report", *, marts: bool = True, raw_gate: bool = True
) -> Outcome:
    """Take a seeds folder along the road.

    Args:
        seeds: Folder with codebook/, raw/ and published/.
        build: Folder for what the gates write.
        disclosure: `report` or `open`.
        marts: Whether to build what comes after the checks.
        raw_gate: Whether the raw files go through their gate; without it the build folder holds them already.

    Returns:
        Why it was refused, or the built tables. An exception is a defect of the road.
    """
    settings = Settings(PROJECT_DIR, seeds, build, disclosure)
    tables = duckdb.connect()
    # So few rows are not worth a second thread, and another process of the tests has the other core.
    tables.execute("set threads = 1")
    tables.execute("attach ':memory:' as warehouse")
    tables.execute("use warehouse")
    try:
        road.gate_codebook(settings)
        waves = read_waves(settings)
        if raw_gate:
            # Pages are for people, and cost as much as all else.
            with patch("expectations.runner.write_pages"):
                road.gate_raw(settings, waves)
    except DataRefused as refusal:
        return Outcome(refusal.sentences, (), tables)
    project = compiled(settings)
    for schema in sorted({node["schema"] for node in (*project.seeds, *project.models)}):
        tables.execute(f'create schema "{schema}"')
    for node in project.seeds:
        _load_seed(tables, node, settings)
    by_name = {node["unique_id"]: node for node in project.models}
    needed = [node for node in project.models if _is_check(node)]
    first: dict[str, dict[str, Any]] = {}
    while needed:
        node = needed.pop()
        if node["unique_id"] not in first:
            first[node["unique_id"]] = node
            needed += [by_name[parent] for parent in node["depends_on"]["nodes"] if parent in by_name]
    said: dict[str, list[str]] = {"refuse": [], "note": []}
    ordered = sorted(project.models, key=lambda node: node["unique_id"] not in first)
    for node in ordered:
        if said["refuse"] and not _is_check(node) and node["unique_id"] not in first:
            break
        if node["unique_id"] not in first and not marts:
            break
        _build(tables, node, by_name)
        if _is_check(node):
            for severity, sentence in tables.execute(
                f"select severity, sentence from {node['relation_name']} order by all"
            ).fetchall():
                said[severity].append(sentence)
    if not said["refuse"] and marts:
        said["refuse"] += [
            f"The test {node['name']} finds rows that break it."
            for node in project.tests
            if tables.execute(f"select 1 from ({node['compiled_code']}) limit 1").fetchall()
        ]
    return Outcome(tuple(said["refuse"]), tuple(said["note"]), tables)
