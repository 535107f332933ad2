"""Measures the road against what it replaces, side by side on the same machine and files.

    python benchmarks/run.py [--rounds 3] [--write-docs]

Four questions: how much faster are seeds read than by stock dbt; what does the dbt part cost over one hand-written
script that only builds the cube; how does a warm refresh compare with stock `dbt seed` alone; how much memory does a
refresh need.

Every command is a process of its own with its own warehouse under `build/benchmarks`. The order turns around from round
to round, so that a machine that grows slower hurts all alike; the median counts.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psutil
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "benchmarks"
BIN = Path(sys.executable).parent
SEEDS = (ROOT / (os.environ.get("HELSEMONITOR_SEEDS") or "seeds")).resolve()
QUIET = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
}
MARK = "<!-- numbers: written by benchmarks/run.py --write-docs -->"
CELL = "survey, year, item, answer, breakdown, group_key, basis"
SUMS = "n, sum_w, sum_w2, sum_wx, sum_wx2, sum_w2x, sum_w2x2"


@dataclass(frozen=True)
class Run:
    """One finished process.

    Args:
        seconds: Wall-clock time from start to exit.
        cpu_seconds: Time on all cores together; unlike `seconds` it hardly moves when the machine is busy otherwise.
        peak_mb: Largest resident memory of the process, in MiB.
        raw_seed_seconds: What dbt spent on the raw wave files, file by file, without starting Python and parsing the
            project; 0 for commands that seed nothing.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    raw_seed_seconds: float


@dataclass(frozen=True)
class Case:
    """A command to measure.

    Args:
        command: Program and arguments.
        project: Folder it runs in.
        seeds: Folder of the seeds, absolute or from the project.
        fresh: File that must not exist when it starts.
    """

    command: Sequence[str]
    project: Path = ROOT
    seeds: str = str(SEEDS)
    fresh: Path | None = None


@dataclass(frozen=True)
class Ratio:
    """A finding: `what` took `value` times `against`; `aim` says which values are good."""

    what: str
    against: str
    value: float
    aim: str
    held: bool | None


def stock_project() -> Path:
    """Copy the project without its seed materialization, so that dbt's own is used.

    The seeds are copied too: stock dbt writes the SQL it ran to a path made from the seed's, and for seeds outside the
    project that is the seed file itself.
    """
    copy = WORK / "stock_project"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for file in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / file, copy / file)
    for folder in ("models", "macros", "tests/data"):
        shutil.copytree(ROOT / folder, copy / folder)
    shutil.copytree(SEEDS, copy / "seeds")
    (copy / "macros" / "seed.sql").unlink()
    return copy


def raw_seed_seconds(target: Path) -> float:
    """Sum of dbt's own times for the raw wave files.

    Args:
        target: dbt's target folder after a `dbt seed`.
    """
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    waves = {path.stem for path in (SEEDS / "raw").glob("*.csv")}
    return sum(result["execution_time"] for result in results if result["unique_id"].split(".")[-1] in waves)


