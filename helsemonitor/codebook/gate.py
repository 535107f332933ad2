"""The gate of the codebook, before anything is built: files, cells, keys, references, sense.

What passes is written in one form to the folder that dbt reads, so that dbt meets neither a semicolon nor a file that
is not there.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.reading import Rows, read_table, suggestion
from helsemonitor.codebook.rules import all_rules
from helsemonitor.codebook.rules.rule import Rule
from helsemonitor.codebook.rules.waves import unreviewed
from helsemonitor.codebook.schema import tables
from helsemonitor.codebook.validation import broken_constraints, broken_references
from helsemonitor.codebook.waves import read_waves
from helsemonitor.errors import DataRefused
from helsemonitor.settings import Settings

# Columns in two languages: an empty one is filled from the other.
LANGUAGES = ("_no", "_en")


def _stray_files(settings: Settings) -> list[str]:
    """Sentences about files of the codebook's folders that no table reads: a misspelt name would count as absent."""
    sentences = []
    for folder in ("codebook", "published"):
        known = [f"{table.name}.csv" for table in tables().values() if table.folder == folder]
        here = settings.seeds_dir / folder
        for path in sorted(here.iterdir()) if here.is_dir() else []:
            ours = path.name in known or path.name.startswith((".", "~")) or path.stem.lower() == "readme"
            if not ours:
                sentences.append(
                    f"{settings.shown(path)}: no table of the codebook has this name{suggestion(path.name, known)}; "
                    "rename the file, save it as .csv, or move it elsewhere."
                )
    return sentences


def _without_rows(reads: Iterable[Rows]) -> Iterator[str]:
    """Sentences about files that have lost their rows; waves.csv without any has a sentence of its own."""
    for read in reads:
        if not read.rows and read.table.presence != "optional" and read.table.name != "waves":
            own = ", or delete it to use the project's own" if read.table.presence == "house" else ""
            yield f"{read.shown} has no row below its header; restore its rows{own}."


def _rules(may_be_unreviewed: bool) -> Iterator[Rule]:
    return (rule for rule in all_rules() if not (may_be_unreviewed and rule.judge is unreviewed))


def faults(book: Codebook, *, may_be_unreviewed: bool = False) -> list[str]:
    """Everything that keeps a codebook in memory from being built upon: cells and keys, else references, else sense.

    Args:
        book: The codebook.
        may_be_unreviewed: Whether waves may be declared that nobody has reviewed yet.
    """
    reads = list(book.reads.values())
    return (
        broken_constraints(reads)
        or broken_references(reads)
        or [sentence for rule in _rules(may_be_unreviewed) for sentence in rule.judge(book)]
    )


def read_unjudged(settings: Settings) -> Codebook:
    """Read the codebook as it stands, whether or not its rows make sense, as in the middle of a review.

    Raises:
        DataRefused: A file cannot be read.
    """
    return Codebook({name: read_table(settings, name) for name in tables()})


def read_codebook(settings: Settings, *, may_be_unreviewed: bool = False) -> Codebook:
    """Read the codebook and hold it to its schema and to its rules.

    Args:
        settings: Folders of the project.
        may_be_unreviewed: Whether waves may be declared that nobody has reviewed yet, as while one is landed.

    Returns:
        The codebook; everything that dbt reads of it is in one form and refers to something.

    Raises:
        DataRefused: One sentence per fault: of the files where there is any, else of cells and keys, else of
            references, else of sense, since each rests on the one before.
    """
    sentences = _stray_files(settings)
    reads: dict[str, Rows] = {}
    for name in tables():
        try:
            reads[name] = read_table(settings, name)
        except DataRefused as refusal:
            sentences += refusal.sentences
    if not sentences:
        sentences = [*_without_rows(reads.values()), *broken_constraints(list(reads.values()))]
    if not sentences:
        # What a wave is has more rules than its cells: one file each, and one wave at least.
        read_waves(settings)
        sentences = broken_references(list(reads.values()))
    if sentences:
        raise DataRefused(sentences)
    book = Codebook(reads)
    sentences = [sentence for rule in _rules(may_be_unreviewed) for sentence in rule.judge(book)]
    if sentences:
        raise DataRefused(sentences)
    return book


def _filled(cells: Mapping[str, str]) -> dict[str, str]:
    """A row with the text of one language where the other's is empty."""
    filled = dict(cells)
    for column in cells:
        for ending, other in (LANGUAGES, LANGUAGES[::-1]):
            twin = column.removesuffix(ending) + other
            if column.endswith(ending) and not cells[column] and cells.get(twin):
                filled[column] = cells[twin]
    return filled


def _text(read: Rows) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, read.table.names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_filled(row) for row in read.rows)
    return text.getvalue()


def write_codebook(book: Codebook, seeds_dir: Path) -> None:
    """Write every table in one form: comma, UTF-8, all columns of the schema.

    Args:
        book: The codebook.
        seeds_dir: Folder that dbt reads; a file that would not change is left alone.
    """
    for read in book.reads.values():
        path = seeds_dir / read.table.folder / f"{read.table.name}.csv"
        content = _text(read).encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
