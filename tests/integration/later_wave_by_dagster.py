"""A wave that is declared and landed after Dagster loaded the project, and backfills, told to the tests as JSON.

`python -m tests.integration.later_wave_by_dagster`, in folders with a built warehouse.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from orchestration.definitions import defs
from orchestration.resources import settings
from tests.integration.dagster_runs import run
from tests.integration.landing_by_dagster import NEW, ROW

FROM, TO = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def made() -> dict[str, str]:
    """Wave -> what its rows of the cube are made of."""
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return dict(
            connection.execute("select cast(year as varchar), made_of from intermediate.int_cells__waves").fetchall()
        )


def edited(path: Path) -> None:
    """Another answer of one respondent."""
    path.write_text(path.read_text(encoding="utf-8").replace(",Y,", ",N,", 1), encoding="utf-8")


def backfill(instance: dg.DagsterInstance, first: str, last: str) -> dict[str, Any]:
    """One run of several partitions, as the daemon launches it of a backfill, and the waves that it built anew."""
    before = made()
    told = run(defs.resolve_job_def("rebuild_waves"), instance, tags={FROM: first, TO: last})
    after = made()
    return told | {"built": sorted(year for year in after if after[year] != before.get(year))}


def main() -> None:
    """Tell the whole story."""
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions("waves", ["cyclists_2021", "cyclists_2022", "cyclists_2023"])
        declared = (settings.codebook_dir / "waves.csv").read_text(encoding="utf-8")
        for year in (2021, 2022, 2023):
            edited(settings.raw_dir / f"cyclists_{year}.csv")
        told: dict[str, Any] = {"some": backfill(instance, "cyclists_2022", "cyclists_2023")}
        shutil.copy(settings.raw_dir / "cyclists_2023.csv", settings.raw_dir / f"{NEW}.csv")
        with (settings.codebook_dir / "waves.csv").open("a", encoding="utf-8") as file:
            file.write(ROW.replace(",no\n", ",yes\n"))
        instance.add_dynamic_partitions("waves", [NEW])
        told["checked"] = run(defs.resolve_job_def("check_wave_file"), instance, NEW)
        told["built"] = backfill(instance, NEW, NEW)
        told["refreshed"] = run(defs.resolve_job_def("annual_refresh"), instance)
        edited(settings.raw_dir / f"{NEW}.csv")
        with (settings.raw_dir / f"{NEW}.csv").open("a", encoding="utf-8") as file:
            file.write("r1,1,F,20,Y,A,6,0,0,0,1,100,0,0\n")
        told["not sound"] = run(defs.resolve_job_def("annual_refresh"), instance)
        waves = settings.codebook_dir / "waves.csv"
        waves.write_text(declared.replace(",yes\n", ",no\n"), encoding="utf-8")
        told["not reviewed"] = run(
            defs.resolve_job_def("annual_refresh"), instance, assets=[dg.AssetKey(["codebook", "waves"])]
        )
    print("RESULT" + json.dumps(told))


if __name__ == "__main__":
    main()
