"""The tables of a measurement: what was measured, what it is against what, and whether the aims are held."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.cases import AGAIN, LAND, ONE_MORE

MARK = "<!-- numbers: written by benchmarks/run.py --write-docs -->"
Rows = list[tuple[str, ...]]
Scale = Mapping[str, Any]


@dataclass(frozen=True)
class Aim:
    """What a ratio should be.

    Args:
        what: What takes the time, at which size.
        against: What it is compared with.
        value: Its ratio.
        limit: What it should be at most, None where no aim was set.
        scale: Respondents, as a multiple of the shipped ones.
    """

    what: str
    against: str
    value: float
    limit: float | None
    scale: str

    @property
    def row(self) -> tuple[str, ...]:
        """Row of the table of aims."""
        place = (f"{self.scale}x", self.what, self.against, f"{self.value:.2f}")
        if self.limit is None:
            return (*place, "", "")
        return (*place, f"at most {self.limit:.2f}", "held" if self.value <= self.limit else "missed")


def cpu(scale: Scale, case: str) -> float:
    """Median CPU seconds of a case."""
    return float(scale["cases"][case]["cpu_seconds"])


def wall(scale: Scale, case: str) -> float:
    """Median seconds of a case on the clock."""
    return float(scale["cases"][case]["seconds"])


def step(scale: Scale) -> tuple[float, float]:
    """CPU seconds of the cube step, and of reading and multiplying the same numbers as sparse matrices."""
    seconds = scale["cube_step"]["cpu_seconds"]
    return seconds["int_answer_sums"] + seconds["int_cells"], seconds["read"] + seconds["product"]


def svy_seconds(scale: Scale) -> float:
    """CPU seconds that `svy` would take for every indicator, from the calls that were measured."""
    found = scale["svy"]
    return float(found["seconds"] / found["calls"] * found["calls_needed"])


@dataclass(frozen=True)
class Ratio:
    """What is compared at every size where both sides were measured.

    Args:
        what: What takes the time.
        against: What it is compared with.
        value: Its ratio; KeyError where something was not measured.
        limit: What it should be at most, None where no aim was set.
        from_size: Smallest size that the aim is for.
    """

    what: str
    against: str
    value: Callable[[Scale], float]
    limit: float | None = None
    from_size: int = 1


BUILD = "dbt build, every model and test"
NUMBERS = "dbt, the rivals' numbers"
RATIOS = [
    Ratio("cube step", "sparse product from the same tables", lambda s: step(s)[0] / step(s)[1], 4),
    Ratio("cube step", "sparse product alone", lambda s: step(s)[0] / s["cube_step"]["cpu_seconds"]["product"]),
    Ratio(BUILD, "cube script", lambda s: cpu(s, "dbt build") / cpu(s, "cube script"), 2, 10),
    Ratio(BUILD, "pandas", lambda s: cpu(s, "dbt build") / cpu(s, "pandas"), 1 / 3, 10),
    Ratio(BUILD, "polars", lambda s: cpu(s, "dbt build") / cpu(s, "polars"), 1 / 2, 10),
    Ratio("dbt, to the cube", "cube script", lambda s: cpu(s, "dbt, to the cube") / cpu(s, "cube script")),
    Ratio(NUMBERS, "pandas", lambda s: cpu(s, NUMBERS) / cpu(s, "pandas")),
    Ratio(NUMBERS, "polars", lambda s: cpu(s, NUMBERS) / cpu(s, "polars")),
    Ratio(BUILD, "svy, extrapolated", lambda s: cpu(s, "dbt build") / svy_seconds(s)),
    Ratio("refresh, wall clock", "stock dbt seed", lambda s: wall(s, "refresh") / wall(s, "stock dbt seed"), 1),
    Ratio("dbt seed", "stock dbt seed", lambda s: cpu(s, "dbt seed") / cpu(s, "stock dbt seed")),
    Ratio("refresh, nothing changed, wall clock", "2 s", lambda s: wall(s, "refresh, nothing changed") / 2, 1),
    Ratio(AGAIN, "refresh", lambda s: cpu(s, AGAIN) / cpu(s, "refresh")),
    Ratio(
        "land and refresh, one more wave", "refresh", lambda s: (cpu(s, LAND) + cpu(s, ONE_MORE)) / cpu(s, "refresh")
    ),
    Ratio("dbt build, peak memory", "4 GiB", lambda s: s["cases"]["dbt build"]["peak_mb"] / 4096, 1),
]


def aims(scales: Mapping[str, Scale]) -> list[Aim]:
    """Every comparison that was measured, and the growth from the smallest size to the largest."""
    found = []
    for size, scale in scales.items():
        for ratio in RATIOS:
            limit = ratio.limit if int(size) >= ratio.from_size else None
            try:
                found.append(Aim(ratio.what, ratio.against, ratio.value(scale), limit, size))
            except KeyError:
                continue
    built = sorted((int(size) for size, scale in scales.items() if "dbt build" in scale.get("cases", {})))
    if len(built) > 1:
        small, large = built[0], built[-1]
        growth = cpu(scales[str(large)], "dbt build") / cpu(scales[str(small)], "dbt build")
        against = f"growth of respondents from {small}x"
        found.append(Aim("dbt build, growth of CPU time", against, growth / (large / small), 1, str(large)))
    return found


def case_rows(scales: Mapping[str, Scale]) -> Rows:
    """One row per size and command, header first."""
    rows: Rows = [("size", "command", "median s", "CPU s", "peak MiB", "runs")]
    for size, scale in scales.items():
        for case, of in scale.get("cases", {}).items():
            rows.append(
                (
                    f"{size}x",
                    case,
                    f"{of['seconds']:.1f}",
                    f"{of['cpu_seconds']:.1f}",
                    f"{of['peak_mb']:.0f}",
                    str(of["runs"]),
                )
            )
    return rows


def part_rows(scales: Mapping[str, Scale]) -> Rows:
    """CPU seconds of the cube step's parts and of `svy`, and what Dagster takes, header first."""
    rows: Rows = [("size", "part", "CPU s")]
    for size, scale in scales.items():
        for part, seconds in scale.get("cube_step", {}).get("cpu_seconds", {}).items():
            named = {"read": "sparse matrices: reading the numbers", "product": "sparse matrices: seven products"}
            rows.append((f"{size}x", named.get(part, part), f"{seconds:.2f}"))
        for part, seconds in scale.get("dagster", {}).items():
            rows.append((f"{size}x", f"dagster dev, {part}, wall clock", f"{seconds:.1f}"))
        if "svy" in scale:
            found = scale["svy"]
            rows.append(
                (f"{size}x", f"svy, {found['calls']} calls of {found['calls_needed']}", f"{found['seconds']:.1f}")
            )
            rows.append((f"{size}x", "svy, all calls, extrapolated", f"{svy_seconds(scale):.0f}"))
    return rows


