"""Runs one command as a process of its own and says what it cost."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
QUIET = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
}


@dataclass(frozen=True)
class Run:
    """One finished process.

    Args:
        seconds: Wall-clock time from start to exit.
        cpu_seconds: Time on all cores together; unlike `seconds` it hardly moves when the machine is busy otherwise.
        peak_mb: Largest resident memory of the process, in MiB.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Case:
    """A command to measure.

    Args:
        command: Program and arguments.
        build: Its build folder; cases that share one follow each other.
        seeds: Folder of the seeds.
        project: Folder it runs in.
        fresh: Files that must not exist when it starts.
        environment: Further variables.
    """

    command: Sequence[str]
    build: Path
    seeds: str
    project: Path = ROOT
    fresh: Sequence[Path] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def measure(case: Case) -> Run:
    """Run a case once.

    Args:
        case: What to run; its output goes to `output.log` in its build folder.

    Raises:
        SystemExit: The command failed; its log is named.
    """
    case.build.mkdir(parents=True, exist_ok=True)
    environment = os.environ | QUIET | {"HELSEMONITOR_SEEDS": case.seeds, "HELSEMONITOR_BUILD": str(case.build)}
    environment |= {"DBT_TARGET_PATH": str(case.build / "dbt_target"), "DBT_LOG_PATH": str(case.build / "logs")}
    environment |= case.environment
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for path in case.fresh:
        path.unlink(missing_ok=True)
    log = case.build / "output.log"
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
    return Run(seconds, usage.ru_utime + usage.ru_stime, peak)


def summary(runs: Sequence[Run]) -> dict[str, float]:
    """Medians of runs, their largest memory and how many they are."""
    return {
        "seconds": statistics.median(run.seconds for run in runs),
        "cpu_seconds": statistics.median(run.cpu_seconds for run in runs),
        "peak_mb": max(run.peak_mb for run in runs),
        "runs": len(runs),
    }
