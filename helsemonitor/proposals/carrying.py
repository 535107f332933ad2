"""What the edit of one proposal means for those that wait beside it: ids that are called anew, rows built upon."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from helsemonitor.codebook.book import Codebook
from helsemonitor.proposals.edits import Cells, Edit
from helsemonitor.proposals.store import Proposed

# Table and column of an id that a proposal may introduce -> columns that name it, in every table.
NAMED_IN = {
    ("items", "item"): ("item", "items", "source_item", "unaffected_items", "serves"),
    ("answers", "answer"): ("answer", "answers", "option", "negative_answers"),
    ("answers", "answer_set"): ("answer_set",),
    ("code_lists", "code_list"): ("code_list",),
    ("universes", "universe"): ("universe",),
}


@dataclass(frozen=True)
class Renamed:
    """An id that a proposal introduces, and that a person calls otherwise.

    Args:
        place: Table and column of the id, a key of `NAMED_IN`.
        old: What it was called.
        new: What it is called.
        answer_set: The set of an answer, whose id other sets may have too; empty where it is no answer's id.
    """

    place: tuple[str, str]
    old: str
    new: str
    answer_set: str = ""


def _renamed(cells: Cells | None, columns: Sequence[str], old: str, new: str) -> dict[str, str] | None:
    if cells is None:
        return None
    return {
        column: "|".join(new if part == old else part for part in cell.split("|")) if column in columns else cell
        for column, cell in cells.items()
    }


def _lists_of(edits: Sequence[Edit], items: Collection[str]) -> set[str]:
    """Code lists that proposed columns of some items have."""
    rows = [edit.after for edit in edits if edit.table == "columns" and edit.after is not None]
    return {row["code_list"] for row in rows if row["item"] in items}


def _is_about(edit: Edit, answer_set: str, items: Collection[str], lists: Collection[str]) -> bool:
    """Whether the answers that a row names are those of a set."""
    cells = edit.after or edit.before or {}
    if edit.table == "code_lists":
        return cells["code_list"] in lists
    if edit.table == "answers":
        return cells["answer_set"] == answer_set
    return bool({cells.get("item", ""), cells.get("source_item", "")} & set(items))


def _carried(book: Codebook, proposed: Proposed, renamed: Sequence[Renamed]) -> Proposed:
    """Let every waiting row name an id as it is called now."""
    waiting = proposed.waiting
    for one in renamed:
        edits = [edit for proposal in waiting for edit in proposal.edits]
        rows = [edit.after for edit in edits if edit.table == "items" and edit.after]
        rows += [row for row in book.rows("items") if row["survey"] == proposed.survey]
        items = {row["item"] for row in rows if row["answer_set"] == one.answer_set}
        lists = _lists_of(edits, items)
        columns = NAMED_IN[one.place]

        def named_anew(edit: Edit) -> Edit:
            if one.answer_set and not _is_about(edit, one.answer_set, items, lists):  # noqa: B023
                return edit
            before, after = (_renamed(cells, columns, one.old, one.new) for cells in (edit.before, edit.after))  # noqa: B023
            return replace(edit, before=before, after=after)

        waiting = tuple(
            replace(proposal, edits=tuple(named_anew(edit) for edit in proposal.edits)) for proposal in waiting
        )
    return replace(proposed, waiting=waiting)


def _ids_changed(book: Codebook, before: Sequence[Edit], after: Sequence[Edit]) -> list[Renamed]:
    """Ids that a proposal introduces and that are called otherwise in its new rows; those of the codebook are none."""
    found: dict[Renamed, None] = {}
    for old, new in zip(before, after, strict=True):
        if old.before is not None or not old.after or not new.after or old.table != new.table:
            continue
        for table, column in NAMED_IN:
            if table != old.table or old.after[column] == new.after[column]:
                continue
            of = old.after["answer_set"] if column == "answer" else ""
            same = [column, *(["answer_set"] if of else []), *(["survey"] if "survey" in old.after else [])]
            if not any(all(row[name] == old.after[name] for name in same) for row in book.rows(table)):
                found[Renamed((table, column), old.after[column], new.after[column], of)] = None
    # Answers are told apart by their sets, as long as these are called as before.
    return sorted(found, key=lambda one: not one.answer_set)


def _on_top_of(edit: Edit, old: Edit, new: Edit) -> Edit:
    """An edit of a row that another one leaves otherwise now: what it changes itself it changes still."""
    if edit.before is None or new.after is None or (edit.table, edit.before) != (old.table, old.after):
        return edit
    if edit.after is None:
        return replace(edit, before=new.after)
    after = {name: new.after[name] if cell == edit.before[name] else cell for name, cell in edit.after.items()}
    return replace(edit, before=new.after, after=after)


def _built_anew(proposed: Proposed, name: str, before: Sequence[Edit], after: Sequence[Edit]) -> Proposed:
    """The other proposals with their edits on top of a proposal's changed rows."""
    waiting = []
    changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    for proposal in proposed.waiting:
        edits = []
        for edit in proposal.edits if proposal.name != name else ():
            for place, (old, new) in enumerate(changed):
                if (moved := _on_top_of(edit, old, new)) != edit:
                    # Whoever builds on this edit has to follow as well.
                    changed[place] = (edit, moved)
                    edit = moved
                    break
            edits.append(edit)
        waiting.append(proposal if proposal.name == name else replace(proposal, edits=tuple(edits)))
    return replace(proposed, waiting=tuple(waiting))


def with_rows(book: Codebook, proposed: Proposed, name: str, edits: Sequence[Edit]) -> Proposed:
    """Give a proposal other rows, and let the others follow.

    Where the rows are as many as before, an id that the proposal introduces and that is called otherwise now is so in
    all that wait, and what others change in a row of it they change in the row as it is now.

    Args:
        book: The codebook as it stands in the files.
        proposed: The wave's proposals.
        name: A proposal that waits.
        edits: Its rows.
    """
    proposal = next(one for one in proposed.waiting if one.name == name)
    left = proposed.with_other(replace(proposal, edits=tuple(edits)))
    if len(edits) != len(proposal.edits):
        return left
    renamed = _ids_changed(book, proposal.edits, edits)
    return _carried(book, _built_anew(left, name, proposal.edits, edits), renamed)