def query_rows(scales: Mapping[str, Scale]) -> Rows:
    """Times of a dashboard's questions, header first."""
    rows: Rows = [("size", "question", "asked of", "p50 ms", "p95 ms")]
    for size, scale in scales.items():
        for question, of in scale.get("queries", {}).items():
            for asked, found in of.items():
                rows.append((f"{size}x", question, asked, f"{found['p50_ms']:.1f}", f"{found['p95_ms']:.1f}"))
    return rows


def equal_rows(scales: Mapping[str, Scale]) -> Rows:
    """What was held against what, header first."""
    rows: Rows = [("size", "numbers", "against", "compared", "differing")]
    for size, scale in scales.items():
        for name, (compared, differing) in scale.get("equal", {}).items():
            numbers, against = name.split(" of ", 1)
            rows.append((f"{size}x", numbers, against, f"{compared:,}", f"{differing:,}"))
    return rows


def tables(scales: Mapping[str, Scale]) -> dict[str, Rows]:
    """Title to rows of every table that has any."""
    of_aims: Rows = [("size", "what", "against", "ratio", "aim", "")]
    found = {
        "Aims, in CPU seconds unless said otherwise": [*of_aims, *(aim.row for aim in aims(scales))],
        "Commands": case_rows(scales),
        "Parts": part_rows(scales),
        "Questions of a dashboard": query_rows(scales),
        "Equality": equal_rows(scales),
    }
    return {title: rows for title, rows in found.items() if len(rows) > 1}


def show(console: Console, title: str, rows: Rows) -> None:
    """Print rows as a table."""
    table = Table(box=None, title=title, title_justify="left")
    for head in rows[0]:
        table.add_column(head, no_wrap=True)
    for row in rows[1:]:
        table.add_row(*row)
    console.print(table, "")


def as_markdown(title: str, rows: Rows) -> str:
    """Write rows as a Markdown table under a heading."""
    lines = [rows[0], ("---",) * len(rows[0]), *rows[1:]]
    return f"## {title}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_docs(page: Path, results: Mapping[str, Any]) -> None:
    """Replace what stands below the mark in a page.

    Args:
        page: `docs/benchmarks.md`.
        results: What `results.json` holds.
    """
    kept = page.read_text(encoding="utf-8").split(MARK)[0]
    machine = ", ".join(f"{key} {value}" for key, value in results["machine"].items())
    dates = ", ".join(
        f"{size}x on {scale['date']}" + (f" (DuckDB bounded to {scale['memory']})" if scale.get("memory") else "")
        for size, scale in results["scales"].items()
    )
    written = [as_markdown(title, rows) for title, rows in tables(results["scales"]).items()]
    page.write_text("\n".join([kept + MARK + "\n", f"Measured {dates} ({machine}).\n", *written]), encoding="utf-8")
