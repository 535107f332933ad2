"""What a rule is: a function with a name, the sentence of what it holds, and where it lives."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.reading import Row, suggestion

Judge = Callable[[Codebook], Iterator[str]]


@dataclass(frozen=True)
class Rule:
    """One rule of the codebook.

    Args:
        name: Name of the check.
        holds: What it holds, in a sentence.
        home: Module that it stands in.
        judge: Gives one sentence per fault.
    """

    name: str
    holds: str
    home: str
    judge: Judge


_RULES: list[Rule] = []


def rule(judge: Judge) -> Judge:
    """Register a function as a rule; its docstring says what it holds."""
    holds = " ".join((judge.__doc__ or "").split())
    _RULES.append(Rule(judge.__name__, holds, judge.__module__, judge))
    return judge


def collected(home: str) -> list[Rule]:
    """The rules of a module."""
    return [found for found in _RULES if found.home == home]


def unknown_answers(book: Codebook, row: Row, item: str, column: str, also: Collection[str] = ()) -> Iterator[str]:
    """Sentences about answers in a cell that are none of an item's.

    Args:
        book: The codebook.
        row: The row.
        item: The item; empty where the row has none.
        column: Column that lists the answers.
        also: Words that may stand there, too.
    """
    known = list(book.answers_of(row["survey"], item)) if item else []
    for answer in row.parts(column):
        if answer not in known and answer not in also:
            yield (
                f"{row.place}: column {column} names {answer}, which is no answer of item {item} of {row['survey']} "
                f"in answers.csv{suggestion(answer, known)}; correct the name, or add the answer."
            )
