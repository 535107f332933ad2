"""Ranges of a wave that comes before others: what the wave compared with has of rows that say nothing of columns."""

from collections.abc import Collection

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.waves import holds_in
from helsemonitor.proposals.draft import Draft

# Tables whose rows hold in a range, what may hold once in a wave, and the item that the wave has to tell, if any.
WIDENED = (
    ("derivations", "item", "item"),
    ("routing", "item", "item"),
    ("breakdowns", "breakdown", "source_item"),
    ("left_out", "breakdown", ""),
)


def _told_in(book: Codebook, survey: str, year: int, asked: Collection[str]) -> set[str]:
    """Items that a wave can tell: what it asks, and what is derived in another one from nothing else."""
    told, left = set(asked), dict(book.derived.get((survey, year), {}))
    while found := [item for item, rows in left.items() if {row["source_item"] for row in rows} <= told]:
        told.update(found)
        left = {item: rows for item, rows in left.items() if item not in told}
    return told


def widen(draft: Draft, before: int, asked: Collection[str]) -> None:
    """Let what holds in the wave compared with hold in this one too, where it comes before others.

    After the newest wave an open range goes on, and a person ended the others.

    Args:
        draft: The codebook, with the wave.
        before: The wave compared with.
        asked: Items that go on.
    """
    book, year = draft.book, draft.year
    if not any(known > year for known in book.years.get(draft.survey, [])):
        return
    told = _told_in(book, draft.survey, before, asked)
    end = {"year_to": str(year)} if before < year else {"year_from": draft.opened["year_from"]}
    for table, key, source in WIDENED:
        rows = [row for row in book.rows(table) if row["survey"] == draft.survey]
        held = {row[key] for row in rows if holds_in(row, year)}
        for row in rows:
            if holds_in(row, before) and row[key] not in held and (not source or row[source] in told):
                draft.change(table, row, **end)
