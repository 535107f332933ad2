"""The declared waves, and which rows of the codebook hold in one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helsemonitor.codebook.reading import Row, read_table
from helsemonitor.codebook.validation import broken_constraints
from helsemonitor.errors import DataRefused
from helsemonitor.settings import Settings


@dataclass(frozen=True)
class Wave:
    """One row of `waves.csv`.

    Args:
        survey: Survey id.
        year: Sort order of the wave, usually its calendar year.
        respondents: Declared number of respondents.
        respondent_column: Raw column that identifies a respondent.
        weight_column: Raw column with the weight; empty where the wave is unweighted.
        sha256: Checksum of the raw file as it was landed; empty where none was declared.
        wave: Id of the wave within its survey; empty where the year is its id.
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
        """Name of the wave's raw file, seed and partition: `<survey>_<wave>`."""
        return f"{self.survey}_{self.wave or self.year}"


def _wave(row: Row) -> Wave:
    return Wave(
        survey=row["survey"],
        year=int(row["year"]),
        respondents=int(row["respondents"]),
        respondent_column=row["respondent_column"],
        weight_column=row["weight_column"],
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
    ids = [wave.wave_id for wave in waves]
    twice = [wave_id for wave_id in sorted(set(ids)) if ids.count(wave_id) > 1]
    if twice:
        raise DataRefused(
            f"{read.shown} gives {ids.count(wave_id)} waves the file {wave_id}.csv; give each a wave id of its own."
            for wave_id in twice
        )
    return tuple(waves)


def holds_in(row: Mapping[str, str], year: int) -> bool:
    """Whether the range `year_from` to `year_to` of a codebook row covers a year; an open end is no limit."""
    return int(row["year_from"] or year) <= year <= int(row["year_to"] or year)


def raw_file(settings: Settings, wave: Wave) -> Path:
    """Path of a wave's raw file."""
    return settings.raw_dir / f"{wave.wave_id}.csv"
