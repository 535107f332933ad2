"""The codebook as Python reads it: which waves there are, and which rows of a file hold in a wave."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helsemonitor.errors import DataRefused
from helsemonitor.settings import Settings

RANGE = ("year_from", "year_to")
WAVE_COLUMNS = ("survey", "year", "respondents", "respondent_column", "weight_column", "sha256")


@dataclass(frozen=True)
class Wave:
    """One row of `waves.csv`.

    Args:
        survey: Survey id.
        year: Year of the wave.
        respondents: Declared number of respondents.
        respondent_column: Raw column that identifies a respondent.
        weight_column: Raw column with the weight; empty where the wave is unweighted.
        sha256: Checksum of the raw file as it was landed; empty where none was declared.
        status: `provisional`, or `final` where the file is not to change any more.
    """

    survey: str
    year: int
    respondents: int
    respondent_column: str
    weight_column: str
    sha256: str
    status: str = "final"

    @property
    def wave_id(self) -> str:
        """Name of the wave's raw file, seed and partition: `<survey>_<year>`."""
        return f"{self.survey}_{self.year}"


def read_table(path: Path, columns: Sequence[str] = (), shown: str = "") -> tuple[list[str], list[dict[str, str]]]:
    """Read a CSV file of the codebook, or one like it.

    Args:
        path: The file.
        columns: Columns the caller will use.
        shown: The path as a person would type it; the path itself by default.

    Returns:
        Names of the columns, and one dictionary per row: cells as text, `""` where blank.

    Raises:
        DataRefused: The file or one of the columns is missing, or it is no CSV in UTF-8.
    """
    shown = shown or str(path)
    if not path.is_file():
        raise DataRefused(
            [f"The codebook file {shown} is not there; restore it or point HELSEMONITOR_SEEDS elsewhere."]
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            header = list(reader.fieldnames or [])
            rows = [{key: value for key, value in row.items() if key is not None} for row in reader]
    except (UnicodeDecodeError, csv.Error):
        raise DataRefused([f"{shown} is not CSV in UTF-8; save it as that."]) from None
    missing = [column for column in columns if column not in header]
    if missing:
        raise DataRefused([f"{shown} has no column {', '.join(missing)}; restore its header row."])
    _refuse_unreadable_ranges(header, rows, shown)
    return header, rows


def _refuse_unreadable_ranges(header: Sequence[str], rows: Sequence[Mapping[str, str]], shown: str) -> None:
    if not set(RANGE) <= set(header):
        return
    wrong = [
        f"{shown} line {line}: {end} is '{row[end]}'; write a whole year, or nothing for an open range."
        for line, row in enumerate(rows, start=2)
        for end in RANGE
        if row[end] and not row[end].isdecimal()
    ]
    if wrong:
        raise DataRefused(wrong)


def read_rows(settings: Settings, name: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """Rows of one codebook file by its name without `.csv`; see `read_table`."""
    path = settings.codebook_dir / f"{name}.csv"
    return read_table(path, columns, settings.shown(path))[1]


def _wave(row: dict[str, str], shown: str, line: int) -> Wave | str:
    survey, year, respondents = row["survey"], row["year"], row["respondents"]
    if not (survey and year.isdecimal() and respondents.isdecimal() and row["respondent_column"]):
        return (
            f"{shown} line {line} (survey '{survey}', year '{year}', respondents '{respondents}', respondent_column "
            f"'{row['respondent_column']}') is not a wave: it needs a survey, a whole year, a whole number of "
            "respondents and the column that identifies a respondent."
        )
    return Wave(
        survey=survey,
        year=int(year),
        respondents=int(respondents),
        respondent_column=row["respondent_column"],
        weight_column=row["weight_column"],
        sha256=row["sha256"],
        status=row.get("status", ""),
    )


def read_waves(settings: Settings) -> tuple[Wave, ...]:
    """Read the declared waves, sorted by survey and year.

    Raises:
        DataRefused: `waves.csv` is missing, empty, declares a wave twice or has a row that is not a wave.
    """
    rows = read_rows(settings, "waves", WAVE_COLUMNS)
    shown = settings.shown(settings.codebook_dir / "waves.csv")
    parsed = [_wave(row, shown, line) for line, row in enumerate(rows, start=2)]
    waves = sorted((wave for wave in parsed if isinstance(wave, Wave)), key=lambda wave: (wave.survey, wave.year))
    sentences = [finding for finding in parsed if isinstance(finding, str)]
    ids = [wave.wave_id for wave in waves]
    sentences += [
        f"{shown} declares {wave_id} {ids.count(wave_id)} times; keep one row."
        for wave_id in sorted(set(ids))
        if ids.count(wave_id) > 1
    ]
    if not parsed:
        sentences.append(f"{shown} declares no wave; there is nothing to refresh.")
    if sentences:
        raise DataRefused(sentences)
    return tuple(waves)


def holds_in(row: Mapping[str, str], year: int) -> bool:
    """Whether the range `year_from` to `year_to` of a codebook row covers a year; an open end is no limit."""
    return int(row["year_from"] or year) <= year <= int(row["year_to"] or year)


def raw_file(settings: Settings, wave: Wave) -> Path:
    """Path of a wave's raw file."""
    return settings.raw_dir / f"{wave.wave_id}.csv"


def wave_macro(waves: Sequence[Wave]) -> str:
    """Text of `macros/waves.sql`: dbt needs the names of the raw seeds before it can read a file."""
    names = "".join(f"    '{name}',\n" for name in sorted(wave.wave_id for wave in waves))
    return (
        "{# Written by `make waves` from seeds/codebook/waves.csv; a run of the road passes the waves of its own seeds "
        "folder. #}\n"
        f"{{% macro declared_waves() %}}\n{{{{ return(var('waves', [\n{names}])) }}}}\n{{% endmacro %}}\n"
    )


if __name__ == "__main__":
    here = Settings.from_environment()
    (here.project_dir / "macros" / "waves.sql").write_text(wave_macro(read_waves(here)), encoding="utf-8")
