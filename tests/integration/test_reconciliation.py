"""Every printed number against the release, and proof that the comparison is sharp."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from expectations.frames import MART_QUERIES, Batch
from expectations.runner import run
from expectations.suites import mart_suites
from helsemonitor.limits import read_limits
from helsemonitor.settings import Settings
from tests.fast_road import Outcome, fast_road
from tests.integration.conftest import ROOT, Refresh
from tests.integration.hand_survey import (
    Wave,
    asked_of,
    base_of,
    codebook,
    decode,
    memberships,
    positions_of,
    sources,
)

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
    assert counts["known_inconsistency"] == len(excused("value")) <= 10


def excused(concerns: str) -> set[str]:
    """Numbers whose value, or whose printed base, contradicts another print."""
    with (ROOT / "seeds" / "published" / "published_exceptions.csv").open(encoding="utf-8", newline="") as file:
        return {row["result_id"] for row in csv.DictReader(file) if (row["concerns"] or "value") == concerns}


def test_printed_bases_agree_or_contradict_another_table(marts: duckdb.DuckDBPyConnection) -> None:
    """Every number with a printed base says how it stands; where it does not agree the reason is a row of its own."""
    with PRINTED.open(encoding="utf-8", newline="") as file:
        printed = {row["result_id"]: row for row in csv.DictReader(file)}
    rows = marts.execute(
        "select result_id, base_status, base_difference, base_reason, computed_base_n from fct_reconciliation"
    ).fetchall()
    statuses: dict[str | None, set[str]] = {}
    for result_id, status, difference, reason, counted in rows:
        statuses.setdefault(status, set()).add(result_id)
        n = printed[result_id]["n"]
        assert (status is None) == (n == "")
        assert (difference is None) == (counted is None)
        if counted is not None:
            assert difference == counted - int(n)
            assert (status == "match") == (difference == 0)
        assert (reason is None) == (status in {None, "match"}), result_id
    assert statuses["known_inconsistency"] == excused("base")
    assert "mismatch" not in statuses
    out_of_reach = {key for key, row in printed.items() if row["n"] and row["denominator"] in {"none", "margin"}}
    assert statuses["not_computable"] == out_of_reach


def printed_base(row: dict[str, str], wave: Wave, groups: dict[str, list[str]]) -> int:
    """The people whom a printed base counts, by the raw file; of several items the one that most answered."""
    in_group = np.ones(wave.n, dtype=bool)
    if row["breakdown"] != "total":
        in_group = np.array(groups[row["breakdown"]]) == row["group_key"]
    if row["base_counts"] == "group" or row["items"] == "respondents":
        return int(in_group.sum())
    found = []
    for name in row["items"].split("|"):
        item = name if name in wave.given else sources(wave.survey)[name]
        base = asked_of(wave, item) if "asked" in (row["base_counts"], row["denominator"]) else base_of(wave, item)
        if row["denominator"] == "substantive":
            base = base & wave.any(item, *positions_of(wave.survey, item))
        found.append(int((base & in_group).sum()))
    return max(found)


def test_counted_bases_equal_the_raw_files(marts: duckdb.DuckDBPyConnection) -> None:
    counted = dict(marts.execute("select result_id, computed_base_n from fct_reconciliation").fetchall())
    waves = {(row["survey"], row["year"]): decode(row) for row in codebook("waves")}
    groups = {name: memberships(wave) for name, wave in waves.items()}
    checked: dict[str, int] = {}
    with PRINTED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            wave = (row["survey"], row["year"])
            if row["n"] and row["denominator"] not in ("none", "margin"):
                assert counted[row["result_id"]] == printed_base(row, waves[wave], groups[wave]), row
                checked[row["base_counts"]] = checked.get(row["base_counts"], 0) + 1
    assert checked == {"": 881, "group": 40, "asked": 3}


PRINT = {
    "report": "r",
    "survey": "cyclists",
    "year": "2023",
    "figure": "f",
    "item": "mood",
    "measure": "pct",
    "answer": "good",
    "breakdown": "sex",
    "group_key": "f",
    "unit": "percent",
    "source_kind": "prose_approx",
    "weighted": "yes",
    "items": "mood",
    "answers": "good",
    "denominator": "answered",
}


def printed_survey(folder: Path, prints: dict[str, dict[str, str]], exceptions: list[str]) -> Outcome:
    """The fixture survey with numbers printed of it."""
    seeds = Path(shutil.copytree(ROOT / "tests" / "fixtures" / "cyclists", folder / "seeds"))
    path = seeds / "published" / "published_results.csv"
    header = path.read_text(encoding="utf-8").strip().split(",")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({"result_id": name} | PRINT | cells for name, cells in prints.items())
    with (seeds / "published" / "published_exceptions.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in exceptions)
    (folder / "build").mkdir()
    return fast_road(seeds, folder / "build")


def test_whom_a_printed_base_counts(tmp_path: Path) -> None:
    """Women of 2023 who find riding good: of all, of those who ride and were asked, of those who answered."""
    with (ROOT / "tests" / "fixtures" / "cyclists" / "raw" / "cyclists_2023.csv").open(encoding="utf-8") as file:
        women = [row for row in csv.DictReader(file) if row["s3"] == "F"]
    answered = [row for row in women if row["ride"] == "Y" and row["mood"]]
    good = (
        100
        * sum(float(row["wgt"]) for row in answered if row["mood"] == "C")
        / sum(float(row["wgt"]) for row in answered)
    )
    group, asked, base = len(women), sum(row["ride"] == "Y" for row in women), len(answered)
    assert group > asked > base
    value = {"value": f"{good:.0f}"}
    prints = {
        "a": value | {"n": str(base)},
        "b": value | {"n": str(asked), "base_counts": "asked"},
        "c": value | {"n": str(group), "base_counts": "group"},
        "d": value,
        "e": value | {"n": str(base + 9)},
        "f": value | {"n": "100", "survey": "external", "denominator": "none"},
        "g": value | {"n": "50", "year": "2029"},
    }
    outcome = printed_survey(tmp_path, prints, ["e,base,a,Another figure prints nine fewer."])
    assert not outcome.sentences
    assert outcome.rows(
        "select result_id, status, base_counts, computed_n, computed_base_n, base_difference, base_status, base_reason"
        " from marts.fct_reconciliation order by result_id"
    ) == [
        ("a", "match", "answered", base, base, 0, "match", None),
        ("b", "match", "asked", base, asked, 0, "match", None),
        ("c", "match", "group", base, group, 0, "match", None),
        ("d", "match", None, base, None, None, None, None),
        ("e", "match", "answered", base, base, -9, "known_inconsistency", "Another figure prints nine fewer."),
        ("f", "not_computable", None, None, None, None, "not_computable", "outside source"),
        ("g", "not_computable", "answered", None, None, None, "not_computable", "the wave has not been delivered"),
    ]


def test_a_base_that_differs_without_a_reason_stops_the_release(tmp_path: Path) -> None:
    """An excuse for the value is none for the base."""
    prints = {"a": {"value": "1", "n": "7"}, "b": {"value": "1", "n": "7", "answers": "bad"}}
    outcome = printed_survey(tmp_path, prints, ["a,value,b,One of two.", "b,,a,The other of two."])
    assert outcome.rows(
        "select status, base_status, base_reason from marts.fct_reconciliation order by result_id"
    ) == 2 * [("known_inconsistency", "mismatch", "the counted base is not the printed one")]
    frame = outcome.tables.execute(MART_QUERIES["printed_bases"]).df()
    suite = mart_suites(read_limits(Settings(ROOT, tmp_path / "seeds", tmp_path / "build")))["printed_bases"]
    found = run("marts", [Batch(suite, frame)], tmp_path / "data_docs").sentences
    assert len(found) == 2
    for name, sentence in zip("ab", found, strict=True):
        assert f"result id {name}): f, mood good prints 7 respondents as its base and the warehouse counts" in sentence
        assert "base_counts of published_results.csv" in sentence


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


def test_one_recode_or_one_exception_less_stops_the_release(first: Refresh, tmp_path: Path) -> None:
    """Two answers of one wave's code list swapped, and a value and a base of print no longer excused."""
    seeds = tmp_path / "seeds"
    shutil.copytree(ROOT / "seeds", seeds)
    exceptions = seeds / "published" / "published_exceptions.csv"
    lines = exceptions.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("hp24_0561,", "hp24_0792,"))]
    exceptions.write_text("".join(kept), encoding="utf-8")
    lists = seeds / "codebook" / "code_lists.csv"
    text = lists.read_text(encoding="utf-8")
    one, two = "inn_sharing_scope4,1,", "inn_sharing_scope4,2,"
    assert text.count(one) == text.count(two) == 1
    lists.write_text(text.replace(one, "HELD").replace(two, one).replace("HELD", two), encoding="utf-8")
    build = first.copied_to(tmp_path / "build")
    result = subprocess.run(
        [str(Path(sys.executable).parent / "helsemonitor"), "refresh", "--plain"],
        cwd=ROOT,
        env=os.environ | {"HELSEMONITOR_SEEDS": str(seeds), "HELSEMONITOR_BUILD": str(build)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 1, result.stderr
    found = result.stderr
    assert "result id hp24_0561): tab V1.11, centrality Ikke oppgitt prints 1 and the warehouse computes 7.10" in found
    assert "hp24_0792): tab V2.1, profession_v21 Bioingeniør prints 4213 respondents as its base and the" in found
    assert "fig 7.2, sharing_scope Alle helseopplysninger er tilgjengelig på tvers prints 63 and the warehouse" in found
    assert (build / "published" / "current").resolve().name == first.release.name
