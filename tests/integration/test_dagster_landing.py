"""Dagster lands what is put into landing/, for any wave, without a restart: on real instances, in small projects."""

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from helsemonitor.settings import PROJECT_DIR
from tests.integration.conftest import Refresh

SEEDS = PROJECT_DIR / "tests" / "fixtures" / "cyclists"
DECLARED = ["cyclists_2021", "cyclists_2022", "cyclists_2023"]
NEW = "cyclists_2024"
# What a file has otherwise whose weights are ten times those of the wave before, whose mean is 1.182.
TENFOLD = {
    "difference": "weights on another scale",
    "column": "wgt",
    "column before": "wgt",
    "item": "",
    "evidence": "mean 1.182 to 11.82",
    "type of change": "coding",
}


def told_by(module: str, seeds: Path, build: Path) -> dict[str, Any]:
    """What a story tells that runs in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.integration.{module}"],
        cwd=PROJECT_DIR,
        env=os.environ | {"HELSEMONITOR_SEEDS": str(seeds), "HELSEMONITOR_BUILD": str(build)},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    return json.loads(line.removeprefix("RESULT")) | {"stderr": done.stderr}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("landing")
    shutil.copytree(SEEDS, home / "seeds")
    return home


@pytest.fixture(scope="module")
def told(home: Path) -> dict[str, Any]:
    return told_by("landing_by_dagster", home / "seeds", home / "build")


@pytest.fixture(scope="module")
def later(cyclists: Refresh, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("later")
    seeds = Path(shutil.copytree(SEEDS, home / "seeds"))
    return told_by("later_wave_by_dagster", seeds, cyclists.copied_to(home / "build"))


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines()))


def test_the_partitions_are_the_declared_waves_and_those_that_came(told: dict[str, Any]) -> None:
    assert told["names"]["empty"] == {"requests": [], "skipped": "No new file has come.", "partitions": DECLARED}
    assert told["written"]["seen"]["partitions"] == [*DECLARED, NEW]
    assert told["written"]["gone"]["partitions"] == DECLARED


def test_other_files_are_left_alone_or_told_how_to_be_called(told: dict[str, Any]) -> None:
    first, second = told["names"]["other names"], told["names"]["other names again"]
    assert first == second
    assert first["requests"] == []
    sentences = first["skipped"].splitlines()
    assert len(sentences) == 5, sentences
    for name in ("cyclist_2024.csv.gz", "cyclists_0.sav", "cyclists_spring.csv", "riders_2024.csv", "red_2024.csv"):
        assert any(name in sentence for sentence in sentences), name
    assert first["skipped"].replace("\n", "").isprintable()


def test_a_file_that_is_still_written_waits(told: dict[str, Any]) -> None:
    looks = [told["written"]["seen"], told["written"]["grown"], *told["written"]["just now"]]
    for look in looks:
        assert (look["requests"], "is looked at once more" in look["skipped"]) == ([], True)


def test_a_wave_that_is_not_declared_is_landed_and_waits_for_review(told: dict[str, Any]) -> None:
    landed = told["landings"]["not declared"]
    assert (landed["asked at once"], landed["success"]) == (0, True)
    assert landed["metadata"]["proposals"] == 1
    assert landed["metadata"]["review_with"] == "helsemonitor review cyclists_2024"
    assert "wave: the wave itself, reviewed" in landed["metadata"]["proposed_rows"]
    checked = told["landings"]["not declared, checked"]
    assert not checked["success"]
    assert checked["said"].endswith("waves.csv does not declare cyclists_2024; add its row, and start the run again.")


def test_a_refused_delivery_is_a_failed_run_with_the_differences(told: dict[str, Any]) -> None:
    refused = told["landings"]["not fit"]
    assert not refused["success"]
    assert "A copy and these sentences are in " in refused["said"]
    assert refused["causes"] == [], "the cause's text is as the file has it"


def test_the_same_file_is_asked_for_once(told: dict[str, Any]) -> None:
    assert [look["requests"] for look in told["landings"]["asked again"]] == [[], []]
    assert [look["skipped"] for look in told["landings"]["asked again"]] == ["No new file has come."] * 2


def test_a_new_wave_is_landed_with_its_differences_and_checked(told: dict[str, Any], home: Path) -> None:
    assert told["landings"]["declared"]["success"]
    assert told["landings"]["declared"]["metadata"]["was_written"] is False
    landed = told["landings"]["not declared"]
    assert (landed["success"], landed["partitions"]) == (True, [NEW])
    header, *cells = rows((SEEDS / "raw" / "cyclists_2023.csv").read_text(encoding="utf-8"))
    weight = header.index("wgt")
    tenfold = [[*row[:weight], f"{float(row[weight]) * 10:.3f}", *row[weight + 1 :]] for row in cells]
    assert rows(landed["raw"]) == [header, *tenfold]
    metadata = landed["metadata"]
    kept = Path(metadata["kept_as"])
    assert kept.parent == home / "landing" / "delivered" / NEW
    proposed = ("proposals", "proposed_rows", "review_with")
    assert {name: value for name, value in metadata.items() if name not in proposed} == {
        "file": "cyclists_2024.csv",
        "sha256": hashlib.sha256(kept.read_bytes()).hexdigest(),
        "dagster/row_count": 310,
        "columns": 14,
        "summary": "310 respondents, 14 columns; 1 difference from cyclists_2023.",
        "compared_with": "cyclists_2023",
        "differences": 1,
        "difference_table": [TENFOLD],
        "raw_file": str(home / "seeds" / "raw" / "cyclists_2024.csv"),
        "kept_as": str(kept),
        "was_written": True,
    }
    checked = told["landings"]["checked"]
    assert (checked["success"], [check["passed"] for check in checked["checks"]]) == (True, [True])
    assert checked["metadata"]["dagster/row_count"] == 310


def test_another_file_takes_its_place_only_where_a_person_says_so(told: dict[str, Any]) -> None:
    refused = told["landings"]["another file"]
    assert not refused["success"]
    assert "cyclists_2024 is landed already" in refused["said"]
    replaced = told["landings"]["in its place"]
    assert replaced["success"]
    assert Path(replaced["metadata"]["former_file"]).name.startswith("replaced-")
    assert "(cyclists_2024.csv, cyclists_2024.txt); name one" in told["landings"]["two files"]["said"]
    assert "holds no file cyclists_2024" in told["landings"]["no file"]["said"]


def test_what_is_not_fit_changes_nothing_and_harms_no_page(told: dict[str, Any]) -> None:
    refused = told["landings"]["not fit"]
    assert (refused["success"], refused["raw stays"]) == (False, True)
    assert "column ride): Q 3 times stand in no row of code list" in refused["said"]
    columns = [row["column"] for row in refused["metadata"]["difference_table"]]
    assert sorted(columns) == ["<script>\ufffdalert(1)</script>", "ride"]
    assert "\u202e" not in json.dumps(refused, ensure_ascii=False)


def test_a_file_with_the_blanks_of_a_program_is_refused_and_kept(told: dict[str, Any], home: Path) -> None:
    refused = told["landings"]["words for blanks"]
    assert not refused["success"]
    assert "'NA' stands in 3 columns" in refused["said"]
    reports = [path.read_text(encoding="utf-8") for path in (home / "landing" / "rejected").glob("*.txt")]
    assert any("'NA' stands in 3 columns" in report for report in reports)


def test_the_only_wave_of_a_survey_has_nothing_to_be_compared_with(told: dict[str, Any]) -> None:
    alone = told["alone"]
    assert alone["success"]
    assert alone["metadata"]["compared_with"] == "cyclists has no other landed wave to compare with"
    assert "difference_table" not in alone["metadata"]


def test_the_calendar_warns_of_an_overdue_wave(told: dict[str, Any]) -> None:
    """1 January 2023 and a year are 1 January 2024, and 183 days later it is 2 July."""
    before, after, single = (*told["calendar"], told["calendar of one wave"])
    assert [run["success"] for run in (before, after, single)] == [True, True, True]
    (before,), (after,), (single,) = before["checks"], after["checks"], single["checks"]
    assert [check["passed"] for check in (before, after, single)] == [True, False, True]
    assert (after["name"], after["severity"], after["blocking"]) == ("wave_overdue", "WARN", False)
    assert "overdue since 2024-07-02" in after["said"]
    assert after["metadata"] == {
        "overdue": 1,
        "surveys": [
            {
                "survey": "cyclists",
                "newest wave": "cyclists_2023",
                "its date": "2023-01-01",
                "next expected": "2024-01-01",
                "overdue from": "2024-07-02",
            }
        ],
    }


def test_a_backfill_builds_its_waves_in_one_run_and_no_other(later: dict[str, Any]) -> None:
    """The files of all three waves have changed."""
    some = later["some"]
    assert (some["success"], some["partitions"], some["built"]) == (True, DECLARED[1:], ["2022", "2023"])


def test_a_wave_that_is_declared_later_is_checked_and_built(later: dict[str, Any]) -> None:
    checked, built = later["checked"], later["built"]
    assert (checked["success"], checked["metadata"]["dagster/row_count"]) == (True, 310)
    assert (built["success"], built["partitions"], built["built"]) == (True, [NEW], ["2024"])


def test_the_gate_sees_a_later_wave_and_dbt_asks_to_be_loaded_anew(later: dict[str, Any]) -> None:
    """In a process that loaded the project before; a run of `dagster dev` loads it itself."""
    refreshed = later["refreshed"]
    assert {"landing__codebook", "landing__wave_files"} <= set(refreshed["finished"])
    (gate,) = (check for check in refreshed["checks"] if check["name"] == "later_waves")
    assert (gate["passed"], gate["metadata"]) == (True, {"waves": NEW})
    assert (refreshed["success"], refreshed["failed"]) == (False, ["warehouse"])
    assert refreshed["said"].endswith(
        "waves.csv declares other waves than when Dagster loaded the project (cyclists_2024); reload the code "
        "location, and start the run again."
    )
    refused = later["not sound"]
    (gate,) = (check for check in refused["checks"] if check["name"] == "later_waves")
    assert (gate["passed"], gate["blocking"], refused["failed"]) == (False, True, ["landing__wave_files"])
    assert "2 of 311 rows share their respondent id" in gate["said"]


def test_a_part_of_the_warehouse_is_not_built_of_an_unreviewed_codebook(later: dict[str, Any]) -> None:
    """The graph is drawn with waves that nobody has reviewed, so that they can be landed and checked."""
    unreviewed = later["not reviewed"]
    assert (unreviewed["success"], unreviewed["finished"]) == (False, [])
    assert "cyclists" in unreviewed["said"]
    assert "review" in unreviewed["said"]
