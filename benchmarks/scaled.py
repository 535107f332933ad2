"""Seeds with many times the respondents, to measure how the work grows.

Every respondent of a shipped wave stands `times` times in the scaled one, the first time as delivered and then under
new ids. So all shares stay: the file is as plausible to the gates as the shipped one, and only what is a number of
respondents grows, in codebook and prints. DuckDB writes the files; no row passes through Python.
"""

import csv
import hashlib
import shutil
from pathlib import Path

import duckdb

# Limits of the codebook, and units of the prints, that are numbers of respondents.
COUNTED_LIMITS = {"small_base", "weighted_base_smallest", "drift_base_smallest"}
COUNTED_UNITS = {"persons", "respondents"}


def text(value: str) -> str:
    """Quote a value as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """Quote an identifier."""
    return '"' + value.replace('"', '""') + '"'


def write_wave(
    connection: duckdb.DuckDBPyConnection, source: Path, target: Path, row: dict[str, str], times: int
) -> int:
    """Write one wave with every respondent repeated, in an order that keeps nobody's copies together.

    Args:
        connection: Any DuckDB connection.
        source: Shipped file.
        target: File to write.
        row: Its row of `waves.csv`.
        times: How often a respondent stands in it.

    Returns:
        Respondents written.
    """
    key = name(row["respondent_column"])
    read = f"read_csv({text(str(source))}, header = true, all_varchar = true, delim = ',', quote = '\"')"
    connection.execute(
        f"""
        copy (
            select * exclude (copy_no)
                replace ({key} || case when copy_no > 0 then '-' || copy_no else '' end as {key})
            from {read}, range({times}) as copies (copy_no)
            order by hash({key}, copy_no)
        ) to {text(str(target))} (header true, delimiter ',', quote '"')
        """
    )
    return int(row["respondents"]) * times


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    """Write rows over a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def scale_counts(target: Path, times: int) -> None:
    """Multiply what else is a number of respondents: printed bases and counts, and limits."""
    path = target / "codebook" / "limits.csv"
    limits = rows_of(path)
    for row in limits:
        if row["check_name"] in COUNTED_LIMITS:
            row["value"] = str(int(row["value"]) * times)
    write_rows(path, limits)
    path = target / "published" / "published_results.csv"
    # A printed margin of error follows from the number of respondents.
    prints = [row for row in rows_of(path) if row["measure"] != "margin"]
    for row in prints:
        for column in ["n", *(["value"] if row["unit"] in COUNTED_UNITS else [])]:
            row[column] = str(int(float(row[column])) * times) if row[column] else ""
    write_rows(path, prints)


def scaled_seeds(seeds: Path, target: Path, times: int) -> Path:
    """Make a folder of seeds with `times` as many respondents; one that is whole already is kept.

    Args:
        seeds: Folder with `codebook/`, `raw/` and `published/`.
        target: Folder to make.
        times: How often every respondent stands in it, 1 for the shipped files themselves.

    Returns:
        The folder: `seeds` itself where `times` is 1.
    """
    if times == 1:
        return seeds
    done = target / ".whole"
    if done.exists():
        return target
    shutil.rmtree(target, ignore_errors=True)
    for folder in ("codebook", "published"):
        shutil.copytree(seeds / folder, target / folder)
    (target / "raw").mkdir()
    path = target / "codebook" / "waves.csv"
    waves = rows_of(path)
    with duckdb.connect() as connection:
        for row in waves:
            file_name = f"{row['survey']}_{row['wave'] or row['year']}.csv"
            written = target / "raw" / file_name
            row["respondents"] = str(write_wave(connection, seeds / "raw" / file_name, written, row, times))
            with written.open("rb") as raw:
                row["sha256"] = hashlib.file_digest(raw, "sha256").hexdigest()
    write_rows(path, waves)
    scale_counts(target, times)
    done.touch()
    return target


def newest_wave(seeds: Path) -> tuple[str, int, Path]:
    """Survey, year and raw file of the newest wave."""
    newest = max(rows_of(seeds / "codebook" / "waves.csv"), key=lambda row: (row["year"], row["survey"]))
    file = seeds / "raw" / f"{newest['survey']}_{newest['wave'] or newest['year']}.csv"
    return newest["survey"], int(newest["year"]), file


def redeliver(seeds: Path, target: Path) -> None:
    """Copy seeds with the newest wave delivered again: the same respondents, in another order.

    Args:
        seeds: Folder with `codebook/`, `raw/` and `published/`.
        target: Folder to make.
    """
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(seeds, target)
    path = target / "codebook" / "waves.csv"
    waves = rows_of(path)
    newest = max(waves, key=lambda row: (row["year"], row["survey"]))
    file = target / "raw" / f"{newest['survey']}_{newest['wave'] or newest['year']}.csv"
    with duckdb.connect() as connection:
        write_wave(connection, seeds / "raw" / file.name, file, newest, 1)
    with file.open("rb") as raw:
        newest["sha256"] = hashlib.file_digest(raw, "sha256").hexdigest()
    write_rows(path, waves)
