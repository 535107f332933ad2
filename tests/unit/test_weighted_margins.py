"""The check of weighted margins lets a raked wave pass and finds one that is off; an assumed table only warns."""

import re
from pathlib import Path

import duckdb
import jinja2
import pytest

ROOT = Path(__file__).parents[2]
POPULATION = [("sex", "female", 49.8), ("sex", "male", 50.2), ("age_group", "under_30", 21.4)]


def off(
    status: str, weighted: dict[str, float], *, population_status: str = "official", is_open: str = "false"
) -> list[tuple]:
    """Run the check on one wave.

    Args:
        status: Rows of the population table that are checked.
        weighted: Weighted percent of each group.
        population_status: Status that the table has.
        is_open: Disclosure profile, as the macro writes it.

    Returns:
        Group and distance of what is off.
    """
    environment = jinja2.Environment(autoescape=False)  # noqa: S701 - it writes SQL, not HTML.
    environment.globals |= {"ref": lambda name: name, "is_open": lambda: is_open}
    source = (ROOT / "macros" / "tests" / "margins_off.sql").read_text(encoding="utf-8")
    sql = environment.from_string(source).module.margins_off(status)
    with duckdb.connect() as connection:
        connection.execute("create table dim_wave as select 'birds' as survey, 2020 as year, true as is_weighted")
        group_columns = "survey text, year int, breakdown text, group_key text"
        connection.execute(f"create table population ({group_columns}, share_pct double, status text)")
        connection.execute(f"create table fct_composition ({group_columns}, weighted_pct double)")
        for breakdown, group, share in POPULATION:
            for year in (2020, 2021):
                row = ["birds", year, breakdown, group, share, population_status]
                connection.execute("insert into population values (?, ?, ?, ?, ?, ?)", row)
            if group in weighted:
                row = ["birds", 2020, breakdown, group, weighted[group]]
                connection.execute("insert into fct_composition values (?, ?, ?, ?, ?)", row)
        return connection.execute(f"select group_key, round(off_pp, 6) from ({sql}) order by all").fetchall()


def test_a_raked_wave_passes() -> None:
    assert off("official", {"female": 49.800001, "male": 50.199999, "under_30": 22.39}) == []


def test_a_group_that_is_off_is_found() -> None:
    assert off("official", {"female": 51.0, "male": 49.0, "under_30": 21.4}) == [("female", 1.2), ("male", 1.2)]


def test_a_group_that_is_missing_is_found() -> None:
    weighted = {"female": 49.8, "male": 50.2}
    assert off("official", weighted) == [("under_30", None)]
    assert off("official", weighted, is_open="true") == []


def test_each_status_is_checked_by_its_own_test() -> None:
    weighted = {"female": 51.0, "male": 49.0, "under_30": 21.4}
    assert off("official", weighted, population_status="assumed") == []
    assert len(off("assumed", weighted, population_status="assumed")) == 2


@pytest.mark.parametrize(("name", "severity"), [("weighted_margins", None), ("weighted_margins_assumed", "warn")])
def test_only_an_official_table_stops_the_build(name: str, severity: str | None) -> None:
    text = (ROOT / "tests" / "data" / f"{name}.sql").read_text(encoding="utf-8")
    found = re.search(r"severity='(\w+)'", text)
    assert (found.group(1) if found else None) == severity
