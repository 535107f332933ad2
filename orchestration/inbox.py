"""The folder that deliveries are put into: which wave a file there is, by its name, and whether it is there as a whole.

A file is called `<survey>_<wave>` and the ending of its format, where the wave is a year or the id of a declared wave.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helsemonitor.codebook import Wave
from helsemonitor.codebook.reading import read_table, suggestion
from helsemonitor.delimited import clean_name
from helsemonitor.landing.formats import READERS
from helsemonitor.settings import Settings
from orchestration.deliveries import shown

# Names that file managers, downloads and spreadsheets give to what is no delivery.
NOT_DELIVERED = (".", "~")
# Seconds. File systems tell two writes within as much apart by nothing.
QUIET = 2.0
LARGEST_YEAR = 9_999_999


@dataclass(frozen=True)
class Arrival:
    """A delivered file that waits to be landed.

    Args:
        path: The file.
        survey: Survey id.
        year: Year of the wave.
        wave_id: Id of the wave; of one that is not declared, survey and year.
        state: Its size and the time of its last change; another one is another file.
    """

    path: Path
    survey: str
    year: int
    wave_id: str
    state: str


@dataclass(frozen=True)
class Inbox:
    """What lies in the folder.

    Args:
        arrivals: The files whose names say a wave.
        unnamed: A sentence per file that could be read and whose name says none.
    """

    arrivals: tuple[Arrival, ...]
    unnamed: tuple[str, ...]

    def of_wave(self, wave_id: str) -> tuple[Arrival, ...]:
        """The files of a wave."""
        return tuple(arrival for arrival in self.arrivals if arrival.wave_id == wave_id)


def _ending(name: str) -> str:
    """The ending that says a file's format, the longest that fits; empty where none is read."""
    return max((ending for ending in READERS if name.lower().endswith(ending)), key=len, default="")


def _named_wave(stem: str, waves: Sequence[Wave], surveys: Sequence[str]) -> tuple[str, int, str] | str:
    """Survey, year and id of the wave that a name says; else why it says none, as a clause."""
    by_id = {clean_name(wave.wave_id): wave for wave in waves}
    if stem in by_id:
        return by_id[stem].survey, by_id[stem].year, by_id[stem].wave_id
    survey, _, part = stem.rpartition("_")
    if survey not in surveys:
        return f"its name begins with no survey{suggestion(survey or stem, surveys)}; there are {', '.join(surveys)}"
    if not (part.isascii() and part.isdigit() and 0 < int(part) <= LARGEST_YEAR):
        return f"the end of its name is neither a year nor the id of a declared wave of {survey}"
    year = int(part)
    declared = next((wave.wave_id for wave in waves if (wave.survey, wave.year) == (survey, year)), "")
    return survey, year, declared or f"{survey}_{year}"


def read_inbox(settings: Settings, waves: Sequence[Wave]) -> Inbox:
    """Look which deliveries lie in the folder, those in its own folders left out.

    Args:
        settings: Folders of the project.
        waves: Declared waves.

    Raises:
        DataRefused: surveys.csv cannot be read.
    """
    surveys = sorted({row["survey"] for row in read_table(settings, "surveys").rows} | {wave.survey for wave in waves})
    arrivals, unnamed = [], []
    folder = settings.landing_dir
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        ending = _ending(path.name)
        if not ending or path.name.startswith(NOT_DELIVERED) or not path.is_file():
            continue
        wave = _named_wave(clean_name(path.name[: -len(ending)]), waves, surveys)
        if isinstance(wave, str):
            unnamed.append(f"{shown(settings.shown(path))}: {wave}; call it <survey>_<year>{ending}.")
            continue
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        arrivals.append(Arrival(path, *wave, state=f"{found.st_size}_{found.st_mtime_ns}"))
    return Inbox(tuple(arrivals), tuple(unnamed))


def is_whole(arrival: Arrival, before: Mapping[str, str], now: float | None = None) -> bool:
    """Whether nobody writes a file any more: it is as it was at the look before, and was not changed just now.

    Args:
        arrival: The file.
        before: Name of a file -> its state at the look before.
        now: Seconds since the epoch; the present by default.
    """
    changed = int(arrival.state.split("_")[1]) / 1e9
    return before.get(arrival.path.name) == arrival.state and abs((now or time.time()) - changed) >= QUIET
