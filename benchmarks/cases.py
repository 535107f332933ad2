"""What is measured at one size, by kind."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measure import ROOT, Case, measure
from benchmarks.scaled import newest_wave, redeliver

KINDS = ("seeds", "build", "cube", "marts", "landing", "threads", "svy", "queries", "dagster")
BIN = Path(sys.executable).parent
NOTHING, AGAIN = "refresh, nothing changed", "refresh, one wave delivered again"
LAND, ONE_MORE = "land, one more wave", "refresh, one more wave"


def stock_project(work: Path, seeds: Path) -> Path:
    """Copy the project without its seed materialization, so that dbt's own is used.

    The seeds are copied too: stock dbt writes the SQL it ran to a path made from the seed's, and for seeds outside the
    project that is the seed file itself.

    Args:
        work: Folder for the copy.
        seeds: Folder of the seeds.
    """
    copy = work / "stock_project"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for file in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / file, copy / file)
    for folder in ("models", "macros", "tests/data"):
        shutil.copytree(ROOT / folder, copy / folder)
    shutil.copytree(seeds, copy / "seeds")
    (copy / "macros" / "seed.sql").unlink()
    return copy


class Cases:
    """The commands of one size.

    Args:
        work: Folder of the size under `build/benchmarks`.
        seeds: Its seeds.
        memory: What DuckDB may hold, or "".
    """

    def __init__(self, work: Path, seeds: Path, memory: str) -> None:
        self.work, self.seeds = work, seeds
        self._environment: Mapping[str, str] = {"HELSEMONITOR_MEMORY": memory} if memory else {}

    @property
    def warehouse(self) -> Path:
        """Warehouse of the dbt build."""
        return self.work / "build" / "warehouse.duckdb"

    @property
    def cube_file(self) -> Path:
        """What the hand-written script writes."""
        return self.work / "cube_script" / "cube.duckdb"

    def _project(self, folder: str, *command: str, fresh: tuple[Path, ...] = (), seeds: Path | None = None) -> Case:
        return Case(
            [str(BIN / command[0]), *command[1:]], self.work / folder, str(seeds or self.seeds), fresh=fresh,
            environment=self._environment,
        )  # fmt: skip

    def _script(self, name: str, *arguments: str, fresh: tuple[Path, ...] = ()) -> Case:
        command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
        return Case(command, self.work / name, str(self.seeds), fresh=fresh)

    def build(self) -> Case:
        """`dbt build` with every model and test, into a new warehouse."""
        return self._project("build", "dbt", "build", fresh=(self.warehouse,))

    def some(self, name: str, *models: str) -> Case:
        """`dbt build` of some models and what they are made of, without tests, into a new warehouse."""
        select = ("--select", *(f"+{model}" for model in models))
        no_tests = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
        return self._project(name, "dbt", "build", *select, *no_tests, fresh=(self.work / name / "warehouse.duckdb",))

    def of_seeds(self) -> dict[str, Case]:
        """Stock `dbt seed` and the project's."""
        project = stock_project(self.work, self.seeds)
        return {
            "stock dbt seed": Case([str(BIN / "dbt"), "seed"], self.work / "stock_seed", "seeds", project),
            "dbt seed": self._project("seed", "dbt", "seed"),
        }

    def of_marts(self) -> dict[str, Case]:
        """Raw files to finished marts, and the rivals that compute the same numbers."""
        seeds = str(self.seeds)
        return {
            "dbt build": self.build(),
            "refresh": self._project("refresh", "helsemonitor", "refresh", "--full", "--plain"),
            "dbt, to the cube": self.some("to_cube", "int_cells"),
            "dbt, the rivals' numbers": self.some("to_series", "fct_indicators", "fct_answer_shares"),
            "cube script": self._script(
                "cube_only", "--seeds", seeds, "--out", str(self.work / "cube_only" / "cube.duckdb"),
                fresh=(self.work / "cube_only" / "cube.duckdb",),
            ),
            "polars": self._script("polars_script", "--seeds", seeds, "--out", str(self.work / "polars")),
            "pandas": self._script("pandas_script", "--seeds", seeds, "--out", str(self.work / "pandas")),
        }  # fmt: skip

    def of_threads(self) -> dict[str, Case]:
        """`dbt build` with other numbers of dbt's threads than the two of profiles.yml."""
        return {
            f"dbt build, {threads} thread{'s' if threads > 1 else ''}": self._project(
                f"threads_{threads}",
                *("dbt", "build", "--threads", str(threads)),
                fresh=(self.work / f"threads_{threads}" / "warehouse.duckdb",),
            )
            for threads in (1, 4)
        }

    def of_landing(self) -> dict[str, Case]:
        """A refresh when nothing changed, one when the newest wave was delivered again, and one more wave landed.

        The one more wave is the newest one a year later: its file is landed beside the seeds as they are, and refreshed
        where it was landed and reviewed.
        """
        copy = self.work / "landing_seeds"
        redeliver(self.seeds, copy)
        bare, more = (self.work / name / "seeds" for name in ("one_more_to_land", "one_more_landed"))
        survey, year, file = newest_wave(self.seeds)
        command = ("helsemonitor", "land", str(file), "--survey", survey, "--year", str(year + 1))
        wave_id = f"{survey}_{year + 1}"
        for seeds in (bare, more):
            shutil.rmtree(seeds.parent, ignore_errors=True)
            shutil.copytree(self.seeds, seeds)
        for step in (command, ("helsemonitor", "review", wave_id, "--accept", "all")):
            measure(self._project("one_more_prepared", *step, seeds=more))
        landed = (bare / "raw" / f"{wave_id}.csv", bare.parent / "landing" / "proposed" / f"{wave_id}.yaml")
        refresh = ("helsemonitor", "refresh", "--plain")
        return {
            NOTHING: self._project("refresh", *refresh),
            AGAIN: self._project("refresh", *refresh, seeds=copy),
            LAND: self._project("one_more_land", *command, fresh=landed, seeds=bare),
            ONE_MORE: self._project("refresh", *refresh, seeds=more),
        }
