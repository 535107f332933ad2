"""What Dagster does with deliveries, told to the tests as JSON: `python -m tests.integration.landing_by_dagster`.

A process of its own: Dagster's assets are tied to the folders that the environment names when they are loaded. The
instance is a real one, with its storage on disk.
"""

import csv
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.assets import wave_file
from orchestration.freshness import overdue_check
from orchestration.jobs import check_wave_file, land_delivery
from orchestration.landing_assets import LandingConfig, delivery
from orchestration.resources import settings
from orchestration.reviewing import decide
from orchestration.sensors import delivered_files
from tests.integration.dagster_runs import run

ROW = "cyclists,2024,,,,,310,rid,wgt,,,delivered,provisional,,no\n"
NEW = "cyclists_2024"
INBOX = settings.landing_dir
Rows = list[dict[str, str]]

# Loaded with three waves. The warehouse is left out: dbt would be run to parse it.
defs = dg.Definitions(
    assets=[delivery, wave_file],
    jobs=[land_delivery, check_wave_file],
    sensors=[delivered_files],
    executor=dg.in_process_executor,
)


@dataclass
class Dagster:
    """A real instance, and the sensor's memory."""

    instance: dg.DagsterInstance
    cursor: str | None = None
    skipped: str | None = None

    def tick(self) -> list[dg.RunRequest]:
        """One look of the sensor, with what the daemon does about partitions."""
        context = dg.build_sensor_context(self.instance, self.cursor, definitions=defs)
        with dg.partition_loading_context(dynamic_partitions_store=self.instance):
            look = defs.get_sensor_def("delivered_files").evaluate_tick(context)
        for request in look.dynamic_partitions_requests or []:
            if isinstance(request, dg.AddDynamicPartitionsRequest):
                self.instance.add_dynamic_partitions(request.partitions_def_name, request.partition_keys)
            else:
                for key in request.partition_keys:
                    self.instance.delete_dynamic_partition(request.partitions_def_name, key)
        self.cursor, self.skipped = look.cursor, look.skip_message
        return list(look.run_requests or [])

    def look(self) -> dict[str, Any]:
        """A tick, as JSON."""
        requests = self.tick()
        return {
            "requests": [request.partition_key for request in requests],
            "skipped": self.skipped,
            "partitions": list(self.instance.get_dynamic_partitions("waves")),
        }

    def run(self, job: str, partition: str, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run a job; what a person would see of it."""
        return run(defs.resolve_job_def(job), self.instance, partition, config)

    def lands(self) -> dict[str, Any]:
        """Two looks at what lies in the folder, and the run that the second one asks for."""
        before = self.tick()
        (request,) = self.tick()
        return {
            "asked at once": len(before),
            **self.run("land_delivery", str(request.partition_key), request.run_config),
        }


def put(name: str, change: Callable[[Rows], None] = lambda rows: None, seconds_ago: float = 60) -> Path:
    """Put a file into the folder: the newest wave, with a change."""
    with (settings.raw_dir / "cyclists_2023.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    INBOX.mkdir(exist_ok=True)
    path = INBOX / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    os.utime(path, (time.time() - seconds_ago,) * 2)
    return path


def tenfold(rows: Rows) -> None:
    """Weights on another scale."""
    for row in rows:
        row["wgt"] = f"{float(row['wgt']) * 10:.3f}"


def other_answers(rows: Rows) -> None:
    """Another file of that wave."""
    tenfold(rows)
    rows[0]["a"] = "34"


def unknown_code(rows: Rows) -> None:
    """An answer that no code list has, in a column whose name could do harm on a page."""
    for row in rows[:3]:
        row["ride"] = "Q"
    for row in rows:
        row["<script>\u202ealert(1)</script>"] = "1"


def words_for_blanks(rows: Rows) -> None:
    """Blanks as a program writes them."""
    for row in rows[:3]:
        row |= dict.fromkeys(("ride", "mood", "sat2023"), "NA")


def overdue(today: date) -> dict[str, Any]:
    """The check of the calendar on a day."""
    job = dg.Definitions(asset_checks=[overdue_check(lambda: today)]).resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        return run(job, instance)


def names_of_files(dagster: Dagster) -> dict[str, Any]:
    """What is a delivery, what is left alone, and what is told how to be called."""
    told = {"empty": dagster.look()}
    for name in (".cyclists_2024.csv", "~$cyclists_2024.xlsx", "cyclists_2024.docx", "riders_2024.csv"):
        put(name)
    for name in ("cyclist_2024.csv.gz", "cyclists_spring.csv", "cyclists_0.sav", "\x1b[31mred_2024.csv"):
        put(name)
    (INBOX / "cyclists_2025.csv").mkdir()
    told["other names"] = dagster.look()
    told["other names again"] = dagster.look()
    for path in INBOX.iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    return told


def still_written(dagster: Dagster) -> dict[str, Any]:
    """A file that grows from look to look, and one that was changed just now, wait."""
    path = put(f"{NEW}.csv", tenfold)
    told = {"seen": dagster.look()}
    with path.open("a", encoding="utf-8") as file:
        file.write("r311;1")
    os.utime(path, (time.time() - 50,) * 2)
    told["grown"] = dagster.look()
    put(f"{NEW}.csv", tenfold, seconds_ago=-60)
    os.utime(path)
    told["just now"] = [dagster.look(), dagster.look()]
    path.unlink()
    told["gone"] = dagster.look()
    return told


def landings(dagster: Dagster) -> dict[str, Any]:
    """A new wave from its landing over its review to its check, all in one process."""
    raw = settings.raw_dir / f"{NEW}.csv"
    put(f"{NEW}.csv", tenfold)
    told: dict[str, Any] = {
        "not declared": dagster.lands() | {"raw": raw.read_text(encoding="utf-8")},
        "not declared, checked": dagster.run(check_wave_file.name, NEW),
    }
    decide(settings, NEW, (), ["all"], ())
    told["asked again"] = [dagster.look(), dagster.look()]
    os.utime(INBOX / f"{NEW}.csv", (time.time() - 40,) * 2)
    told["declared"] = dagster.lands()
    told["checked"] = dagster.run(check_wave_file.name, NEW)
    put(f"{NEW}.csv", other_answers, seconds_ago=30)
    told["another file"] = dagster.lands()
    told["in its place"] = dagster.run(
        land_delivery.name, NEW, dg.RunConfig(ops={delivery.op.name: LandingConfig(replaces=True)}).to_config_dict()
    )
    put(f"{NEW}.txt", other_answers)
    told["two files"] = dagster.run(land_delivery.name, NEW)
    (INBOX / f"{NEW}.txt").unlink()
    put(f"{NEW}.csv", unknown_code, seconds_ago=20)
    before = raw.read_bytes()
    told["not fit"] = dagster.lands() | {"raw stays": raw.read_bytes() == before}
    put(f"{NEW}.csv", words_for_blanks, seconds_ago=10)
    told["words for blanks"] = dagster.lands()
    (INBOX / f"{NEW}.csv").unlink()
    told["no file"] = dagster.run(land_delivery.name, NEW)
    return told


def nothing_to_compare(dagster: Dagster) -> dict[str, Any]:
    """The only wave of a survey."""
    path = put("cyclists_2023.csv")
    for wave in ("cyclists_2021", "cyclists_2022", NEW):
        (settings.raw_dir / f"{wave}.csv").rename(settings.seeds_dir / f"{wave}.away")
    told = dagster.run(land_delivery.name, "cyclists_2023")
    path.unlink()
    return told


def main() -> None:
    """Tell the whole story."""
    calendar = [overdue(day) for day in (date(2024, 7, 1), date(2024, 7, 2))]
    with dg.instance_for_test() as instance:
        dagster = Dagster(instance)
        told = {
            "calendar": calendar,
            "names": names_of_files(dagster),
            "written": still_written(dagster),
            "landings": landings(dagster),
            "alone": nothing_to_compare(dagster),
            "calendar of one wave": overdue(date(2999, 1, 1)),
        }
    print("RESULT" + json.dumps(told))


if __name__ == "__main__":
    main()
