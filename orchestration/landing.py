"""Landing: a delivered file becomes the raw file of a wave, with proposals of what the codebook has to say of it."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.gate import faults, read_codebook, read_unjudged
from helsemonitor.codebook.waves import Wave, raw_file, read_waves
from helsemonitor.errors import DataRefused, Refusal, refusal
from helsemonitor.landing.comparison import Comparison, compare
from helsemonitor.landing.delivery import Delivery
from helsemonitor.landing.formats import read_delivery
from helsemonitor.landing.keeping import Landed, is_landed, land_file, reject
from helsemonitor.landing.sibling import Sibling, nearest, read_sibling
from helsemonitor.landing.turns import our_turn
from helsemonitor.proposals.edits import edited, make
from helsemonitor.proposals.new_survey import draft_survey
from helsemonitor.proposals.propose import propose
from helsemonitor.proposals.store import REJECTED, Proposed, all_proposed, path_of, save
from helsemonitor.settings import Settings

Say = Callable[[str], None]
# So many years between two waves are a slip of the keyboard; and no question is called with one of these.
FAR_OFF, STRANGE = 30, frozenset("\"';\\\n\r\t")


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
        notes: What the door could not look at, and why.
    """

    landed: Landed
    delivery: Delivery
    wave: Wave
    comparison: Comparison | None
    proposed: Proposed | None
    needed: tuple[str, ...]
    notes: tuple[str, ...]


def _quiet(_step: str) -> None:
    """Say nothing."""


def _refuse_doubts(comparison: Comparison, wave: Wave, announced: int | None) -> None:
    """Refuse what no proposal can mend: another number of respondents, weights that are not there.

    Raises:
        DataRefused: One sentence per finding.
    """
    where = f"{comparison.delivery.shown} (survey {wave.survey}, year {wave.year})"
    sentences = []
    gap = abs(wave.year - comparison.sibling.year)
    if gap > FAR_OFF:
        sentences.append(
            f"{where}: the wave compared with is of {comparison.sibling.year}, {gap} years away; give the year of the "
            "wave, or declare it in waves.csv."
        )
    columns = [*comparison.found.new, *(pair.now for pair in comparison.found.pairs)]
    strange = [column.name for column in columns if set(column.name) & STRANGE]
    if strange:
        sentences.append(
            f"{where}: {len(strange)} columns are called with quotation marks, semicolons or backslashes, which is how "
            "a broken file looks; give them names of letters and digits."
        )
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


def _fits(book: Codebook, before: Proposed) -> bool:
    """Whether the rows that proposals change are still what they were."""
    try:
        edited(book, before.edits)
    except DataRefused:
        return False
    return True


def _proposed(
    book: Codebook, comparison: Comparison, survey: str, year: int, announced: int | None, before: Proposed | None
) -> tuple[Wave, Proposed]:
    """The proposals of a wave: those that wait already where the same file is landed again, else new ones.

    Where a row was edited by hand since, they are proposed anew; what was rejected of the same file stays so.
    """
    wave, proposals = propose(book, comparison, survey, year, announced)
    sha256, decided = comparison.delivery.sha256, dict[str, str]()
    if before is not None and before.sha256 == sha256:
        if _fits(book, before):
            return wave, before
        decided = dict(before.decided)
    left = tuple(proposal for proposal in proposals if decided.get(proposal.name) != REJECTED)
    return wave, Proposed(survey, year, wave.wave_id, sha256, left, decided)


def _refuse_out_of_turn(waiting: Sequence[Proposed], survey: str, year: int, shown: str) -> None:
    """Refuse a wave of a survey while proposals of another one wait: what it needs depends on what becomes of them.

    Raises:
        DataRefused: Some wait.
    """
    others = [proposed.wave_id for proposed in waiting if proposed.survey == survey and proposed.year != year]
    if others:
        raise refusal(
            shown,
            f"proposals of {', '.join(others)} wait for review, and what this wave needs depends on them",
            f"`helsemonitor review {others[0]}` first",
        )


def _wave_before(
    settings: Settings, book: Codebook, waves: tuple[Wave, ...], wave: Wave
) -> tuple[Sibling | None, tuple[str, ...]]:
    """The landed wave that a delivered one is compared with; or a note that there is none to read."""
    landed = tuple(other for other in waves if raw_file(settings, other).is_file())
    if not any(other.survey == wave.survey and other.year != wave.year for other in landed):
        return None, (f"No other wave of survey {wave.survey} is landed, so its answers were compared with none.",)
    other = nearest(landed, wave.survey, wave.year, settings.shown(settings.codebook_dir))
    try:
        return read_sibling(settings, book, other), ()
    except DataRefused as refused:
        return None, (f"{other.wave_id} cannot be read, so its answers were compared with none.", *refused.sentences)


