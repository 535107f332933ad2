"""The declared waves, and which rows of the codebook hold in one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helsemonitor.codebook.reading import Row, read_table
from helsemonitor.codebook.validation import broken_constraints
from helsemonitor.delimited import clean_name
from helsemonitor.errors import DataRefused
from helsemonitor.settings import Settings
from helsemonitor.wave_ids import seed_name, unclear_waves


@dataclass(frozen=True)
class Wave:
    """One row of `waves.csv`.

    Args:
        survey: Survey id.
        year: Year of the wave, or any whole number that sorts the waves of the survey.
        respondents: Declared number of respondents.
        respondent_column: Raw column that identifies a respondent.
        weight_column: Raw column with the weight; empty where the wave is unweighted.
        sha256: Checksum of the raw file as it was landed; empty where none was declared.
        wave: Id of the wave within its survey (`2007-2008`, `2023Q1`); empty where it is the year.
        status: provisional or final.
    """

    survey: str
    year: int
    respondents: int
    respondent_column: str
    weight_column: str
    sha256: str
    wave: str = ""
    status: str = "final"

    @property
    def wave_id(self) -> str:
        """Name of the wave's raw file and partition: `<survey>_<wave>`."""
        return f"{self.survey}_{self.wave or self.year}"

    @property
    def seed(self) -> str:
        """Name of the wave's raw table, see `seed_name`."""
        return seed_name(self.wave_id)

    @property
    def variable(self) -> dict[str, str | int]:
        """What dbt is told of the wave."""
        return {"survey": self.survey, "year": self.year, "wave": self.wave or str(self.year), "seed": self.seed}


def _wave(row: Row) -> Wave:
    return Wave(
        survey=row["survey"],
        year=int(row["year"]),
        respondents=int(row["respondents"]),
        respondent_column=clean_name(row["respondent_column"]),
        weight_column=clean_name(row["weight_column"]),
        sha256=row["sha256"],
        wave=row["wave"],
        status=row["status"],
    )


def read_waves(settings: Settings) -> tuple[Wave, ...]:
    """Read the declared waves, sorted by survey and year.

    Raises:
        DataRefused: `waves.csv` is missing, empty, declares a wave twice or has a row that is not a wave.
    """
    read = read_table(settings, "waves")
    sentences = broken_constraints([read])
    if not read.rows:
        sentences = [f"{read.shown} declares no wave; there is nothing to refresh."]
    if sentences:
        raise DataRefused(sentences)
    waves = sorted((_wave(row) for row in read.rows), key=lambda wave: (wave.survey, wave.year))
    sentences = unclear_waves(waves, read.shown)
    if sentences:
        raise DataRefused(sentences)
    return tuple(waves)


def holds_in(row: Mapping[str, str], year: int) -> bool:
    """Whether the range `year_from` to `year_to` of a codebook row covers a year; an open end is no limit."""
    return int(row["year_from"] or year) <= year <= int(row["year_to"] or year)


def raw_file(settings: Settings, wave: Wave) -> Path:
    """Path of a wave's raw file. The letters of its name may be composed or not."""
    path = settings.raw_dir / f"{wave.wave_id}.csv"
    if path.exists() or path.name.isascii():
        return path
    alike = (other for other in settings.raw_dir.glob("*.csv") if clean_name(other.name) == clean_name(path.name))
    return next(alike, path)
