"""What a person decides of proposals: accepted ones go into the files of the codebook, rejected ones nowhere."""

import re
from collections.abc import Sequence
from dataclasses import replace

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.gate import faults, read_unjudged
from helsemonitor.codebook.schema import tables
from helsemonitor.codebook.validation import broken_constraints
from helsemonitor.errors import DataRefused
from helsemonitor.proposals.carrying import with_rows
from helsemonitor.proposals.edits import Edit, edited, make
from helsemonitor.proposals.register import effect
from helsemonitor.proposals.store import ACCEPTED, REJECTED, WAVE, Proposal, Proposed, all_proposed, save
from helsemonitor.settings import Settings

# `columns.code_list=...`, or `columns[2].code_list=...` for the second row of that table in the proposal.
SETTING = re.compile(r"(?P<table>[a-z_]+)(\[(?P<row>[0-9]+)\])?\.(?P<column>[a-z_]+)=(?P<cell>.*)", re.DOTALL)


def find(settings: Settings, wave_id: str = "") -> list[Proposed]:
    """Waves with proposals that wait, or the one that is named.

    Raises:
        DataRefused: A file cannot be read, or no proposals are there of the wave.
    """
    known = all_proposed(settings)
    if not wave_id:
        return [proposed for proposed in known if proposed.waiting]
    found = [proposed for proposed in known if proposed.wave_id == wave_id]
    if not found:
        names = ", ".join(proposed.wave_id for proposed in known) or "none"
        raise DataRefused([f"There are no proposals of {wave_id}; there are of: {names}. Land its file first."])
    return found


def named(proposed: Proposed, name: str) -> Proposal:
    """A proposal that waits.

    Raises:
        DataRefused: None has the name.
    """
    found = next((proposal for proposal in proposed.waiting if proposal.name == name), None)
    if found is None:
        was = proposed.decided.get(name)
        waiting = ", ".join(proposal.name for proposal in proposed.waiting) or "none"
        said = f"was {was} before" if was else "is no proposal"
        raise DataRefused([f"{name} {said} of {proposed.wave_id}; these wait: {waiting}."])
    return found


def _judge_cells(settings: Settings, edits: Sequence[Edit]) -> None:
    """Refuse rows that the schema does not take.

    Raises:
        DataRefused: One sentence per cell.
    """
    touched = {edit.table for edit in edits}
    book = edited(read_unjudged(settings), edits)
    sentences = broken_constraints([book.reads[name] for name in sorted(touched)])
    if sentences:
        raise DataRefused(sentences)


def accept(settings: Settings, proposed: Proposed, name: str) -> Proposed:
    """Write the rows of a proposal into the codebook, and remember that it was accepted; the wave's own go first.

    Raises:
        DataRefused: None has the name, a row is not what it was, or a cell breaks the schema; nothing is written.
    """
    proposal = named(proposed, name)
    # Rows of a wave that is not declared hold in none.
    first = [one for one in proposed.waiting if one.name == WAVE and name != WAVE]
    edits = [edit for one in (*first, proposal) for edit in one.edits]
    _judge_cells(settings, edits)
    make(settings, edits)
    left = proposed
    for one in (*first, proposal):
        left = left.without(one.name, ACCEPTED)
    save(settings, left)
    return left


def reject(settings: Settings, proposed: Proposed, name: str) -> Proposed:
    """Remember that a proposal was rejected; its rows go nowhere.

    Raises:
        DataRefused: None has the name.
    """
    named(proposed, name)
    left = proposed.without(name, REJECTED)
    save(settings, left)
    return left


def _told_anew(book: Codebook, proposed: Proposed, name: str) -> Proposed:
    """A proposal with what it does to the series now; as it was where its rows do not fit the codebook."""
    proposal = named(proposed, name)
    changes = [edit.after for edit in proposal.edits if edit.table == "changes" and edit.after is not None]
    try:
        told = effect(edited(book, proposed.edits), proposed.survey, proposed.year, changes)
    except DataRefused:
        return proposed
    return proposed.with_other(replace(proposal, effect=told))


def with_edits(settings: Settings, proposed: Proposed, name: str, edits: Sequence[Edit]) -> Proposed:
    """Give a proposal other rows; an id that it introduces and that is called otherwise now is so in all that wait.

    Raises:
        DataRefused: None has the name, or a cell breaks the schema; the proposal is as it was then.
    """
    named(proposed, name)
    book = read_unjudged(settings)
    left = _told_anew(book, with_rows(book, proposed, name, edits), name)
    _judge_cells(settings, named(left, name).edits)
    save(settings, left)
    return left


def with_cell(settings: Settings, proposed: Proposed, name: str, setting: str) -> Proposed:
    """Give a proposal another cell.

    Args:
        settings: Folders of the project.
        proposed: The wave's proposals.
        name: The proposal.
        setting: `table.column=cell` for all its rows of a table, `table[n].column=cell` for the n-th of them.

    Raises:
        DataRefused: The setting names nothing of the proposal, or the cell breaks the schema.
    """
    proposal = named(proposed, name)
    found = SETTING.fullmatch(setting)
    if not found:
        raise DataRefused([f"{setting} is no setting; write table.column=cell or table[n].column=cell."])
    table, column, number = found["table"], found["column"], found["row"]
    places = [place for place, edit in enumerate(proposal.edits) if edit.table == table and edit.after is not None]
    if number:
        places = places[int(number) - 1 : int(number)] if int(number) else []
    if not places:
        have = ", ".join(dict.fromkeys(edit.table for edit in proposal.edits))
        raise DataRefused([f"{setting}: proposal {name} has no such row; it has rows of {have}."])
    if column not in tables()[table].names:
        raise DataRefused(
            [f"{setting}: {table}.csv has no column {column}; it has {', '.join(tables()[table].names)}."]
        )
    if not found["cell"].isprintable():
        raise DataRefused([f"{table}.{column}: the cell holds what cannot be seen; write it without."])
    edits = list(proposal.edits)
    for place in places:
        edits[place] = replace(edits[place], after={**(edits[place].after or {}), column: found["cell"]})
    return with_edits(settings, proposed, name, edits)


def still_needed(settings: Settings, waves: Sequence[Proposed]) -> list[str]:
    """What the codebook still needs after a review, in the sentences of its gate.

    Args:
        settings: Folders of the project.
        waves: The waves that were reviewed.
    """
    book = read_unjudged(settings)
    undeclared = [
        f"{book.shown('waves')} does not declare {proposed.wave_id}, whose file is landed; add its row, or take "
        f"{settings.shown(settings.raw_dir / proposed.wave_id)}.csv away."
        for proposed in waves
        if proposed.year not in book.years.get(proposed.survey, [])
    ]
    return undeclared or faults(book)