def _land(
    settings: Settings,
    book: Codebook,
    path: Path,
    survey: str,
    year: int,
    replaces: bool,
    announced: int | None,
    say: Say,
    stored: Proposed | None,
) -> Landing:
    say(f"reading {settings.shown(path)}")
    delivery = read_delivery(path)
    waves = read_waves(settings)
    wave = next((known for known in waves if (known.survey, known.year) == (survey, year)), None)
    before = stored if stored is not None and stored.waiting else None
    # What was rejected of a landed file is proposed again where the file is.
    is_rejected = stored is not None and stored.sha256 == delivery.sha256 and REJECTED in stored.decided.values()
    is_reviewed = (
        before is None
        and not is_rejected
        and (survey, str(year))
        in {(row["survey"], row["year"]) for row in book.rows("waves") if row["reviewed"] == "yes"}
    )
    if wave is not None and is_reviewed and is_landed(settings, delivery, wave):
        return Landing(land_file(settings, delivery, wave, replaces), delivery, wave, None, None, (), ())
    comparison, proposed = None, None
    sibling, notes = (None, ()) if wave is None else _wave_before(settings, book, waves, wave)
    if wave is None or (sibling is not None and not is_reviewed):
        say(f"comparing {delivery.respondents} respondents, {len(delivery.columns)} columns with the wave before")
        comparison = compare(settings, delivery, survey, year, announced, book)
        if wave is None:
            _refuse_doubts(comparison, replace(comparison.sibling, year=year), announced)
        say("proposing what the codebook has to say")
        wave, proposed = _proposed(book, comparison, survey, year, announced, before)
        book, sibling = edited(book, proposed.edits), comparison.before
    say("holding the file against the codebook")
    from expectations.door import check_delivery

    check = check_delivery(settings, book, delivery, wave, sibling)
    if check.sentences and not is_landed(settings, delivery, wave):
        raise DataRefused([*check.sentences, *check.notes])
    # The file is there already; what is wrong with it, or with what was decided of it, is said once more.
    notes = (*notes, *check.sentences)
    needed = tuple(faults(book, may_be_unreviewed=True)) if proposed and proposed.waiting else ()
    landed = _keep(settings, delivery, wave, replaces, proposed)
    still = proposed if proposed and proposed.waiting else None
    return Landing(landed, delivery, wave, comparison, still, needed, (*notes, *check.notes))


def _keep(settings: Settings, delivery: Delivery, wave: Wave, replaces: bool, proposed: Proposed | None) -> Landed:
    """Write raw file and proposals; the proposals first, so that no raw file stands there without what it needs."""
    if proposed is None or not proposed.waiting:
        return land_file(settings, delivery, wave, replaces)
    path = path_of(settings, wave)
    former = path.read_bytes() if path.is_file() else None
    save(settings, proposed)
    try:
        return land_file(settings, delivery, wave, replaces)
    except (Refusal, OSError):
        if former is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(former)
        raise


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
    with our_turn(settings):
        return _land_or_reject(settings, path, survey, year, replaces, announced, say)


def _land_or_reject(
    settings: Settings, path: Path, survey: str, year: int, replaces: bool, announced: int | None, say: Say
) -> Landing:
    stored = all_proposed(settings)
    waiting = [proposed for proposed in stored if proposed.waiting]
    mine = next((proposed for proposed in stored if (proposed.survey, proposed.year) == (survey, year)), None)
    _refuse_out_of_turn(waiting, survey, year, settings.shown(path))
    book = read_unjudged(settings) if waiting else read_codebook(settings, may_be_unreviewed=True)
    try:
        return _land(settings, book, path, survey, year, replaces, announced, say, mine)
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
    return [*lines, *landing.notes]


def year_in(path: Path) -> int | None:
    """The number of four digits in a file's name; None where there is none, or more than one."""
    found = set(re.findall(r"(?<![0-9])[1-9][0-9]{3}(?![0-9])", path.name))
    return int(found.pop()) if len(found) == 1 else None


@dataclass(frozen=True)
class NewSurvey:
    """What drafting a survey came to.

    Args:
        waves: Its waves.
        rows: Table -> number of rows that were added.
        needed: What the codebook needs before it is built upon, in the sentences of its gate.
    """

    waves: tuple[Wave, ...]
    rows: dict[str, int]
    needed: tuple[str, ...]


def new_survey(settings: Settings, survey: str, files: Sequence[tuple[int, Path]], say: Say = _quiet) -> NewSurvey:
    """Draft the codebook of a survey from its files, and land them; no wave counts as reviewed.

    Args:
        settings: Folders of the project; the seeds folder is made where it is not there.
        survey: Survey id.
        files: Year and file of each wave.
        say: Is told of each step.

    Raises:
        DataRefused: A file cannot be read, the survey is there already, or no column identifies the respondents;
            nothing is written.
    """
    with our_turn(settings):
        return _new_survey(settings, survey, files, say)


def _new_survey(settings: Settings, survey: str, files: Sequence[tuple[int, Path]], say: Say) -> NewSurvey:
    deliveries = []
    for year, path in files:
        say(f"reading {settings.shown(path)}")
        deliveries.append((year, read_delivery(path)))
    say("drafting the codebook")
    drafted = draft_survey(settings, survey, deliveries)
    delivered = dict(deliveries)
    for wave in drafted.waves:
        land_file(settings, delivered[wave.year], wave, replaces=False)
    make(settings, drafted.edits)
    rows = Counter(edit.table for edit in drafted.edits if edit.before is None)
    return NewSurvey(drafted.waves, dict(rows), tuple(faults(read_unjudged(settings))))


def new_survey_summary(settings: Settings, found: NewSurvey) -> list[str]:
    """What drafting a survey came to, as lines for a person."""
    rows = ", ".join(f"{count} of {table}" for table, count in sorted(found.rows.items()))
    lines = [
        f"{settings.shown(raw_file(settings, wave))} is written: {wave.respondents} respondents, told apart by "
        f"{wave.respondent_column}, {f'weights in {wave.weight_column}' if wave.weight_column else 'no weights'}."
        for wave in found.waves
    ]
    lines.append(
        f"Drafted rows: {rows}. Read them in {settings.shown(settings.codebook_dir)}, and correct what is wrong."
    )
    lines.append("Before a refresh the codebook needs:")
    return [*lines, *(f"    {sentence}" for sentence in found.needed)] if found.needed else lines[:-1]
