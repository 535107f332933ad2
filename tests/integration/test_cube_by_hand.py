"""The cube of the models equals the one that the benchmark's script builds another way, on answers drawn at random.

Random answers obey no routing and give every code of every list, so they reach rows of the codebook that a plausible
wave never would. Both ways use exact decimals: the sums are equal, not close.
"""

import csv
import os
import random
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

from benchmarks import cube_only
from benchmarks.equal import differing_cells

ROOT = Path(__file__).parents[2]
RESPONDENTS = 300
SKIPPED = 0.2


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    """Rows of one codebook file."""
    with (folder / "codebook" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, header: list[str], lines: list[list[str]]) -> None:
    """Write a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *lines])


def random_seeds(folder: Path) -> Path:
    """Copy the seeds with every wave answered at random by the same small number of respondents."""
    shutil.copytree(ROOT / "seeds", folder)
    draw = random.Random(20261121)
    codes: dict[str, list[str]] = defaultdict(list)
    for row in rows(folder, "code_lists"):
        codes[row["code_list"]].append(row["code"])
    allocations = {(row["survey"], row["item"]) for row in rows(folder, "items") if row["type"] == "allocation"}
    columns, waves = rows(folder, "columns"), rows(folder, "waves")
    for wave in waves:
        year = wave["year"]
        delivered = [
            row
            for row in columns
            if row["survey"] == wave["survey"] and row["year_from"] <= year <= (row["year_to"] or year)
        ]
        lines = []
        for number in range(RESPONDENTS):
            left: dict[str, int] = defaultdict(lambda: 100)
            line = [f"r{number}", *([f"{draw.uniform(0.3, 3):.6f}"] if wave["weight_column"] else [])]
            for column in delivered:
                points = (wave["survey"], column["item"]) in allocations
                if column["ignored_reason"] or draw.random() < SKIPPED:
                    line.append("")
                elif column["code_list"]:
                    line.append(draw.choice(codes[column["code_list"]]))
                elif points:
                    given = draw.choice([left[column["item"]], left[column["item"]] // 2, 0])
                    left[column["item"]] -= given
                    line.append(str(given))
                else:
                    line.append(str(draw.randint(18, 80)))
            lines.append(line)
        keys = [wave["respondent_column"], *([wave["weight_column"]] if wave["weight_column"] else [])]
        path = folder / "raw" / f"{wave['survey']}_{wave['year']}.csv"
        write(path, keys + [column["column_name"] for column in delivered], lines)
        wave["respondents"] = str(RESPONDENTS)
    write(folder / "codebook" / "waves.csv", list(waves[0]), [list(wave.values()) for wave in waves])
    return folder


@pytest.fixture(scope="module")
def cubes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The warehouse of the models and the file of the script, from the same random answers."""
    folder = tmp_path_factory.mktemp("cubes")
    seeds = random_seeds(folder / "seeds")
    build = folder / "build"
    build.mkdir()
    command = [sys.executable, "-m", "dbt.cli.main", "build", "--select", "+int_cells"]
    command += ["--resource-type", "seed", "--resource-type", "model"]
    command += ["--target-path", str(build / "target"), "--log-path", str(build / "logs")]
    environment = os.environ | {"HELSEMONITOR_SEEDS": str(seeds), "HELSEMONITOR_BUILD": str(build)}
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stdout[-4000:]
    by_hand = folder / "cube.duckdb"
    cube_only.build(seeds, by_hand)
    return build / "warehouse.duckdb", by_hand


def test_both_ways_give_the_same_sums(cubes: tuple[Path, Path]) -> None:
    count, differing = differing_cells(*cubes)
    assert count > 100_000
    assert differing == 0


def test_a_changed_sum_is_seen(cubes: tuple[Path, Path], tmp_path: Path) -> None:
    changed = tmp_path / "cube.duckdb"
    shutil.copy(cubes[1], changed)
    with duckdb.connect(str(changed)) as connection:
        connection.execute("update cells set sum_w = sum_w + 0.000000001 where rowid = 0")
    assert differing_cells(cubes[0], changed)[1] == 2
