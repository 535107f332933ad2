"""What a release says of its warehouse: how much it holds, its grain, and how it stands against the reports."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from helsemonitor.artifacts import MANIFEST, read_json_or_none
from helsemonitor.errors import PlaceUnfit
from helsemonitor.settings import Settings

# Kinds of dbt's nodes that are relations of the warehouse.
RELATIONS = frozenset({"model", "seed", "snapshot"})
# Tests that say what names a row, and their argument that does.
GRAIN_ARGUMENTS = {"unique_grain": "columns", "sound_rows": "grain"}


def warehouse_counts(settings: Settings) -> dict[str, int]:
    """Count what the built warehouse holds: respondents, answers, items, indicators."""
    queries = {
        "respondents": "select count(*) from staging.stg_respondents",
        "answers": "select count(raw_value) from staging.stg_answers",
        "items": "select count(*) from marts.dim_item",
        "indicators": "select count(*) from marts.dim_indicator",
    }
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        rows = {name: connection.execute(query).fetchone() for name, query in queries.items()}
    return {name: row[0] if row else 0 for name, row in rows.items()}


def reconciliation(settings: Settings, worst: int = 10) -> dict[str, Any]:
    """How the computed values stand against the printed ones.

    Args:
        settings: Folders of the project.
        worst: How many of the largest differences to name.

    Returns:
        `ladder`: report, kind of print, status and number of printed values; `worst`: the largest differences, in
        multiples of what is allowed, of numbers that do not match.
    """
    ladder = """
        select report, source_kind, status, count(*) as n from marts.fct_reconciliation group by all order by all
    """
    largest = """
        select result_id, figure, item, answer, year, group_key, published_value, computed_value, status
        from marts.fct_reconciliation
        where status != 'not_computable' and computed_value is not null and difference != 0
        order by abs(difference) / tolerance desc, result_id limit ?
    """
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return {
            "ladder": connection.execute(ladder).fetchall(),
            "worst": connection.execute(largest, [worst]).fetchall(),
        }


def grains(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """Columns that name a row of each mart, as its test (`unique_grain`, `sound_rows`, dbt's `unique`) declares them.

    Args:
        manifest: dbt's manifest.json.
    """
    nodes = manifest["nodes"]
    found: dict[str, list[str]] = {}
    for node in nodes.values():
        test, model = node.get("test_metadata") or {}, nodes.get(node.get("attached_node") or "")
        if not model or model["schema"] != "marts":
            continue
        if argument := GRAIN_ARGUMENTS.get(test.get("name", "")):
            found[model["name"]] = list(test["kwargs"][argument])
        elif test.get("name") == "unique":
            found.setdefault(model["name"], [node["column_name"]])
    return dict(sorted(found.items()))


def mart_names(manifest: Mapping[str, Any]) -> list[str]:
    """Names of the relations in schema marts that the project makes, sorted.

    Args:
        manifest: dbt's manifest.json.
    """
    return sorted(
        node["alias"]
        for node in manifest["nodes"].values()
        if node["schema"] == "marts"
        and node["resource_type"] in RELATIONS
        and node["config"]["materialized"] != "ephemeral"
    )


def read_build_manifest(settings: Settings, target_dir: Path) -> dict[str, Any]:
    """Read the manifest.json of a build.

    Raises:
        PlaceUnfit: It is missing or damaged.
    """
    path = target_dir / MANIFEST
    manifest = read_json_or_none(path)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("nodes"), dict):
        raise PlaceUnfit(
            [
                f"{settings.shown(path)}, which says what the build made, is missing or damaged; run the whole road "
                "(`helsemonitor refresh` or the job annual_refresh)."
            ]
        )
    return manifest
