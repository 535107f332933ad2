"""The queries of the README with the output that stands below each.

`python -m tests.integration.readme_queries` runs them on the current release and writes their output into the README.
"""

import re
from pathlib import Path

import duckdb

from helsemonitor.settings import Settings

README = Path(__file__).parents[2] / "README.md"
QUERY = re.compile(r"```sql\n(?P<sql>.*?)```\n(?:\n(?P<table>(?:\|[^\n]*\n)+))?", re.DOTALL)


def table_of(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """Run a query and write its result as a Markdown table.

    Args:
        connection: Database whose current schema has the query's tables.
        sql: One query.
    """
    result = connection.execute(sql)
    rows = [[column[0] for column in result.description or []]]
    rows.append(["---"] * len(rows[0]))
    rows += [["" if value is None else str(value) for value in row] for row in result.fetchall()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def with_output(text: str, database: Path) -> str:
    """Put the present output below each query of a Markdown text.

    Args:
        text: Markdown with ```sql blocks, each followed by an empty line and a table, or by nothing yet.
        database: Published DuckDB file.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("use marts")
        return QUERY.sub(lambda found: f"```sql\n{found['sql']}```\n\n{table_of(connection, found['sql'])}", text)


if __name__ == "__main__":
    published = Settings.from_environment().published_dir / "current" / "helsemonitor.duckdb"
    README.write_text(with_output(README.read_text(encoding="utf-8"), published), encoding="utf-8")
