"""The wave that a delivered file is held against: the newest other one of its survey, as the codebook sees it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from helsemonitor.codebook.book import NO_ANSWERS, Codebook
from helsemonitor.codebook.reading import Row
from helsemonitor.codebook.waves import Wave, raw_file
from helsemonitor.errors import DataRefused
from helsemonitor.landing.keeping import delivered_texts
from helsemonitor.landing.profiles import Profile
from helsemonitor.raw_files import ColumnForm, fits_pattern, read_raw
from helsemonitor.settings import Settings


@dataclass(frozen=True)
class Sibling:
    """A wave with its file.

    Args:
        wave: The wave.
        columns: Its columns in order; those that the codebook ignores are left out.
        rows: Column -> its row of columns.csv, of the columns that hold an item.
        ignored: Patterns of columns that the codebook ignores.
        texts: Column -> text of its question as the wave was delivered; empty where its file had none.
    """

    wave: Wave
    columns: tuple[Profile, ...]
    rows: Mapping[str, Row]
    ignored: tuple[str, ...]
    texts: Mapping[str, str]

    def profile(self, name: str) -> Profile:
        """The column of a name."""
        return next(column for column in self.columns if column.name == name)

    def ignores(self, name: str) -> bool:
        """Whether the codebook leaves out a column of that name."""
        return any(fits_pattern(name, pattern) for pattern in self.ignored)


def nearest(waves: tuple[Wave, ...], survey: str, year: int, shown: str) -> Wave:
    """The newest wave of a survey before a year; the oldest where all are newer.

    Raises:
        DataRefused: The survey has no other wave.
    """
    others = [wave for wave in waves if wave.survey == survey and wave.year != year]
    if not others:
        known = sorted({wave.survey for wave in waves})
        only = f"no wave of survey {survey} but {year}" if survey in known else f"no survey {survey}"
        there = f"there are files of {', '.join(known)}" if known else "there is no file of any"
        raise DataRefused(
            [
                f"{shown} has {only} to compare with; {there}. Name one, or another year; the first files of a survey "
                "are for `helsemonitor new-survey`."
            ]
        )
    before = [wave for wave in others if wave.year < year]
    return max(before, key=lambda wave: wave.year) if before else min(others, key=lambda wave: wave.year)


def _form(book: Codebook, row: Row) -> ColumnForm:
    codes = book.code_lists.get(row["code_list"], [])
    return ColumnForm(
        is_number=all(code["answer"] in NO_ANSWERS for code in codes), codes=frozenset(code["code"] for code in codes)
    )


def _label(book: Codebook, survey: str, row: Row) -> str:
    item = book.items[survey, row["item"]]
    option = book.answers_of(survey, row["item"]).get(row["option"], {}) if row["option"] else {}
    return ": ".join(text for text in (item["label_no"] or item["label_en"], option.get("label_no", "")) if text)


def _labels(book: Codebook, survey: str, row: Row) -> dict[str, str]:
    answers = book.answers_of(survey, row["item"])
    return {
        code["code"]: code["label"] or answers.get(code["answer"], {}).get("label_no", "") or code["answer"]
        for code in book.code_lists.get(row["code_list"], [])
    }


def read_sibling(settings: Settings, book: Codebook, wave: Wave) -> Sibling:
    """Read a landed wave with what the codebook says of its columns.

    Args:
        settings: Folders of the project.
        book: The codebook.
        wave: The wave.

    Raises:
        DataRefused: Its file cannot be read.
    """
    mapped = book.columns_of(wave.survey, wave.year)
    ignored = book.ignored_in(wave.survey, wave.year)
    forms = {name: _form(book, row) for name, row in mapped.items()}
    forms[wave.respondent_column] = ColumnForm()
    if wave.weight_column:
        forms[wave.weight_column] = ColumnForm(is_number=True)
    path = raw_file(settings, wave)
    raw = read_raw(path, settings.shown(path), forms, ignored=ignored)
    place = {name: number for number, name in enumerate(raw.header)}
    columns = [(name, [cells[place[name]] for cells in raw.rows]) for name in raw.header if name in forms]
    return as_sibling(book, wave, columns, delivered_texts(settings, wave))


def as_profile(book: Codebook, survey: str, row: Row, name: str, cells: Sequence[str], text: str = "") -> Profile:
    """A column with what the codebook says of it.

    Args:
        book: The codebook.
        survey: Survey id.
        row: Its row of columns.csv.
        name: What it is called in the file.
        cells: Its cells.
        text: Text of its question as it was delivered; empty where nobody says.
    """
    form = _form(book, row)
    return Profile(
        name,
        cells,
        label=text or _label(book, survey, row),
        labels=_labels(book, survey, row),
        codes=frozenset() if form.is_number else form.codes,
    )


def as_sibling(
    book: Codebook, wave: Wave, columns: Iterable[tuple[str, Sequence[str]]], texts: Mapping[str, str]
) -> Sibling:
    """A wave whose cells were read, with what the codebook says of its columns.

    Args:
        book: The codebook.
        wave: The wave.
        columns: Names of its columns and their cells, in order; those that hold neither an item nor a key are left out.
        texts: Column -> text of its question as the wave was delivered.
    """
    mapped = book.columns_of(wave.survey, wave.year)
    keys = (wave.respondent_column, wave.weight_column)
    profiles = []
    for name, cells in columns:
        row = mapped.get(name)
        if row is None:
            if name in keys:
                profiles.append(Profile(name, cells, label=texts.get(name, "")))
            continue
        profiles.append(as_profile(book, wave.survey, row, name, cells, texts.get(name, "")))
    return Sibling(wave, tuple(profiles), mapped, book.ignored_in(wave.survey, wave.year), texts)
