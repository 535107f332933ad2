"""What a release says of its warehouse: how much it holds, its grain, and how it stands against the reports."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from helsemonitor.build_failures import read_json
from helsemonitor.settings import Settings


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
    """Columns that name a row of each mart, as its test `unique_grain` or dbt's own `unique` declares them.

    Args:
        manifest: dbt's manifest.json.
    """
    nodes = manifest["nodes"]
    found: dict[str, list[str]] = {}
    for node in nodes.values():
        test, model = node.get("test_metadata") or {}, nodes.get(node.get("attached_node") or "")
        if not model or model["schema"] != "marts":
            continue
        if test.get("name") == "unique_grain":
            found[model["name"]] = list(test["kwargs"]["columns"])
        elif test.get("name") == "unique":
            found.setdefault(model["name"], [node["column_name"]])
    return dict(sorted(found.items()))


def read_grains(target_dir: Path) -> dict[str, list[str]]:
    """Grain of the marts by the artifacts of their build; nothing where the build left none."""
    path = target_dir / "manifest.json"
    return grains(read_json(path)) if path.is_file() else {}
