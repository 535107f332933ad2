"""What a newcomer sees: a refresh of the shipped seeds, its release, and the README's queries on it."""

import hashlib
import re
from pathlib import Path

import duckdb
import pytest

from benchmarks.scaled import redeliver
from tests.integration.conftest import ROOT, Refresh, refreshed
from tests.integration.readme_queries import QUERY, README, with_output


def contents(release: Path) -> dict[str, str]:
    """SHA-256 of each Parquet file of a release."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(release.rglob("*.parquet"))}


@pytest.fixture
def marts(first: Refresh) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(first.release / "helsemonitor.duckdb"), read_only=True)
    connection.execute("use marts")
    return connection


def test_the_summary_counts_what_went_in(first: Refresh) -> None:
    facts = dict(
        re.findall(r"^(waves|respondents|items|indicators|warnings) +([\d ]+?) *$", first.output, re.MULTILINE)
    )
    numbers = {name: int(number.replace(" ", "")) for name, number in facts.items()}
    assert numbers["waves"] == 13
    assert numbers["respondents"] > 30_000
    assert numbers["indicators"] > 400
    assert numbers["warnings"] == 0


def test_the_newest_wave_in_another_order_gives_the_same_bytes(first: Refresh, tmp_path: Path) -> None:
    """A release knows no order of respondents, and no build before it: half of this one stands from the former."""
    redeliver(ROOT / "seeds", tmp_path / "seeds")
    build = first.copied_to(tmp_path / "build")
    refreshed(tmp_path / "seeds", build)
    release = (build / "published" / "current").resolve()
    before, after = contents(first.release), contents(release)
    assert release.name != first.release.name
    assert len(before) > 20
    assert after == before


def test_phone_with_colleagues_is_as_printed(marts: duckdb.DuckDBPyConnection) -> None:
    """Figure of the personnel report 2024: 49, 34, 11, 5 and 1 percent of 4214; 83 in some or high degree."""
    where = "survey = 'helsepersonell' and year = 2024 and breakdown = 'total' and basis = 'as_published'"
    value = marts.execute(
        f"select round(value), base_n from fct_indicators where indicator = 'use_colleague_phone_some_high' and {where}"
    ).fetchall()
    assert value == [(83, 4214)]
    shares = marts.execute(
        f"select round(share_pct) from fct_answer_shares where item = 'use_colleague_phone' and {where} order by 1 desc"
    ).fetchall()
    assert [share for (share,) in shares] == [49, 34, 11, 5, 1]


def test_every_query_of_the_readme_gives_what_stands_below_it(first: Refresh) -> None:
    text = README.read_text(encoding="utf-8")
    assert len(QUERY.findall(text)) >= 3
    shown = [found["table"] for found in QUERY.finditer(text)]
    given = [found["table"] for found in QUERY.finditer(with_output(text, first.release / "helsemonitor.duckdb"))]
    assert shown == given, "`make readme` after a refresh puts the present output into README.md"
