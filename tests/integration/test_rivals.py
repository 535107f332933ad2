"""The rivals of the benchmark compute the project's numbers: polars, pandas, a product of sparse matrices.

Each reads the raw files its own way, so their agreement also says that cube, shares, indicators and standard errors of
the release are right. Their sums are doubles. The script of the cube is held against random answers in another file.
"""

from pathlib import Path

import duckdb
import pytest

from benchmarks import cube_step, pandas_script, polars_script
from benchmarks.equal import OUR_SERIES, OURS, differing_numbers
from benchmarks.sparse import read
from tests.integration.conftest import ROOT, Refresh

SEEDS = ROOT / "seeds"


@pytest.fixture(scope="module")
def warehouse(build_dir: Path, first: Refresh) -> Path:
    """The warehouse behind the first release."""
    assert first.release.exists()
    return build_dir / "warehouse.duckdb"


def test_polars_computes_the_same_numbers(warehouse: Path, tmp_path: Path) -> None:
    polars_script.build(SEEDS, tmp_path)
    compared = differing_numbers(warehouse, tmp_path)
    assert compared["cells"][0] > 250_000
    assert compared["series"][0] > 400_000
    assert {differing for _, differing in compared.values()} == {0}


def test_pandas_computes_the_same_numbers(warehouse: Path, tmp_path: Path) -> None:
    pandas_script.build(SEEDS, tmp_path)
    compared = differing_numbers(warehouse, tmp_path)
    assert compared["cells"][0] > 250_000
    assert compared["series"][0] > 400_000
    assert {differing for _, differing in compared.values()} == {0}


def test_sparse_matrices_give_the_same_sums(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        compared, differing = cube_step.differing(connection, read(connection))
    assert compared > 250_000
    assert differing == 0


def test_a_number_that_differs_is_seen(warehouse: Path, tmp_path: Path) -> None:
    """A rival without one cell and one series, with one sum of weights and one error that are a little more."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        for name, numbers, column in [("cells", OURS, "sum_w"), ("series", OUR_SERIES, "se")]:
            # The largest first: a rival may leave out shares of 0.
            largest = "value" if name == "series" else "n"
            connection.execute(f"create table {name} as select * from ({numbers}) order by {largest} desc")
            connection.execute(f"update {name} set {column} = {column} + 0.001 where rowid = 0")
            connection.execute(f"delete from {name} where rowid = 1")
            connection.execute(f"copy {name} to '{tmp_path / name}.parquet'")
    compared = differing_numbers(warehouse, tmp_path)
    assert compared["cells"][1] == 2
    assert compared["series"][1] == 2
