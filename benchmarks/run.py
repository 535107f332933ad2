"""Measures the road against what it replaces, side by side on the same machine and files.

    python -m benchmarks.run [--scale 1 10] [--rounds 3] [--only marts cube] [--write-docs]

Every command is a process of its own under `build/benchmarks`. The order turns around from round to round, so that a
machine that grows slower hurts all alike; medians count. What is compared must be equal, or the run fails.
`build/benchmarks/results.json` keeps every size and kind that was measured last; the tables show all of it.
"""

import argparse
import json
import os
import platform
import sys
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import duckdb
import psutil
from rich.console import Console

from benchmarks import cube_step, dagster_dev, queries, report, svy_sample
from benchmarks.cases import AGAIN, KINDS, LAND, NOTHING, ONE_MORE, Cases
from benchmarks.equal import differing_cells, differing_marts, differing_numbers
from benchmarks.measure import ROOT, Case, Run, measure, summary
from benchmarks.scaled import scaled_seeds

WORK = ROOT / "build" / "benchmarks"
SEEDS = (ROOT / (os.environ.get("HELSEMONITOR_SEEDS") or "seeds")).resolve()
RESULTS = WORK / "results.json"


def run_cases(cases: dict[str, Case], rounds: int, console: Console) -> dict[str, dict[str, float]]:
    """Run every case once per round.

    Returns:
        Name of the case to medians of its seconds and CPU seconds, its peak memory and its runs.
    """
    runs: dict[str, list[Run]] = defaultdict(list)
    for number in range(rounds):
        for name in cases if number % 2 == 0 else reversed(cases):
            run = measure(cases[name])
            runs[name].append(run)
            console.print(
                f"round {number + 1} of {rounds}: {name}: {run.seconds:.1f} s, {run.cpu_seconds:.1f} CPU s, "
                f"{run.peak_mb:.0f} MiB"
            )
    return {name: summary(of) for name, of in runs.items()}


def checked(equal: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Give back what was compared.

    Raises:
        SystemExit: Something differs, or nothing was there to compare.
    """
    for name, (compared, differing) in equal.items():
        if differing or not compared:
            raise SystemExit(f"{name}: {differing} of {compared} differ from the project's.")
    return equal


def measure_landing(cases: Cases, rounds: int, console: Console) -> dict[str, dict[str, float]]:
    """Refreshes in turn of the seeds as they are, with one wave delivered again, and with one more wave that landed."""
    of = cases.of_landing()
    runs: dict[str, list[Run]] = defaultdict(list)
    measure(of[NOTHING])
    for _ in range(rounds):
        for name in (NOTHING, AGAIN, LAND, ONE_MORE):
            runs[name].append(measure(of[name]))
            if name in (AGAIN, ONE_MORE):
                # Back to the seeds as they are.
                measure(of[NOTHING])
    found = {name: summary(of_case) for name, of_case in runs.items()}
    for name, medians in found.items():
        console.print(f"{name}: {medians['seconds']:.1f} s, {medians['cpu_seconds']:.1f} CPU s")
    return found


def measure_scale(size: int, only: list[str], rounds: int, memory: str, console: Console) -> dict[str, Any]:
    """Measure the kinds that were asked for at one size.

    Args:
        size: Respondents, as a multiple of the shipped ones.
        only: Kinds.
        rounds: Runs of each command.
        memory: What DuckDB may hold, or "".
        console: Where progress is told.
    """
    work = WORK / f"{size}x"
    cases = Cases(work, scaled_seeds(SEEDS, work / "seeds", size), memory)
    found: dict[str, Any] = {"date": datetime.now(UTC).date().isoformat(), "memory": memory, "cases": {}, "equal": {}}
    if "seeds" in only:
        found["cases"] |= run_cases(cases.of_seeds(), rounds, console)
    if "build" in only and "marts" not in only:
        found["cases"] |= run_cases({"dbt build": cases.build()}, rounds, console)
    if "marts" in only:
        of = cases.of_marts()
        found["cases"] |= run_cases(of, rounds, console)
        equal = {"cells of the cube script": differing_cells(cases.warehouse, work / "cube_only" / "cube.duckdb")}
        for rival in ("polars", "pandas"):
            numbers = differing_numbers(cases.warehouse, work / rival)
            equal |= {f"{kind} of {rival}": counts for kind, counts in numbers.items()}
        found["equal"] |= checked(equal)
    if {"cube", "svy", "queries", "threads"} & set(only) and not cases.warehouse.exists():
        measure(cases.build())
    if "cube" in only:
        step = cube_step.measure(cases.warehouse, work / "build" / "dbt_target", rounds)
        found["cube_step"] = step
        found["equal"] |= checked({"sums of sparse matrices": (step["compared"], step["differing"])})
    if "svy" in only:
        found["svy"] = svy_sample.measure(cases.seeds, cases.warehouse)
        found["equal"] |= checked({"estimates of svy": (found["svy"]["estimates"], found["svy"]["differing"])})
    if "queries" in only:
        release = work / "refresh" / "published" / "current" / "helsemonitor.duckdb"
        if not release.exists():
            measure(cases.of_marts()["refresh"])
        found["queries"], answers = queries.measure(release, cases.warehouse)
        found["equal"] |= checked({"answers of microdata": answers})
    if "threads" in only:
        of = cases.of_threads()
        found["cases"] |= run_cases(of, rounds, console)
        builds = {name: differing_marts(cases.warehouse, case.build / "warehouse.duckdb") for name, case in of.items()}
        found["equal"] |= checked({f"rows of {name}": counts for name, counts in builds.items()})
    if "dagster" in only:
        found["dagster"] = dagster_dev.measure(work / "dagster", cases.seeds)
    if "landing" in only:
        found["cases"] |= measure_landing(cases, rounds, console)
    return found


def kept(found: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """What was measured now over what was measured before, kind by kind."""
    merged = {**before, **found}
    for kind in ("cases", "equal"):
        merged[kind] = {**before.get(kind, {}), **found[kind]}
    return merged


def machine() -> dict[str, object]:
    """What the numbers were measured on."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 1024**3),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
    }


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure the road against what it replaces.")
    parser.add_argument("--scale", type=int, nargs="+", default=[1], help="respondents, as a multiple (default 1)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each command (default 3)")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS), help="kinds to measure (default all)")
    parser.add_argument("--memory", default="", help="what DuckDB may hold during a build, 3GB for example")
    parser.add_argument("--write-docs", action="store_true", help="put the numbers into docs/benchmarks.md, too")
    return parser.parse_args()


def main() -> None:
    """Measure, report and keep the numbers in `build/benchmarks/results.json`."""
    wanted = options()
    console = Console(width=None if sys.stdout.isatty() else 140)
    results: dict[str, Any] = {"scales": {}}
    for size in wanted.scale:
        found = measure_scale(size, wanted.only, wanted.rounds, wanted.memory, console)
        # Another run may have written meanwhile.
        results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else results
        results["scales"][str(size)] = kept(found, results["scales"].get(str(size), {}))
        results["scales"] = dict(sorted(results["scales"].items(), key=lambda item: int(item[0])))
        results["machine"] = machine()
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    for title, rows in report.tables(results["scales"]).items():
        report.show(console, title, rows)
    console.print("Numbers are kept in build/benchmarks/results.json.")
    if wanted.write_docs:
        report.write_docs(ROOT / "docs" / "benchmarks.md", results)


if __name__ == "__main__":
    main()
