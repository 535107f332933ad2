"""What a release says of its warehouse: how much it holds, and how it stands against the reports."""

from typing import Any

import duckdb

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
