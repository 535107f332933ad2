"""Every printed number against the release, and proof that the comparison is sharp."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.integration.conftest import ROOT, Refresh

PRINTED = ROOT / "seeds" / "published" / "published_results.csv"


@pytest.fixture
def marts(first: Refresh) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(first.release / "helsemonitor.duckdb"), read_only=True)
    connection.execute("use marts")
    return connection


def test_every_printed_number_is_there_once(marts: duckdb.DuckDBPyConnection) -> None:
    with PRINTED.open(encoding="utf-8", newline="") as file:
        printed = [(row["result_id"], float(row["value"])) for row in csv.DictReader(file)]
    assert len(printed) == 2161
    assert marts.execute("select result_id, published_value from fct_reconciliation").fetchall() == sorted(printed)


def test_all_agree_or_contradict_themselves(marts: duckdb.DuckDBPyConnection) -> None:
    """No mismatch, in whole samples or groups; a known contradiction is one row of the exceptions, no more."""
    counts = dict(marts.execute("select status, count(*) from fct_reconciliation group by status").fetchall())
    assert set(counts) == {"match", "known_inconsistency", "not_computable"}
    exceptions = (ROOT / "seeds" / "published" / "published_exceptions.csv").read_text(encoding="utf-8").splitlines()
    assert counts["known_inconsistency"] == len(exceptions) - 1 <= 10


def test_only_outside_sources_and_undelivered_waves_cannot_be_computed(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "select distinct survey, year, reason from fct_reconciliation where status = 'not_computable'"
        " and survey != 'external' order by all"
    ).fetchall()
    # Invitations sent belong to the sampling frame; the personnel wave of 2025 stands in the citizens' report only.
    assert rows == [
        ("helsepersonell", 2024, "outside source"),
        ("helsepersonell", 2025, "the wave has not been delivered"),
    ]


def test_a_matching_number_rounds_to_the_printed_one(marts: duckdb.DuckDBPyConnection) -> None:
    """By Python's own arithmetic: prints of charts, tables and prose lie within half a unit of the last digit."""
    with PRINTED.open(encoding="utf-8", newline="") as file:
        decimals = {row["result_id"]: len(row["value"].partition(".")[2]) for row in csv.DictReader(file)}
    rows = marts.execute(
        "select result_id, published_value, computed_value from fct_reconciliation"
        " where status = 'match' and measure != 'pp_change' and source_kind != 'prose_approx'"
    ).fetchall()
    assert len(rows) > 1900
    assert [row for row in rows if abs(row[2] - row[1]) > 0.5 / 10 ** decimals[row[0]] + 1e-6] == []


def test_printed_values_stand_in_for_the_undelivered_wave(marts: duckdb.DuckDBPyConnection) -> None:
    """Personnel 2025 as the citizens' report prints it: 36 find contact easier, 84 of the GPs; no error is made up."""
    rows = marts.execute(
        "select group_key, value, source, se from fct_indicators where survey = 'helsepersonell' and year = 2025"
        " and indicator = 'digital_easier_contact_agree' order by group_key"
    ).fetchall()
    assert rows == [
        ("gp", 84.0, "published", None),
        ("hospital_trust", 34.0, "published", None),
        ("municipality", 36.0, "published", None),
        ("total", 36.0, "published", None),
    ]


def test_one_recode_or_one_exception_less_stops_the_release(tmp_path: Path) -> None:
    """Two answers of one wave's code list swapped, and one contradiction of print no longer excused."""
    seeds = tmp_path / "seeds"
    shutil.copytree(ROOT / "seeds", seeds)
    exceptions = seeds / "published" / "published_exceptions.csv"
    lines = exceptions.read_text(encoding="utf-8").splitlines(keepends=True)
    exceptions.write_text("".join(line for line in lines if not line.startswith("hp24_0561,")), encoding="utf-8")
    lists = seeds / "codebook" / "code_lists.csv"
    text = lists.read_text(encoding="utf-8")
    one, two = "inn_sharing_scope4,1,", "inn_sharing_scope4,2,"
    assert text.count(one) == text.count(two) == 1
    lists.write_text(text.replace(one, "HELD").replace(two, one).replace("HELD", two), encoding="utf-8")
    result = subprocess.run(
        [str(Path(sys.executable).parent / "helsemonitor"), "refresh", "--plain"],
        cwd=ROOT,
        env=os.environ | {"HELSEMONITOR_SEEDS": str(seeds), "HELSEMONITOR_BUILD": str(tmp_path / "build")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 1, result.stderr
    found = result.stderr
    assert "result id hp24_0561): tab V1.11, centrality Ikke oppgitt prints 1 and the warehouse computes 7.10" in found
    assert "fig 7.2, sharing_scope Alle helseopplysninger er tilgjengelig på tvers prints 63 and the warehouse" in found
    assert not (tmp_path / "build" / "published" / "current").exists()
