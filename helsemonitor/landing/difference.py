"""One difference between a delivered wave and the wave before it, and the pair of columns that it is about."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from helsemonitor.codebook.reading import Row
from helsemonitor.landing.filters import Clause
from helsemonitor.landing.profiles import Profile

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")
CODE = re.compile(r"[+-]?[0-9]{1,5}([.,][0-9]{1,2})?|[^\W\d_]{1,2}|([^\W\d]|[+.-]){0,3}[0-9]{1,4}([^\W\d]|[+.-]){0,3}")
WORD = re.compile(r"[^\W\d_]+")
SEVERAL = 5
# Kinds of answers that are steps of a scale.
POSITIONS = ("substantive", "neutral")
# Kind of a difference -> what it is called, and the type of change that the register would call it.
KINDS = {
    "column_new": ("new column", ""),
    "column_gone": ("column gone", ""),
    "column_renamed": ("column renamed", ""),
    "option_added": ("answer added", "option_added"),
    "option_removed": ("answer gone", "option_removed"),
    "option_relabelled": ("answer called otherwise", "option_relabelled"),
    "wording": ("question in other words", "wording"),
    "codes_shifted": ("same label, another code", "coding"),
    "scale_turned": ("scale or codes turned round", "coding"),
    "missing_codes": ("codes for no answer", "coding"),
    "ticks_only": ("ticks only", "coding"),
    "filter_narrowed": ("asked of fewer", "filter_narrowed"),
    "filter_widened": ("asked of more", "filter_widened"),
    "filter_moved": ("asked of others", "filter_question_changed"),
    "blanks_changed": ("more or fewer blanks", ""),
    "dont_know_changed": ("more or fewer without a position", ""),
    "answers_far": ("answers far from last time", ""),
    "weights_new": ("weights where there were none", "coding"),
    "weights_gone": ("no weights where there were some", "coding"),
    "weights_scale": ("weights on another scale", "coding"),
    "weights_unfit": ("weights that are none", ""),
    "respondents": ("number of respondents", ""),
}


@dataclass(frozen=True)
class Difference:
    """One difference.

    Args:
        kind: Which kind, a key of `KINDS`.
        columns: The delivered columns; none where it is about none.
        before: The columns of the wave before, in the same order; none where there are none.
        item: The item that the codebook maps them to; empty where there is none.
        evidence: What was seen, as a clause with numbers.
        clause: Who is asked now, as it looks; None where it is not about that, or nothing explains it.
    """

    kind: str
    columns: tuple[str, ...]
    before: tuple[str, ...]
    item: str
    evidence: str
    clause: Clause | None = None

    @property
    def name(self) -> str:
        """What the kind is called."""
        return KINDS[self.kind][0]

    @property
    def change_type(self) -> str:
        """Type of change that the register would call it; empty where it is no change of a question."""
        return KINDS[self.kind][1]


@dataclass(frozen=True)
class Pair:
    """A column of the wave before and the delivered one that is the same question.

    Args:
        before: The column of the wave before.
        now: The delivered column. A box has no labels here: what it is called is no answer.
        row: Row of columns.csv of the column before; None where it holds no item.
        kinds: Code before -> kind of its answer.
        order: Codes before in the order of their answers.
        is_worded: Whether the label of the column before is the text of its question as it was delivered.
        likeness: How alike they are, see `alignment.Match`.
    """

    before: Profile
    now: Profile
    row: Row | None
    kinds: Mapping[str, str]
    order: tuple[str, ...]
    is_worded: bool = False
    likeness: float = 0.0

    @property
    def item(self) -> str:
        """The item that both hold; empty where there is none."""
        return self.row["item"] if self.row else ""

    @property
    def known_missing(self) -> frozenset[str]:
        """Codes that the codebook knows as no answers already."""
        if self.row is None or self.row["option"]:
            return frozenset()
        return frozenset(code for code in self.before.labels if code not in self.kinds)

    def said(self, kind: str, evidence: str, clause: Clause | None = None) -> Difference:
        """A difference of this pair."""
        return Difference(kind, (self.now.name,), (self.before.name,), self.item, evidence, clause)


def percent(share: float) -> str:
    """A share from 0 to 1 in words."""
    return f"{100 * share:.0f} %"


def as_number(code: str) -> int | None:
    """A code as a whole number; None where it is none."""
    return int(code) if WHOLE_NUMBER.fullmatch(code) else None


def in_order(codes: Iterable[str]) -> list[str]:
    """Codes as a person would list them: whole numbers by their size, the others after them by letter."""
    numbers = {code: as_number(code) for code in codes}
    return sorted(numbers, key=lambda code: (numbers[code] is None, numbers[code] or 0, code))


def looks_like_code(cell: str, count: int) -> bool:
    """Whether a cell that no list has may stand in a message; macro `looks_like_code` says the same of the warehouse.

    It is short and like a code, and not like a name, a date of birth or a telephone number. Words of three letters and
    more must have been given by several people.
    """
    return len(cell) <= 8 and bool(CODE.fullmatch(cell) or (count >= SEVERAL and WORD.fullmatch(cell)))


def named(column: Profile, code: str) -> str:
    """A code with its label; where it has none and does not look like a code, its length."""
    if column.labels.get(code):
        return f"{code} ({column.labels[code]})"
    if code in column.codes or looks_like_code(code, column.counts.get(code, 0)):
        return code
    return f"a text of {len(code)} characters"


def given(column: Profile, codes: Iterable[str]) -> str:
    """Codes with how often each was given."""
    return ", ".join(f"{named(column, code)} {column.counts.get(code, 0)} times" for code in codes)
