"""Ids and kinds from the words of a delivered file."""

import re
import unicodedata
from collections.abc import Iterable

from helsemonitor.codebook.book import Codebook
from helsemonitor.landing.profiles import plain_label

LONGEST_ID = 40
# Letters that Unicode does not take apart.
SPELT = str.maketrans({"æ": "ae", "ø": "o", "å": "a", "ß": "ss", "đ": "d", "ð": "d", "þ": "th"})
# What answers that take no position are called, in Norwegian and in English; the first that is found says the kind.
KINDS = {
    "dont_know": r"\b(vet ikke|usikker|husker ikke|don t know|not sure|unsure)\b",
    "not_relevant": r"\b(ikke (relevant|aktuelt)|uaktuelt|not (relevant|applicable)|n a)\b",
    "refused": r"\b(ønsker ikke|vil ikke (svare|oppgi)|prefer not|refused?)\b",
    "neutral": r"\b(verken|hverken|neither|nøytral|neutral)\b",
}
# Labels of codes that are no answers.
NOT_ASKED = re.compile(r"\b(ikke (spurt|stilt)|not asked|routed past|filtrert)\b")
NO_ANSWER = re.compile(r"\b(ubesvart|ikke (besvart|svart)|no answer|not answered|missing)\b")


def slug(text: str, longest: int = LONGEST_ID) -> str:
    """An id made of a text: small letters, digits and `_`; empty where it has none of them."""
    spelt = unicodedata.normalize("NFKD", text.casefold().translate(SPELT))
    plain = "".join(letter for letter in spelt if not unicodedata.combining(letter))
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    while len(words) > longest and "_" in words:
        words = words.rsplit("_", 1)[0]
    return words[:longest]


def kind_of(label: str, known: Iterable[tuple[str, str]] = ()) -> str:
    """Kind of an answer by its label.

    Args:
        label: What it is called.
        known: Labels and kinds of answers that a codebook has; they go before the words of this module.
    """
    plain = plain_label(label)
    for other, kind in known:
        if plain_label(other) == plain:
            return kind
    return next((kind for kind, words in KINDS.items() if re.search(words, plain)), "substantive")


def known_kinds(book: Codebook) -> list[tuple[str, str]]:
    """Labels and kinds of all answers of a codebook."""
    return [
        (row[column], row["answer_kind"])
        for row in book.rows("answers")
        for column in ("label_no", "label_en")
        if row[column]
    ]
