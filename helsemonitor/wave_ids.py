"""Ids of waves: a year, a cycle (2007-2008), a quarter (2023Q1), whatever a survey calls its waves."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

LONGEST_FILE_NAME = 200


class NamedWave(Protocol):
    """A wave as far as its names go."""

    @property
    def survey(self) -> str:
        """Survey id."""

    @property
    def year(self) -> int:
        """The number that sorts the waves of a survey."""

    @property
    def wave_id(self) -> str:
        """Name of the raw file."""


def seed_name(wave_id: str) -> str:
    """Name of a wave's raw table: the wave id where dbt takes it, else what dbt takes of it and a checksum.

    An id without a digit could be the name of another table of the warehouse.
    """
    if re.fullmatch(r"[A-Za-z][\w-]*\d[\w-]*", wave_id, re.ASCII):
        return wave_id
    plain = re.sub(r"\W+", "_", wave_id, flags=re.ASCII)[:60]
    return f"wave_{plain}_{hashlib.sha256(wave_id.encode()).hexdigest()[:8]}"


def _alike(wave_id: str) -> str:
    """What file systems, tables and Dagster's checks keep of an id."""
    return re.sub(r"\W", "_", seed_name(wave_id)).lower()


def _is_file_name(wave_id: str) -> bool:
    return wave_id.isprintable() and not set(wave_id) & set("/\\") and len(wave_id.encode()) <= LONGEST_FILE_NAME


def unclear_waves(waves: Sequence[NamedWave], shown: str) -> list[str]:
    """Sentences about waves that cannot be told from one another, or whose file cannot be named.

    Args:
        waves: Declared waves.
        shown: Path of waves.csv as a person would type it.
    """
    times = Counter(wave.wave_id for wave in waves)
    alike = Counter(_alike(wave_id) for wave_id in times)
    years = Counter((survey, year) for survey, year, _ in {(wave.survey, wave.year, wave.wave_id) for wave in waves})
    sentences = [
        f"{shown} declares {wave_id} {count} times; keep one row."
        for wave_id, count in sorted(times.items())
        if count > 1
    ]
    sentences += [
        f"{shown} declares {count} waves of {survey} with year {year}; the year sorts the waves, so write another "
        f"whole number for each, such as {year}1 and {year}2 (in every wave of the survey then)."
        for (survey, year), count in sorted(years.items())
        if count > 1
    ]
    sentences += [
        f"{shown}: wave {wave_id} differs from another wave by case or punctuation alone, which tables and files do "
        "not keep apart; call one of them otherwise."
        for wave_id in sorted(times)
        if alike[_alike(wave_id)] > 1
    ]
    sentences += [
        f"{shown}: wave {wave_id!r} cannot be the name of a file; leave out slashes and characters that cannot be "
        f"seen, and keep it below {LONGEST_FILE_NAME} bytes."
        for wave_id in sorted(times)
        if not _is_file_name(wave_id)
    ]
    return sentences
