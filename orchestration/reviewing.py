"""`helsemonitor review`: proposals one by one on a terminal, or decided by name."""

from collections.abc import Iterator, Sequence

import click
import yaml

from helsemonitor.errors import DataRefused
from helsemonitor.proposals import review
from helsemonitor.proposals.edits import Edit
from helsemonitor.proposals.store import Proposal, Proposed, as_data, from_data
from helsemonitor.settings import Settings
from orchestration.deliveries import shown

CHOICES = {"a": "accept", "e": "edit", "r": "reject", "l": "leave for later", "q": "quit"}
SHOWN_ROWS = 12


def _row(edit: Edit) -> str:
    """An edit on a line: the cells of a new row, or what changes in one that stands."""
    if edit.before is None or edit.after is None:
        cells = edit.after or edit.before or {}
        said = ", ".join(f"{name} {shown(cell)}" for name, cell in cells.items() if cell)
        return f"{'+' if edit.before is None else '-'} {edit.table}: {said}"
    key = ", ".join(cell for cell in list(edit.before.values())[:3] if cell)
    changes = ", ".join(
        f"{name} {edit.before[name] or 'blank'} > {cell or 'blank'}"
        for name, cell in edit.after.items()
        if cell != edit.before[name]
    )
    return f"~ {edit.table} ({shown(key)}): {shown(changes)}"


def described(proposal: Proposal, is_short: bool = True) -> Iterator[str]:
    """A proposal as lines: what it is about, what was seen, what it does, its rows."""
    yield f"{proposal.name}: {shown(proposal.title)}"
    for evidence in proposal.evidence:
        yield f"    seen: {shown(evidence)}"
    if proposal.effect:
        yield f"    does: {proposal.effect}"
    rows = proposal.edits[:SHOWN_ROWS] if is_short else proposal.edits
    for edit in rows:
        yield f"    {_row(edit)}"
    if len(rows) < len(proposal.edits):
        yield f"    and {len(proposal.edits) - len(rows)} rows more"


def listed(waves: Sequence[Proposed]) -> Iterator[str]:
    """Everything that waits, as lines."""
    for proposed in waves:
        count = len(proposed.waiting)
        yield f"{proposed.wave_id}: {count} proposal{'' if count == 1 else 's'} wait{'s' if count == 1 else ''}."
        for proposal in proposed.waiting:
            yield from described(proposal)


def closing(settings: Settings, waves: Sequence[Proposed]) -> Iterator[str]:
    """What is to be done next."""
    waiting = sum(len(proposed.waiting) for proposed in waves)
    if waiting:
        count = f"{waiting} proposals wait" if waiting > 1 else "1 proposal waits"
        yield f"{count} still; nothing is built until they are reviewed."
        return
    needed = review.still_needed(settings)
    if not needed:
        yield "Nothing waits. The codebook passes its gate: refresh, and read the new wave's rows."
        return
    yield "Nothing waits. The codebook still needs:"
    yield from (f"    {sentence}" for sentence in needed)


def _edited(proposal: Proposal) -> list[Edit] | None:
    """The rows of a proposal after a person wrote them anew; None where nothing was saved."""
    text = yaml.safe_dump([as_data(edit) for edit in proposal.edits], sort_keys=False, allow_unicode=True, width=120)
    written = click.edit(text, extension=".yaml")
    if written is None:
        return None
    try:
        return [from_data(data) for data in yaml.safe_load(written) or []]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as mistake:
        raise DataRefused([f"{proposal.name}: the rows cannot be read ({mistake}); it is as it was."]) from None


def walk(settings: Settings, waves: Sequence[Proposed]) -> list[Proposed]:
    """Ask a person about each proposal.

    Args:
        settings: Folders of the project.
        waves: The waves with their proposals.

    Returns:
        The waves with what is left.
    """
    left = list(waves)
    for place, wave in enumerate(waves):
        names = [proposal.name for proposal in wave.waiting]
        number = 0
        while number < len(names):
            proposed = left[place]
            proposal = review.named(proposed, names[number])
            click.echo(f"\n{proposed.wave_id}, {number + 1} of {len(names)}")
            click.echo("\n".join(described(proposal)))
            options = ", ".join(f"{key} {word}" for key, word in CHOICES.items())
            choice = click.prompt(options, type=click.Choice(list(CHOICES)), show_choices=False, default="l")
            if choice == "q":
                return left
            try:
                if choice == "e":
                    edits = _edited(proposal)
                    if edits is not None:
                        left[place] = review.with_edits(settings, proposed, proposal.name, edits)
                    # The same proposal again, in its new form.
                    continue
                if choice in "ar":
                    decide = review.accept if choice == "a" else review.reject
                    left[place] = decide(settings, proposed, proposal.name)
            except DataRefused as refused:
                click.echo("\n".join(refused.sentences), err=True)
                continue
            number += 1
    return left


def decide(
    settings: Settings,
    proposed: Proposed,
    settings_of: Sequence[tuple[str, str]],
    accepted: Sequence[str],
    rejected: Sequence[str],
) -> Proposed:
    """Decide proposals by their names: cells first, then what is rejected, then what is accepted.

    Args:
        settings: Folders of the project.
        proposed: The wave's proposals.
        settings_of: Proposal and `table.column=cell`.
        accepted: Names to accept; `all` for all that wait then.
        rejected: Names to reject; `all` for all that wait then.

    Raises:
        DataRefused: A name or a setting is none; what was decided before it stays decided.
    """
    for name, setting in settings_of:
        proposed = review.with_cell(settings, proposed, name, setting)
    for names, make in ((rejected, review.reject), (accepted, review.accept)):
        chosen = [proposal.name for proposal in proposed.waiting] if "all" in names else names
        for name in chosen:
            proposed = make(settings, proposed, name)
    return proposed
