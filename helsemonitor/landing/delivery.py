"""What an institute delivered, whatever the format of its file: columns of text, and what the file says of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from helsemonitor.delimited import rendered


@dataclass(frozen=True)
class DeliveredColumn:
    """A column of a delivered file.

    Args:
        name: Its name, in Unicode's composed form, without blanks around it.
        cells: Its cells as text, one per respondent; empty where the file has none (system-missing).
        label: Text of the question, where the file has it.
        value_labels: Code -> label, codes written as in `cells`.
        missing: Codes that the file itself declares missing. They stay in `cells`.
        kind: What the file says the cells are: `text`, `number` or `date`.
    """

    name: str
    cells: Sequence[str]
    label: str = ""
    value_labels: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    kind: str = "text"


@dataclass(frozen=True)
class ResponseSet:
    """A multiple-response set of SPSS.

    Args:
        name: Its name, without the dollar sign.
        label: Text of the question.
        columns: Names of its columns.
        counted: The code that says the box is ticked; empty for a set of categories.
    """

    name: str
    label: str
    columns: tuple[str, ...]
    counted: str


@dataclass(frozen=True)
class Table:
    """What a reader takes out of a file.

    Args:
        columns: Its columns in order, each as long as the others.
        response_sets: Its multiple-response sets.
    """

    columns: tuple[DeliveredColumn, ...]
    response_sets: tuple[ResponseSet, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """A delivered file as it was read.

    Args:
        path: The file.
        shown: Its path as a person would type it.
        format: Its format, as the ending of its name says it, such as `csv.gz`.
        sha256: Digest of its bytes as they were delivered, in hexadecimal digits.
        columns: Its columns in order, each as long as the others.
        response_sets: Its multiple-response sets.
    """

    path: Path
    shown: str
    format: str
    sha256: str
    columns: tuple[DeliveredColumn, ...]
    response_sets: tuple[ResponseSet, ...] = ()

    @property
    def respondents(self) -> int:
        """Number of respondents, a row each."""
        return len(self.columns[0].cells) if self.columns else 0

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> DeliveredColumn:
        """The column of a name.

        Raises:
            KeyError: The file has none.
        """
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, DeliveredColumn]:
        return {column.name: column for column in self.columns}


def as_csv(delivery: Delivery) -> bytes:
    """A delivery as a seed, see `delimited.rendered`."""
    return rendered(delivery.names, zip(*(column.cells for column in delivery.columns), strict=True))