def measure(label: str, case: Case) -> Run:
    """Run a case once in a process of its own.

    Args:
        label: Name of its folder under `build/benchmarks`.
        case: What to run.

    Raises:
        SystemExit: The command failed; its log is named.
    """
    build = WORK / label
    build.mkdir(parents=True, exist_ok=True)
    target = build / "dbt_target"
    environment = os.environ | QUIET | {"HELSEMONITOR_SEEDS": case.seeds, "HELSEMONITOR_BUILD": str(build)}
    environment |= {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(build / "logs")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if case.fresh:
        case.fresh.unlink(missing_ok=True)
    log = build / "output.log"
    with log.open("w", encoding="utf-8") as output:
        started = time.perf_counter()
        process = subprocess.Popen(case.command, cwd=case.project, env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = "\n".join(log.read_text(encoding="utf-8").splitlines()[-15:])
        raise SystemExit(f"{' '.join(case.command)} failed with {process.returncode}; {log} ends with\n{tail}")
    # ru_maxrss counts kibibytes on Linux and bytes on macOS.
    peak = usage.ru_maxrss / 1024 if sys.platform == "linux" else usage.ru_maxrss / 1024**2
    return Run(
        seconds, usage.ru_utime + usage.ru_stime, peak, raw_seed_seconds(target) if "seed" in case.command else 0.0
    )


def differing_cells(warehouse: Path, by_hand: Path) -> tuple[int, int]:
    """Hold the project's cube against the hand-written one.

    Args:
        warehouse: File with `intermediate.int_cells`.
        by_hand: File with `cells`.

    Returns:
        Number of cells of the project, and of rows that only one of the two has, sums included.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        connection.execute(f"attach '{by_hand}' as by_hand (read_only)")
        # The script counts answers and who gave them; who was asked, and everybody, are the project's own.
        ours = f"""
            select {CELL}, {SUMS} from warehouse.intermediate.int_cells
            where answer not in ('_asked', '_valid', '_not_relevant', '_refused') and item != '_respondents'
        """
        theirs = f"select {CELL}, {SUMS} from by_hand.cells"
        found = connection.execute(
            f"select (select count(*) from ({ours})), (select count(*) from (({ours} except {theirs}) union all "
            f"({theirs} except {ours})))"
        ).fetchone()
    return (int(found[0]), int(found[1])) if found else (0, 0)


def run_all(cases: dict[str, Case], rounds: int, console: Console) -> dict[str, list[Run]]:
    """Run every case once per round, after one unmeasured refresh that warms up file cache and byte code."""
    runs: dict[str, list[Run]] = defaultdict(list)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("", total=1 + rounds * len(cases))

        def step(label: str, description: str) -> Run:
            progress.update(task, description=description)
            run = measure(label, cases[label])
            progress.advance(task)
            return run

        step("refresh", "refresh, to warm up")
        for number in range(rounds):
            for label in cases if number % 2 == 0 else reversed(cases):
                runs[label].append(step(label, f"{label}, round {number + 1} of {rounds}"))
    return runs


def findings(runs: dict[str, list[Run]]) -> list[Ratio]:
    """Ratios of medians, with their aims."""

    def seconds(label: str) -> float:
        return statistics.median(run.seconds for run in runs[label])

    def raw_seeds(label: str) -> float:
        return statistics.median(run.raw_seed_seconds for run in runs[label])

    seeding = raw_seeds("stock_seed") / raw_seeds("seed")
    command = seconds("stock_seed") / seconds("seed")
    build = seconds("build") / seconds("cube_only")
    refresh = seconds("refresh") / seconds("stock_seed")
    peak = max(run.peak_mb for run in runs["refresh"])
    return [
        Ratio("stock seeding of the raw waves", "the project's seeding", seeding, "at least 10", seeding >= 10),
        Ratio("stock dbt seed, whole command", "the project's dbt seed", command, "", None),
        Ratio("dbt build with every test", "one script, cube only", build, "", None),
        Ratio("warm refresh", "stock dbt seed, whole command", refresh, "below 1.5", refresh < 1.5),
        Ratio("peak memory of a refresh", "2 GiB", peak / 2048, "below 1", peak < 2048),
    ]


def measured_rows(runs: dict[str, list[Run]]) -> list[tuple[str, ...]]:
    """One row per command, header first."""
    rows: list[tuple[str, ...]] = [("command", "median s", "fastest s", "cpu s", "raw seeds s", "peak MiB", "runs")]
    for label, of_label in runs.items():
        seeding = statistics.median(run.raw_seed_seconds for run in of_label)
        rows.append(
            (
                label,
                f"{statistics.median(run.seconds for run in of_label):.1f}",
                f"{min(run.seconds for run in of_label):.1f}",
                f"{statistics.median(run.cpu_seconds for run in of_label):.1f}",
                f"{seeding:.2f}" if seeding else "",
                f"{max(run.peak_mb for run in of_label):.0f}",
                str(len(of_label)),
            )
        )
    return rows


def compared_rows(ratios: list[Ratio]) -> list[tuple[str, ...]]:
    """One row per finding, header first."""
    rows: list[tuple[str, ...]] = [("what", "against", "ratio", "aim", "")]
    for ratio in ratios:
        verdict = "" if ratio.held is None else "held" if ratio.held else "missed"
        rows.append((ratio.what, ratio.against, f"{ratio.value:.2f}", ratio.aim, verdict))
    return rows


def as_markdown(rows: list[tuple[str, ...]]) -> str:
    """Write rows as a Markdown table."""
    lines = [rows[0], ("---",) * len(rows[0]), *rows[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_docs(results: str, tables: list[list[tuple[str, ...]]]) -> None:
    """Replace what stands below the mark in `docs/benchmarks.md`.

    Args:
        results: Sentences about the run.
        tables: Rows of each table, header first.
    """
    page = ROOT / "docs" / "benchmarks.md"
    kept = page.read_text(encoding="utf-8").split(MARK)[0]
    page.write_text("\n".join([kept + MARK + "\n", results + "\n", *map(as_markdown, tables)]), encoding="utf-8")


def show(console: Console, rows: list[tuple[str, ...]]) -> None:
    """Print rows as a table."""
    table = Table(box=None)
    for head in rows[0]:
        table.add_column(head, no_wrap=True)
    for row in rows[1:]:
        table.add_row(*row)
    console.print(table, "")


def main() -> None:
    """Measure, report and keep the numbers in `build/benchmarks/results.json`."""
    parser = argparse.ArgumentParser(description="Measure the road against what it replaces.")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each command (default 3)")
    parser.add_argument("--write-docs", action="store_true", help="put the numbers into docs/benchmarks.md, too")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    cube_file = WORK / "cube_only" / "cube.duckdb"
    script = str(ROOT / "benchmarks" / "cube_only.py")
    dbt = str(BIN / "dbt")
    cases = {
        "stock_seed": Case([dbt, "seed"], project=stock_project(), seeds="seeds"),
        "seed": Case([dbt, "seed"]),
        "build": Case([dbt, "build"], fresh=WORK / "build" / "warehouse.duckdb"),
        "cube_only": Case([sys.executable, script, "--seeds", str(SEEDS), "--out", str(cube_file)], fresh=cube_file),
        "refresh": Case([str(BIN / "helsemonitor"), "refresh", "--plain"]),
    }
    runs = run_all(cases, options.rounds, console)
    cells, differing = differing_cells(WORK / "build" / "warehouse.duckdb", cube_file)
    if differing or not cells:
        raise SystemExit(f"The project's cube ({cells} cells) and the hand-written one differ in {differing} rows.")
    ratios = findings(runs)
    tables = [measured_rows(runs), compared_rows(ratios)]
    for rows in tables:
        show(console, rows)
    same = f"The project's cube and the hand-written one agree in all {cells:,} cells and all sums."
    console.print(same)
    machine = {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 1024**3),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
    }
    results = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine,
        "cells": cells,
        "runs": {label: [asdict(run) for run in of_label] for label, of_label in runs.items()},
        "ratios": [asdict(ratio) for ratio in ratios],
    }
    (WORK / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    console.print("Numbers are kept in build/benchmarks/results.json.")
    if options.write_docs:
        described = ", ".join(f"{key} {value}" for key, value in machine.items())
        write_docs(f"Measured {results['date']} ({described}), {options.rounds} rounds. {same}", tables)


if __name__ == "__main__":
    main()
