"""What a rule is: a function with a name, the sentence of what it holds, and where it lives."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from helsemonitor.codebook.book import Codebook

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
