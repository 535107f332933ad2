"""`helsemonitor review`: proposals one by one on a terminal, or decided by name."""

from collections.abc import Iterator, Sequence

import click

from helsemonitor.errors import DataRefused
from helsemonitor.landing.turns import our_turn
from helsemonitor.proposals import review
from helsemonitor.proposals.edits import Edit
from helsemonitor.proposals.store import ACCEPTED, REJECTED, Proposal, Proposed, edits_as_text, edits_from_text
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
    for proposed in waves:
        rejected = [name for name, decision in proposed.decided.items() if decision == REJECTED]
        if rejected:
            yield (
                f"{proposed.wave_id}: what was rejected ({', '.join(rejected)}) is yours to write; land the file again "
                "to have proposed what the codebook does not say."
            )
    needed = review.still_needed(settings, waves)
    is_rejected = any(REJECTED in proposed.decided.values() for proposed in waves)
    if not needed and is_rejected:
        yield "Nothing waits. The codebook passes its gate; whether it fits the file a refresh will say."
        return
    if not needed:
        yield "Nothing waits. The codebook passes its gate: refresh, and read the new wave's rows."
        return
    yield "Nothing waits. The codebook still needs:"
    yield from (f"    {sentence}" for sentence in needed)


def _edited(proposal: Proposal) -> list[Edit] | None:
    """The rows of a proposal after a person wrote them anew; None where nothing was saved."""
    try:
        written = click.edit(edits_as_text(proposal.edits), extension=".yaml")
    except click.ClickException as failed:
        raise DataRefused([f"{proposal.name}: {failed.format_message()}; it is as it was."]) from None
    if written is None:
        return None
    try:
        return list(edits_from_text(written))
    except ValueError as mistake:
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
            proposal = review.named(left[place], names[number])
            click.echo(f"\n{wave.wave_id}, {number + 1} of {len(names)}")
            click.echo("\n".join(described(proposal)))
            options = ", ".join(f"{key} {word}" for key, word in CHOICES.items())
            choice = click.prompt(options, type=click.Choice(list(CHOICES)), show_choices=False, default="l")
            if choice == "q":
                return left
            try:
                if choice == "e":
                    edits = _edited(proposal)
                    if edits is not None:
                        with our_turn(settings):
                            (now,) = review.find(settings, wave.wave_id)
                            left[place] = review.with_edits(settings, now, proposal.name, edits)
                    # The same proposal again, in its new form.
                    continue
                if choice in "ar":
                    decide = review.accept if choice == "a" else review.reject
                    with our_turn(settings):
                        (now,) = review.find(settings, wave.wave_id)
                        left[place] = decide(settings, now, proposal.name)
            except DataRefused as refused:
                click.echo("\n".join(refused.sentences), err=True)
                continue
            number += 1
    return left


def decide(
    settings: Settings,
    wave_id: str,
    cells: Sequence[tuple[str, str]],
    accepted: Sequence[str],
    rejected: Sequence[str],
) -> Proposed:
    """Decide proposals by their names: cells first, then what is rejected, then what is accepted.

    Args:
        settings: Folders of the project.
        wave_id: The wave.
        cells: Proposal and `table.column=cell`.
        accepted: Names to accept; `all` for all that wait then.
        rejected: Names to reject; `all` for all that wait then.

    Raises:
        DataRefused: A name or a setting is none; what was decided before it stays decided.
    """
    with our_turn(settings):
        (proposed,) = review.find(settings, wave_id)
        for name, setting in cells:
            proposed = review.with_cell(settings, proposed, name, setting)
        for names, make, word in ((rejected, review.reject, REJECTED), (accepted, review.accept, ACCEPTED)):
            for name in [proposal.name for proposal in proposed.waiting] if "all" in names else names:
                # The wave itself goes with the first of its proposals that is accepted.
                if proposed.decided.get(name) != word:
                    proposed = make(settings, proposed, name)
    return proposed
