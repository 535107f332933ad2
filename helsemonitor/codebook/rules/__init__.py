"""Rules that the codebook as a whole must hold to; each is a function from the codebook to sentences."""

from helsemonitor.codebook.rules import changes, columns, derived, groups, indicators, items, limits, waves
from helsemonitor.codebook.rules.rule import Rule, collected

MODULES = (waves, items, columns, derived, groups, indicators, changes, limits)


def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which its sentences are said."""
    return tuple(rule for module in MODULES for rule in collected(module.__name__))
