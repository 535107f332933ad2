"""A delivered file against the wave before it: read, compared, and what is to be known of both."""

from collections.abc import Sequence
from dataclasses import dataclass

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.gate import read_codebook
from helsemonitor.codebook.waves import Wave, raw_file, read_waves
from helsemonitor.errors import DataRefused
from helsemonitor.landing.alignment import align
from helsemonitor.landing.delivery import DeliveredColumn, Delivery
from helsemonitor.landing.difference import Difference
from helsemonitor.landing.differences import differences
from helsemonitor.landing.profiles import Profile
from helsemonitor.landing.sibling import Sibling, nearest, read_sibling
from helsemonitor.limits import read_limits
from helsemonitor.raw_files import WHOLE
from helsemonitor.settings import Settings

# Mean likeness of the columns that hold items with those of another wave of the survey. Neighbouring waves of two
# surveys have 1.6 to 2.9, all columns renamed among them, and waves of different surveys 0.6 to 1.0.
SAME_SURVEY = 1.2


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Args:
        delivery: The delivered file.
        sibling: The wave that it was compared with.
        differences: What is otherwise.
    """

    delivery: Delivery
    sibling: Wave
    differences: tuple[Difference, ...]


def _cell(cell: str) -> str:
    text = cell.strip()
    whole = WHOLE.fullmatch(text)
    return whole[1] if whole else text


def profile_of(column: DeliveredColumn) -> Profile:
    """A delivered column as comparisons see it: codes without blanks around them and without a `.0`."""
    new = {cell: _cell(cell) for cell in set(column.cells)}
    return Profile(
        column.name,
        [new[cell] for cell in column.cells],
        label=column.label,
        labels={_cell(code): label for code, label in column.value_labels.items()},
        missing=frozenset(_cell(code) for code in column.missing),
    )


def _likeness(sibling: Sibling, columns: Sequence[Profile]) -> float:
    """Mean likeness of a wave's columns that hold items with delivered ones; 2 where all answers are the same."""
    known = [column for column in sibling.columns if column.name in sibling.rows]
    return sum(match.likeness for match in align(known, columns)) / max(len(known), 1)


def _refuse_other_surveys(
    settings: Settings, book: Codebook, delivery: Delivery, sibling: Sibling, columns: Sequence[Profile]
) -> None:
    if _likeness(sibling, columns) >= SAME_SURVEY:
        return
    landed = [wave for wave in read_waves(settings) if raw_file(settings, wave).is_file()]
    newest = {wave.survey: wave for wave in landed if wave.survey != sibling.wave.survey}
    alike = {survey: _likeness(read_sibling(settings, book, wave), columns) for survey, wave in newest.items()}
    likely = max(alike, key=lambda survey: alike[survey], default="")
    perhaps = f"it is likely one of {likely}; " if likely and alike[likely] >= SAME_SURVEY else ""
    raise DataRefused(
        [
            f"{delivery.shown}: its columns are not like those of {sibling.wave.wave_id}, so it is hardly a wave of "
            f"survey {sibling.wave.survey}; {perhaps}name the survey that it belongs to."
        ]
    )


def compare(settings: Settings, delivery: Delivery, survey: str, year: int, announced: int | None = None) -> Comparison:
    """Compare a delivered file with the newest other wave of its survey that was landed.

    Args:
        settings: Folders of the project.
        delivery: The file.
        survey: Survey id.
        year: The delivered wave.
        announced: Number of respondents that the institute announced.

    Raises:
        DataRefused: The codebook does not pass its gate, the survey has no other wave, or the file is of another one.
    """
    book = read_codebook(settings)
    landed = tuple(wave for wave in read_waves(settings) if raw_file(settings, wave).is_file())
    sibling = read_sibling(settings, book, nearest(landed, survey, year, settings.shown(settings.codebook_dir)))
    columns = [profile_of(column) for column in delivery.columns]
    _refuse_other_surveys(settings, book, delivery, sibling, columns)
    found = differences(book, read_limits(settings), sibling, columns, year, announced)
    return Comparison(delivery, sibling.wave, tuple(found))
