"""The cube step alone, in CPU seconds: the project's two models against the product of sparse matrices.

    python -m benchmarks.cube_step --warehouse build/warehouse.duckdb --target build/dbt_target --out step.json

Both start from int_counted_answers and int_group_members. The models run as dbt compiled them, in a copy of the
warehouse; their time has the names, the pseudo-answers and the written tables in it.
"""

import argparse
import json
import resource
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np

from benchmarks.sparse import WAVES, Numbers, product_sums, read

STEP = ("int_answer_sums", "int_cells")
T = TypeVar("T")
FEEDING = ("int_counted_answers", "int_group_members")


def cpu_seconds() -> float:
    """CPU time of this process so far, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """CPU seconds of a piece of work, and what it gave."""
    started = cpu_seconds()
    result = work()
    return cpu_seconds() - started, result


def compiled(target: Path, model: str) -> str:
    """A model's query as dbt compiled it."""
    # Beside it lie what unit tests made of it, in folders named by their file.
    found = [path for path in (target / "compiled").rglob(f"{model}.sql") if path.parent.suffix != ".yml"]
    return found[0].read_text(encoding="utf-8")


def differing(connection: duckdb.DuckDBPyConnection, numbers: Numbers) -> tuple[int, int]:
    """Hold int_answer_sums against the product: counts and weights exactly, the rest to 1e-12.

    Returns:
        Rows of int_answer_sums, and how many of them the product gives otherwise.
    """
    sums = product_sums(numbers)
    ours = connection.execute(
        WAVES
        + """
        select cast(answer_from + answer_no - 1 as integer) as answer, group_no as "group", n,
            cast(sum_w * 1000000000 as bigint) as sum_w, cast(sum_w2 as double) as sum_w2,
            coalesce(cast(sum_wx as double), 0) as sum_wx, coalesce(cast(sum_wx2 as double), 0) as sum_wx2,
            coalesce(cast(sum_w2x as double), 0) as sum_w2x, coalesce(cast(sum_w2x2 as double), 0) as sum_w2x2
        from intermediate.int_answer_sums inner join waves using (survey, year)
        """
    ).fetchnumpy()
    off = np.zeros(len(ours["n"]), bool)
    for name, matrix in sums.items():
        theirs = np.asarray(matrix[ours["answer"], ours["group"]]).ravel()
        exact = name in ("n", "sum_w")
        off |= (theirs != ours[name]) if exact else ~np.isclose(theirs, ours[name], rtol=1e-12, atol=1e-9)
    return len(off), int(off.sum())


def measure(warehouse: Path, target: Path, rounds: int) -> dict[str, Any]:
    """Median CPU seconds of the models, of the reading of the numbers and of the product; rows that differ.

    Args:
        warehouse: Warehouse of a finished build.
        target: dbt's target folder of that build.
        rounds: How often each is done.
    """
    copy = warehouse.with_name("cube_step") / warehouse.name
    copy.parent.mkdir(exist_ok=True)
    shutil.copy(warehouse, copy)
    seconds: dict[str, list[float]] = {name: [] for name in (*FEEDING, *STEP, "read", "product")}
    with duckdb.connect(str(copy), config={"threads": 2}) as connection:
        for _ in range(rounds):
            for model in (*FEEDING, *STEP):
                create = f"create or replace table intermediate.{model}__again as ({compiled(target, model)})"
                seconds[model].append(timed(lambda query=create: connection.execute(query))[0])
                connection.execute(f"drop table intermediate.{model}__again")
            spent, numbers = timed(lambda: read(connection))
            seconds["read"].append(spent)
            seconds["product"].append(timed(lambda read_once=numbers: product_sums(read_once))[0])
        compared, rows = differing(connection, numbers)
    shutil.rmtree(copy.parent)
    return {
        "cpu_seconds": {name: statistics.median(of) for name, of in seconds.items()},
        "compared": compared,
        "differing": rows,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the cube step.")
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found = measure(options.warehouse, options.target, options.rounds)
    options.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
