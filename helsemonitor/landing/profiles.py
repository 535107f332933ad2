"""What the cells of a column look like: how often each stands there, how many are blank, what the file calls them."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

# A column of more different cells holds no codes: ids, weights, text.
MOST_CODES = 150
# Marks that no answer differs by: all but those of size, sign and sum, and hyphens that stand before a number or alone.
NOT_A_WORD = re.compile(r"(?:(?!(?<!\w)-+(?=\d|\s|$))[^\w<>=+%≤≥±])+")

# A name and a number or a letter at its end: `q9_3`, `m2`, `spm7b`.
MEMBER = re.compile(r"(?P<stem>.*?[^\d])_?(?P<number>\d{1,2}|(?<=\d)[a-z])")


def plain_label(label: str) -> str:
    """A label without what does not tell answers apart: case, marks and blanks. One of marks alone is itself."""
    folded = unicodedata.normalize("NFC", label).casefold()
    return NOT_A_WORD.sub(" ", folded).strip() or folded.strip()


def stem_of(name: str) -> str:
    """What the columns of one question have in common in their names; empty where the name does not end in a number."""
    found = MEMBER.fullmatch(name)
    return found["stem"].rstrip("_") if found else ""


@dataclass(frozen=True)
class Profile:
    """A column of a wave.

    Args:
        name: Its name.
        cells: Its cells as text, one per respondent; empty where blank.
        label: Text of the question, or what the codebook calls the item and the option; empty where nobody says.
        labels: Code -> label, of the file or of the code list; empty where nobody says.
        codes: Codes that it may hold; empty where every cell is welcome.
        missing: Codes that the file itself declares missing.
    """

    name: str
    cells: Sequence[str]
    label: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """Cell -> how often it stands there; blanks are left out."""
        counted = Counter(self.cells)
        counted.pop("", None)
        return counted

    @property
    def respondents(self) -> int:
        """Number of rows."""
        return len(self.cells)

    @cached_property
    def answered(self) -> int:
        """Number of cells that are not blank."""
        return sum(self.counts.values())

    @cached_property
    def numbered(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Different cells in order, a blank one too, and the number of each respondent's cell in that order."""
        codes = tuple(sorted(set(self.cells)))
        place = {code: number for number, code in enumerate(codes)}
        return codes, np.fromiter((place[cell] for cell in self.cells), dtype=np.int64, count=self.respondents)

    @property
    def blank_share(self) -> float:
        """Share of cells that are blank, 0 to 1."""
        return 1 - self.answered / self.respondents if self.respondents else 0.0

    @property
    def holds_codes(self) -> bool:
        """Whether so few different cells stand there that they may be codes."""
        return len(self.counts) <= MOST_CODES

    def shares(self, by_label: bool = False) -> dict[str, float]:
        """Shares of the cells among those that are not blank, by code or by label; 0 to 1."""
        found: dict[str, float] = {}
        for code, count in self.counts.items():
            key = plain_label(self.labels.get(code, code)) if by_label else code
            found[key] = found.get(key, 0.0) + count / self.answered
        return found
