"""Command line: `python -m synthetic` writes seeds/raw/<survey>_<year>.csv for all waves."""

from __future__ import annotations

import os

# One thread per process: the result must not depend on how a library splits its sums.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from concurrent.futures import ProcessPoolExecutor  # noqa: E402
from functools import partial  # noqa: E402
from multiprocessing import get_context  # noqa: E402
from pathlib import Path  # noqa: E402

from synthetic.compose import Project, compose_from, record_hashes, write  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """Write the raw files.

    Args:
        arguments: Command line; the process's own by default.

    Returns:
        0 done, 2 unknown wave.
    """
    parser = argparse.ArgumentParser(prog="python -m synthetic", description=__doc__)
    parser.add_argument("--seeds", type=Path, default=Path(os.environ.get("HELSEMONITOR_SEEDS", "seeds")))
    parser.add_argument("--out", type=Path, help="folder of the raw files (default: raw in the seeds folder)")
    parser.add_argument("--waves", nargs="*", help="for instance innbygger_2024; all by default")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args(arguments)
    out: Path = options.out or options.seeds / "raw"
    out.mkdir(parents=True, exist_ok=True)
    waves = Project(options.seeds).codebook.waves
    if options.waves:
        unknown = set(options.waves) - {f"{survey}_{year}" for survey, year in waves}
        if unknown:
            print(f"waves.csv has no wave {', '.join(sorted(unknown))}", file=sys.stderr)
            return 2
        waves = [wave for wave in waves if f"{wave[0]}_{wave[1]}" in options.waves]
    started = time.monotonic()
    largest_first = sorted(waves, key=lambda wave: -wave[1])
    hashes: dict[str, str] = {}
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for composed in pool.map(partial(compose_from, options.seeds), largest_first):
            hashes[composed.name] = write(composed, out)
            seconds = time.monotonic() - started
            print(
                f"{seconds:6.1f} s  {composed.name}: {len(composed.frame)} respondents, {len(composed.misses)} missed"
            )
            for miss in composed.misses:
                print(f"          {miss.target} ({miss.item}): printed {miss.wanted:g}, drawn {miss.got:.2f}")
    if options.out is None:
        record_hashes(options.seeds / "codebook" / "waves.csv", hashes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
