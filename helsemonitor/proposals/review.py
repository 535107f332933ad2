"""What a person decides of proposals: accepted ones go into the files of the codebook, rejected ones nowhere."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from helsemonitor.codebook.gate import faults, read_unjudged
from helsemonitor.codebook.schema import tables
from helsemonitor.codebook.validation import broken_constraints
from helsemonitor.errors import DataRefused
from helsemonitor.proposals.edits import Cells, Edit, edited, make
from helsemonitor.proposals.store import ACCEPTED, REJECTED, WAVE, Proposal, Proposed, all_proposed, save
from helsemonitor.settings import Settings

# `columns.code_list=...`, or `columns[2].code_list=...` for the second row of that table in the proposal.
SETTING = re.compile(r"(?P<table>[a-z_]+)(\[(?P<row>[0-9]+)\])?\.(?P<column>[a-z_]+)=(?P<cell>.*)", re.DOTALL)
# Table and column of an id that a proposal may introduce -> columns that name it, in every table.
NAMED_IN = {
    ("items", "item"): ("item", "items", "source_item"),
    ("answers", "answer"): ("answer", "answers", "option", "negative_answers"),
    ("answers", "answer_set"): ("answer_set",),
    ("code_lists", "code_list"): ("code_list",),
    ("universes", "universe"): ("universe",),
}


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
    if name != WAVE and any(waiting.name == WAVE for waiting in proposed.waiting):
        # Rows of a wave that is not declared hold in none.
        proposed = accept(settings, proposed, WAVE)
    _judge_cells(settings, proposal.edits)
    make(settings, proposal.edits)
    left = proposed.without(name, ACCEPTED)
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


def _renamed(cells: Cells | None, columns: Sequence[str], old: str, new: str) -> dict[str, str] | None:
    if cells is None:
        return None
    return {
        column: "|".join(new if part == old else part for part in cell.split("|")) if column in columns else cell
        for column, cell in cells.items()
    }


def _carried(proposed: Proposed, changed: Mapping[tuple[str, str], Mapping[str, str]]) -> Proposed:
    """Let every waiting row name an id as it is called now. changed: place of the id -> old id -> new id."""
    waiting = proposed.waiting
    for place, names in changed.items():
        for old, new in names.items():
            waiting = tuple(
                replace(
                    proposal,
                    edits=tuple(
                        replace(edit, after=_renamed(edit.after, NAMED_IN[place], old, new)) for edit in proposal.edits
                    ),
                )
                for proposal in waiting
            )
    return replace(proposed, waiting=waiting)


def with_edits(settings: Settings, proposed: Proposed, name: str, edits: Sequence[Edit]) -> Proposed:
    """Give a proposal other rows; an id that it introduces and that is called otherwise now is so in all that wait.

    Raises:
        DataRefused: None has the name, or a cell breaks the schema; the proposal is as it was then.
    """
    proposal = named(proposed, name)
    changed: dict[tuple[str, str], dict[str, str]] = {}
    if len(edits) == len(proposal.edits):
        for old, new in zip(proposal.edits, edits, strict=True):
            if old.before is None and old.after and new.after and old.table == new.table:
                for table, column in NAMED_IN:
                    if table == old.table and old.after[column] != new.after[column]:
                        changed.setdefault((table, column), {})[old.after[column]] = new.after[column]
    left = _carried(proposed.with_other(replace(proposal, edits=tuple(edits))), changed)
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
