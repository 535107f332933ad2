"""Landing: a delivered file becomes the raw file of a wave, with proposals of what the codebook has to say of it."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.gate import faults, read_codebook, write_codebook
from helsemonitor.codebook.waves import Wave, raw_file, read_waves
from helsemonitor.errors import DataRefused
from helsemonitor.landing.comparison import Comparison, compare
from helsemonitor.landing.delivery import Delivery, as_csv
from helsemonitor.landing.door import declared_wave, problems
from helsemonitor.landing.formats import read_delivery
from helsemonitor.landing.keeping import Landed, land_file, reject
from helsemonitor.proposals.edits import edited
from helsemonitor.proposals.propose import propose
from helsemonitor.proposals.store import Proposed, path_of, read, save
from helsemonitor.settings import Settings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Landing:
    """What landing a file came to.

    Args:
        landed: The raw file, and the delivery as it is kept.
        delivery: The delivery.
        wave: The wave.
        comparison: What is otherwise than in the wave before; None where a reviewed wave was delivered again.
        proposed: Proposals that wait; None where the codebook says all of it.
        needed: What the codebook needs beside them, in the sentences of its gate.
    """

    landed: Landed
    delivery: Delivery
    wave: Wave
    comparison: Comparison | None
    proposed: Proposed | None
    needed: tuple[str, ...]


def _quiet(_step: str) -> None:
    """Say nothing."""


def _refuse_doubts(comparison: Comparison, wave: Wave, announced: int | None) -> None:
    """Refuse what no proposal can mend: another number of respondents, weights that are not there.

    Raises:
        DataRefused: One sentence per finding.
    """
    where = f"{comparison.delivery.shown} (survey {wave.survey}, year {wave.year})"
    sentences = []
    for one in comparison.differences:
        if one.kind == "respondents" and announced is None:
            sentences.append(
                f"{where}: {one.evidence}; deliver the whole file and nothing else, or give the number that was "
                "announced with --respondents."
            )
        if one.kind == "weights_gone":
            sentences.append(
                f"{where}: {one.evidence}, which holds the weights of {comparison.sibling.wave_id}; deliver it, or "
                "declare the wave in waves.csv with the weight_column that it has, if any."
            )
    if sentences:
        raise DataRefused(sentences)


def _proposed(
    settings: Settings, book: Codebook, comparison: Comparison, survey: str, year: int, announced: int | None
) -> tuple[Wave, Proposed]:
    """The proposals of a wave: those that wait already where the same file is landed again, else new ones."""
    wave, proposals = propose(book, comparison, survey, year, announced)
    path, sha256 = path_of(settings, wave), comparison.delivery.sha256
    before = read(settings, path) if path.is_file() else None
    if before is not None and before.sha256 == sha256:
        return wave, before
    return wave, Proposed(survey, year, wave.wave_id, sha256, proposals)


def _refuse_unfit(settings: Settings, book: Codebook, delivery: Delivery, wave: Wave) -> None:
    """Hold a delivery against the codebook and the gate of raw files.

    Raises:
        DataRefused: One sentence per finding.
    """
    found = problems(book, delivery, wave, settings.shown(settings.codebook_dir / "columns.csv"))
    if found:
        raise DataRefused(found)
    with tempfile.TemporaryDirectory(prefix="helsemonitor-landing-") as folder:
        staged = replace(settings, seeds_dir=Path(folder) / "seeds", build_dir=Path(folder) / "build")
        write_codebook(book, staged.seeds_dir)
        raw = raw_file(staged, wave)
        raw.parent.mkdir(parents=True)
        raw.write_bytes(as_csv(delivery))
        from expectations.gates import read_raw_files

        (check,) = read_raw_files(staged, [replace(wave, sha256="")]).begin()()
        sentences = [sentence.replace(staged.shown(raw), delivery.shown) for sentence in check.sentences]
    if sentences:
        raise DataRefused(sentences)


def _land(
    settings: Settings,
    book: Codebook,
    path: Path,
    survey: str,
    year: int,
    replaces: bool,
    announced: int | None,
    say: Say,
) -> Landing:
    say(f"reading {settings.shown(path)}")
    delivery = read_delivery(path)
    wave = declared_wave(read_waves(settings), survey, year)
    is_reviewed = wave is not None and (survey, year) in {
        (row["survey"], int(row["year"])) for row in book.rows("waves") if row["reviewed"] == "yes"
    }
    comparison, proposed = None, None
    if wave is None or not is_reviewed:
        say(f"comparing {delivery.respondents} respondents, {len(delivery.columns)} columns with the wave before")
        comparison = compare(settings, delivery, survey, year, announced, book)
        if wave is None:
            _refuse_doubts(comparison, replace(comparison.sibling, year=year), announced)
        say("proposing what the codebook has to say")
        wave, proposed = _proposed(settings, book, comparison, survey, year, announced)
        book = edited(book, proposed.edits)
    say("holding the file against the codebook")
    _refuse_unfit(settings, book, delivery, wave)
    needed = tuple(faults(book, may_be_unreviewed=True)) if proposed and proposed.waiting else ()
    landed = land_file(settings, delivery, wave, replaces)
    if proposed and (proposed.waiting or proposed.decided):
        save(settings, proposed)
    waiting = proposed if proposed and proposed.waiting else None
    return Landing(landed, delivery, wave, comparison, waiting, needed)


def land(
    settings: Settings,
    path: Path,
    survey: str,
    year: int,
    replaces: bool = False,
    announced: int | None = None,
    say: Say = _quiet,
) -> Landing:
    """Write a delivered file as a wave's raw file, and what the codebook has to say of it as proposals.

    A wave that was reviewed is held against the codebook as it is. Of any other one, rows are proposed: they wait for
    a review, and nothing is built before.

    Args:
        settings: Folders of the project.
        path: The file.
        survey: Survey id.
        year: The wave.
        replaces: Whether it may take the place of another file of that wave.
        announced: Number of respondents that the institute announced; by default as many as the file has.
        say: Is told of each step.

    Raises:
        DataRefused: It is not fit; a copy lies in `landing/rejected` with a report, and nothing else has changed. Or
            the codebook is not.
    """
    book = read_codebook(settings, may_be_unreviewed=True)
    try:
        return _land(settings, book, path, survey, year, replaces, announced, say)
    except DataRefused as refused:
        report = reject(settings, path, refused.sentences)
        kept = [f"A copy and these sentences are in {settings.shown(report)}."] if report else []
        raise DataRefused([*refused.sentences, *kept]) from refused


def summary(settings: Settings, landing: Landing) -> list[str]:
    """What landing came to, as lines for a person."""
    landed, found = landing.landed, landing.comparison
    raw = settings.shown(landed.raw)
    if landed.is_new:
        lines = [f"{raw} is written; the delivery is kept as {settings.shown(landed.kept)}."]
    else:
        lines = [f"{raw} is this file already; nothing was written."]
    if landed.replaced:
        lines.append(f"The former file is kept as {settings.shown(landed.replaced)}.")
    if found is not None:
        count = len(found.differences)
        lines.append(f"{count} difference{'' if count == 1 else 's'} from {found.sibling.wave_id}.")
    if landing.proposed is not None:
        count = len(landing.proposed.waiting)
        lines.append(
            f"{count} proposal{'s wait' if count > 1 else ' waits'} in "
            f"{settings.shown(path_of(settings, landing.wave))}; nothing is built before they are reviewed: "
            f"`helsemonitor review {landing.wave.wave_id}`."
        )
    if landing.needed:
        lines.append("Beside them the codebook needs:")
        lines += [f"    {sentence}" for sentence in landing.needed]
    return lines
