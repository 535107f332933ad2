"""The generic dbt tests of rows: each passes sound rows and names what is broken."""

from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest

ROOT = Path(__file__).parents[2]
SOURCE = "".join(
    (ROOT / "macros" / "tests" / f"{name}.sql").read_text("utf-8") for name in ("unique_grain", "sound_rows")
)
# dbt's blocks of tests are macros to Jinja.
TESTS = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"]).from_string(  # noqa: S701 - it writes SQL
    SOURCE.replace("{% test ", "{% macro ").replace("{% endtest %}", "{% endmacro %}")
)
SOUND = [("wren", 2020, "loud", 1.0), ("wren", 2021, "loud", None), ("owl", 2020, None, 2.0)]
GRAIN = ["bird", "year"]


def found(rows: list[tuple[Any, ...]], query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("create table songs (bird varchar, year integer, song varchar, strength double)")
        connection.executemany("insert into songs values (?, ?, ?, ?)", rows)
        # Any two rows have one number by it: only their words tell them apart.
        connection.execute("create macro one_number(a, b) as 1")
        return sorted(connection.execute(query).fetchall(), key=str)


@pytest.mark.parametrize("number", ["hash(", "one_number("])
def test_rows_with_one_grain_or_a_hole_in_it_are_found(number: str) -> None:
    query = TESTS.module.unique_grain("songs", GRAIN).replace("hash(", number)
    assert found(SOUND, query) == []
    broken = [*SOUND, SOUND[0], SOUND[0], ("jay", None, "loud", 1.0), (None, None, "loud", 1.0), (None, None, "", 1.0)]
    assert found(broken, query) == [("jay", None, 1), ("wren", 2020, 3), (None, None, 2)]
    holes = TESTS.module.unique_grain("songs", GRAIN, may_be_null=["year"]).replace("hash(", number)
    assert found(broken, holes) == [("wren", 2020, 3), (None, None, 2)]
    all_holes = TESTS.module.unique_grain("songs", GRAIN, may_be_null=GRAIN).replace("hash(", number)
    assert found([*SOUND, (None, None, "", 1.0)], all_holes) == []


def test_each_broken_rule_is_a_row_with_its_count() -> None:
    query = TESTS.module.sound_rows(
        "songs",
        GRAIN,
        filled=["bird", "year"],
        filled_where={"strength": "song is null or bird = 'jay'"},
        words={"song": ["loud", "soft"], "bird": ["wren", "owl", "jay"]},
    )
    assert found(SOUND, query) == []
    broken = [*SOUND, SOUND[2], ("jay", 2020, "shrill", None), ("jay", 2021, "hoarse", None), ("jay", None, "", None)]
    assert found(broken, query) == [
        ("filled", "strength", 3),
        ("filled", "year", 1),
        ("unique_grain", "bird, year", 2),
        ("words", "song", 3),
    ]
