"""A delivered file against the wave before it: read, compared, and what is to be known of both."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.gate import read_codebook
from helsemonitor.codebook.waves import Wave, raw_file, read_waves
from helsemonitor.errors import DataRefused, refusal
from helsemonitor.landing.alignment import likeness_in_order
from helsemonitor.landing.delivery import DeliveredColumn, Delivery
from helsemonitor.landing.difference import Difference, Pair
from helsemonitor.landing.differences import Found, differences
from helsemonitor.landing.profiles import MOST_CODES, Profile
from helsemonitor.landing.sibling import Sibling, nearest, read_sibling
from helsemonitor.limits import read_limits
from helsemonitor.raw_files import WHOLE, normal_codes
from helsemonitor.settings import Settings

# Mean likeness of the columns that hold items with those of another wave of the survey. Neighbouring waves of two
# surveys have 1.6 to 2.3, all columns renamed among them, and waves of different surveys 0.5 to 1.0.
SAME_SURVEY = 1.2
# Part of the names that are the same where a file of the survey has its columns in another order.
SAME_NAMES = 0.8
# What programs write for a blank; in so few columns it may be an answer.
WORDS_FOR_BLANK = ("NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None", ".")
FEW_COLUMNS = 2


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Args:
        delivery: The delivered file.
        before: The wave that it was compared with, with its columns.
        found: What the comparison found.
        is_landed: Whether there is a file of that wave already.
    """

    delivery: Delivery
    before: Sibling
    found: Found
    is_landed: bool

    @property
    def sibling(self) -> Wave:
        """The wave that it was compared with."""
        return self.before.wave

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What is otherwise."""
        return self.found.differences


def _cell(cell: str) -> str:
    text = cell.strip()
    whole = WHOLE.fullmatch(text)
    return whole[1] if whole else text


def profile_of(column: DeliveredColumn, codes: Collection[str] = ()) -> Profile:
    """A delivered column as comparisons see it: codes without blanks around them and without a `.0`.

    Args:
        column: The column.
        codes: Codes that it likely holds; those that it writes otherwise, such as 01 for 1, become these.
    """
    new = {cell: _cell(cell) for cell in {*column.cells, *column.value_labels, *column.missing}}
    texts = set(new.values())
    same = normal_codes(dict.fromkeys(texts, 1), codes) if len(texts) <= MOST_CODES else {}
    new = {cell: same.get(text, text) for cell, text in new.items()}
    return Profile(
        column.name,
        [new[cell] for cell in column.cells],
        label=column.label,
        labels={new[code]: label for code, label in column.value_labels.items()},
        missing=frozenset(new[code] for code in column.missing),
    )


def _likely_codes(sibling: Sibling, name: str) -> frozenset[str]:
    """Codes of the former column of a name; where there is none, of all columns."""
    of = [column.codes for column in sibling.columns if column.name == name and column.codes]
    return frozenset().union(*(of or [column.codes for column in sibling.columns]))


def _refuse_words_for_blanks(delivery: Delivery, columns: Sequence[Profile]) -> None:
    """Refuse a file whose blanks are written as a word: they would be read as answers."""
    for word in WORDS_FOR_BLANK:
        number = sum(word in column.counts for column in columns)
        if number > FEW_COLUMNS:
            raise refusal(
                delivery.shown,
                f"'{word}' stands in {number} columns, as programs write a blank",
                "save it with empty cells where there is no answer",
            )


def _refuse_lost_header(delivery: Delivery, pairs: Sequence[Pair]) -> None:
    """Refuse a file whose first row is a respondent: what stand for names are codes of their columns."""
    coded = [pair for pair in pairs if pair.before.codes and pair.before.name != pair.now.name]
    cells = [pair for pair in coded if not pair.now.name or pair.now.name in pair.before.codes]
    if len(cells) >= FEW_COLUMNS and len(cells) > len(coded) / 2:
        raise refusal(
            delivery.shown,
            f"what stands above {len(cells)} of its columns are codes and not their names, so the header row is lost",
            "deliver it with the names of the columns as its first row",
        )


def _is_of_survey(sibling: Sibling, columns: Sequence[Profile]) -> bool:
    """Whether columns are like those of a wave, in their order, or are called the same in another one."""
    known = [column for column in sibling.columns if column.name in sibling.rows]
    names = {column.name for column in columns}
    if sum(column.name in names for column in known) >= SAME_NAMES * len(known):
        return True
    return likeness_in_order(known, columns) >= SAME_SURVEY


def _refuse_other_surveys(
    settings: Settings,
    book: Codebook,
    landed: Sequence[Wave],
    delivery: Delivery,
    sibling: Sibling,
    columns: Sequence[Profile],
) -> None:
    if _is_of_survey(sibling, columns):
        return
    newest = {wave.survey: wave for wave in landed if wave.survey != sibling.wave.survey}
    likely = [survey for survey, wave in newest.items() if _is_of_survey(read_sibling(settings, book, wave), columns)]
    perhaps = f"it is likely one of {likely[0]}; " if likely else ""
    raise DataRefused(
        [
            f"{delivery.shown}: its columns are not like those of {sibling.wave.wave_id}, so it is hardly a wave of "
            f"survey {sibling.wave.survey}; {perhaps}name the survey that it belongs to, or deliver it with the names "
            "or in the order of that wave."
        ]
    )


def compare(
    settings: Settings,
    delivery: Delivery,
    survey: str,
    year: int,
    announced: int | None = None,
    book: Codebook | None = None,
) -> Comparison:
    """Compare a delivered file with the newest other wave of its survey that was landed.

    Args:
        settings: Folders of the project.
        delivery: The file.
        survey: Survey id.
        year: The delivered wave.
        announced: Number of respondents that the institute announced.
        book: The codebook, where it was read before.

    Raises:
        DataRefused: The codebook does not pass its gate, the survey has no other wave, or the file is of another one.
    """
    book = book or read_codebook(settings, may_be_unreviewed=True)
    landed = tuple(wave for wave in read_waves(settings) if raw_file(settings, wave).is_file())
    sibling = read_sibling(settings, book, nearest(landed, survey, year, settings.shown(settings.codebook_dir)))
    columns = [profile_of(column, _likely_codes(sibling, column.name)) for column in delivery.columns]
    _refuse_words_for_blanks(delivery, columns)
    _refuse_other_surveys(settings, book, landed, delivery, sibling, columns)
    found = differences(book, read_limits(settings), sibling, columns, year, announced)
    _refuse_lost_header(delivery, found.pairs)
    is_landed = any((wave.survey, wave.year) == (survey, year) for wave in landed)
    return Comparison(delivery, sibling, found, is_landed)
