"""What the codebook needs for a delivered wave, as proposals: a question each, or questions that changed alike."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.waves import Wave
from helsemonitor.errors import refusal
from helsemonitor.landing.codes import by_former_codes
from helsemonitor.landing.comparison import Comparison, profile_of
from helsemonitor.landing.difference import KINDS, Difference, Pair, given, in_order
from helsemonitor.landing.profiles import Profile, stem_of
from helsemonitor.landing.universes import Told
from helsemonitor.proposals.continuing import Seen, continue_item, route_item
from helsemonitor.proposals.draft import Draft, new_name
from helsemonitor.proposals.edits import Edit
from helsemonitor.proposals.multiple import became_multiple, make_multiple
from helsemonitor.proposals.new_items import (
    add_option,
    draft_question,
    questions,
)
from helsemonitor.proposals.ranges import widen
from helsemonitor.proposals.register import Change, effect, register
from helsemonitor.proposals.returning import former_row, return_item
from helsemonitor.proposals.store import WAVE, Proposal
from helsemonitor.raw_files import fits_pattern

SHOWN_CODES = 12
# Kinds of questions that are a column alone.
ALONE = ("single", "scale", "number")
# More than so many years between neighbouring waves are worth a look.
LONG_GAP = 3
# Differences that rows of the codebook say by themselves.
TOLD_BY_ROWS = ("column_renamed", "column_new", "column_gone")
# What columns are that were called otherwise, and the proposal of those of which nothing else is to be said.
RENAMED, RENAMED_ALONE = KINDS["column_renamed"][0], "renamed"


class _Proposals:
    """Proposals as they grow, by their names."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._found: dict[str, Proposal] = {}

    def add(self, name: str, title: str, evidence: Iterable[str], edits: Sequence[Edit]) -> None:
        """Keep a proposal, unless the codebook says all of it already."""
        if not edits:
            return
        changes = [dict(edit.after) for edit in edits if edit.table == "changes" and edit.after is not None]
        does = effect(self._draft.book, self._draft.survey, self._draft.year, changes)
        name = new_name(name, self._found)
        self._found[name] = Proposal(name, title, tuple(dict.fromkeys(evidence)), does, tuple(edits))

    def all(self, differences: Sequence[Difference]) -> tuple[Proposal, ...]:
        """The proposals in order; what no row can say of the wave is evidence of the wave itself."""
        said = {evidence for proposal in self._found.values() for evidence in proposal.evidence}
        left = [_evidence(one) for one in differences if one.kind not in TOLD_BY_ROWS]
        left = [f"look at this: {evidence}" for evidence in left if evidence not in said]
        first = self._found.get(WAVE)
        if first is not None:
            self._found[WAVE] = replace(first, evidence=(*first.evidence, *left))
        return tuple(self._found.values())


def wave_of(comparison: Comparison, survey: str, year: int, announced: int | None) -> Wave:
    """A wave that waves.csv does not declare, with the columns of the wave before where the file has them.

    Raises:
        DataRefused: No delivered column identifies the respondents.
    """
    delivery, found = comparison.delivery, comparison.found
    respondent = found.partner.get(comparison.sibling.respondent_column, "")
    if not respondent:
        ids = [column.name for column in found.new if len(column.counts) == column.respondents]
        if not ids:
            raise refusal(
                delivery.shown,
                f"no column is like {comparison.sibling.respondent_column}, which identifies the respondents of "
                f"{comparison.sibling.wave_id}, and none has another value in every row",
                "deliver it with the ids, or declare the wave in waves.csv with the column that holds them",
            )
        respondent = ids[0]
    return Wave(survey, year, announced or delivery.respondents, respondent, found.weight_column, "", "", "provisional")


def _declare(draft: Draft, proposals: _Proposals, wave: Wave, before: Wave, announced: int | None) -> None:
    draft.add(
        "waves",
        year=str(wave.year),
        respondents=str(wave.respondents),
        respondent_column=wave.respondent_column,
        weight_column=wave.weight_column,
        source="delivered",
        status=wave.status,
        reviewed="yes",
    )
    evidence = [
        f"{wave.respondents} respondents"
        + ("" if announced else ", as many as the file has; the institute announced none"),
        f"{wave.respondent_column} identifies them",
        f"weights in {wave.weight_column}" if wave.weight_column else "no weights",
    ]
    evidence[0] += f"; the wave before has {before.respondents}"
    gap = wave.year - before.year
    if abs(gap) > LONG_GAP:
        evidence.append(f"the wave that it was compared with is {abs(gap)} years {'earlier' if gap > 0 else 'later'}")
    proposals.add(WAVE, "the wave itself, reviewed", evidence, draft.take())


def _seen(comparison: Comparison) -> list[Seen]:
    """The items that go on, in the order of the delivered columns."""
    pairs: dict[str, list[Pair]] = {}
    for pair in comparison.found.pairs:
        if pair.item:
            pairs.setdefault(pair.item, []).append(pair)
    said: dict[str, list[Difference]] = {}
    for one in comparison.differences:
        said.setdefault(one.item, []).append(one)
    return [Seen(item, tuple(found), tuple(said.get(item, ()))) for item, found in pairs.items()]


def _evidence(one: Difference) -> str:
    columns = ", ".join(one.columns) or ", ".join(one.before)
    return f"{columns}: {one.name}, {one.evidence}" if columns else f"{one.name}, {one.evidence}"


def _renames(seen: Sequence[Seen]) -> list[str]:
    """Which column was which, with what speaks for it."""
    said = []
    for pair in (pair for one in seen for pair in one.pairs if pair.before.name != pair.now.name):
        option = f" ({pair.row['option']})" if pair.row is not None and pair.row["option"] else ""
        text = f'; "{pair.now.label}"' if pair.now.label else ""
        said.append(f"{pair.now.name} was {pair.before.name}, {pair.item}{option}: likeness {pair.likeness:.1f}{text}")
    return said


def called(column: Profile) -> str:
    """A new column as evidence: its text, how many answered, its codes."""
    text = f'"{column.label}", ' if column.label else ""
    codes = in_order(column.counts)[:SHOWN_CODES] if column.holds_codes and len(column.counts) <= SHOWN_CODES else []
    named = f": {given(column, codes)}" if codes else ""
    return f"{column.name}: {text}{column.answered} of {column.respondents} answered{named}"


def _new_options(
    draft: Draft, comparison: Comparison, proposed: dict[str, list[Edit]], said: dict[str, list[tuple[str, str]]]
) -> tuple[Profile, ...]:
    """Add new columns that are options of a question that goes on, with what was seen; the others are returned."""
    stems = {
        stem_of(pair.now.name): pair.row
        for pair in comparison.found.pairs
        if pair.row is not None and pair.row["option"] and stem_of(pair.now.name)
    }
    left: list[Profile] = []
    for column in comparison.found.new:
        like = stems.get(stem_of(column.name))
        known = draft.book.code_lists.get(like["code_list"], []) if like else []
        if like and set(column.counts) <= {code["code"] for code in known}:
            texts = [pair.now.label for pair in comparison.found.pairs if pair.item == like["item"] and pair.now.label]
            item = add_option(draft, column, like, texts)
            proposed.setdefault(item, []).extend(draft.take())
            said.setdefault(item, []).append(("new option", called(column)))
        else:
            left.append(column)
    return tuple(left)


def _close_gone(
    draft: Draft,
    comparison: Comparison,
    rows: Mapping[str, tuple[str, str]],
    proposed: dict[str, list[Edit]],
    said: dict[str, list[tuple[str, str]]],
) -> None:
    for column in comparison.found.gone:
        item, option = rows.get(column.name, ("", ""))
        for row in draft.holding("columns", column_name=column.name, item=item, option=option):
            draft.close("columns", row)
        if item:
            proposed.setdefault(item, []).extend(draft.take())
        if option:
            said.setdefault(item, []).append(("option gone", f"{column.name}: {option}"))


def _alike(seen: Seen, changes: Sequence[Change]) -> object:
    """What questions that changed alike share; one with a difference that the register does not know is alone."""
    if changes:
        # Boxes that came or went are told one question at a time.
        return tuple(sorted({(change.change_type, change.what) for change in changes}))
    return RENAMED_ALONE if all(one.name == RENAMED for one in seen.differences) else (seen.item,)


class _Questions:
    """The questions that go on: what each needs, then whom each goes to, then those together that changed alike."""

    def __init__(self, draft: Draft, comparison: Comparison, proposed: dict[str, list[Edit]]) -> None:
        self._draft, self._proposed = draft, proposed
        self._seen = {one.item: one for one in _seen(comparison)}
        held = [(pair.row, by_former_codes(pair)) for one in self._seen.values() for pair in one.pairs if pair.row]
        told = self.told = Told(draft.book, draft.survey, comparison.sibling.year, held)
        self._changes: dict[str, list[Change]] = {}
        for item, one in self._seen.items():
            self._changes[item] = continue_item(draft, one, told)
            proposed.setdefault(item, []).extend(draft.take())

    def route(self) -> None:
        """Write whom each goes to; new questions stand in the draft by now, and may route."""
        holds = _holds(self._draft)
        for item, one in self._seen.items():
            self._changes[item] += route_item(self._draft, one, holds)
            self._proposed[item].extend(self._draft.take())

    def propose(self, proposals: _Proposals, options: Mapping[str, list[tuple[str, str]]]) -> None:
        """Register what changed, and make a proposal of those that changed alike.

        Args:
            proposals: Takes them.
            options: Item -> what became of its options, in a word, and what was seen.
        """
        groups: dict[object, list[str]] = {}
        for item, one in self._seen.items():
            if self._proposed[item] or self._changes[item]:
                groups.setdefault(_alike(one, self._changes[item]), []).append(item)
        for items in groups.values():
            register(self._draft, items, self._changes[items[0]])
            edits = [edit for item in items for edit in self._proposed[item]] + list(self._draft.take())
            here = [self._seen[item] for item in items]
            proposals.add(*_described(here, [one for item in items for one in options.get(item, ())]), edits)
        for item, edits in self._proposed.items():
            if item not in self._seen:
                proposals.add(item, f"question gone ({item})", [f"no delivered column is like those of {item}"], edits)


def _described(here: Sequence[Seen], options: Sequence[tuple[str, str]]) -> tuple[str, str, list[str]]:
    """Name, title and evidence of the proposal of questions that changed alike."""
    differences = [one for seen in here for one in seen.differences if one.kind != "column_gone"]
    evidence = [*_renames(here), *(_evidence(one) for one in differences if one.name != RENAMED)]
    evidence += [seen for _, seen in options]
    kinds = list(dict.fromkeys([*(one.name for one in differences), *(word for word, _ in options)]))
    if not kinds or kinds == [RENAMED]:
        return RENAMED_ALONE, RENAMED if kinds else "nothing else than in the wave compared with", evidence
    more = f" and {len(here) - 1} more" if len(here) > 1 else ""
    return here[0].item, f"{', '.join(kinds)} ({here[0].item}{more})", evidence


def _holds(draft: Draft) -> dict[str, tuple[str, str]]:
    """Delivered column -> item and option."""
    rows = draft.book.columns_of(draft.survey, draft.year)
    return {name: (row["item"], row["option"]) for name, row in rows.items()}


def _draft_new(
    draft: Draft, comparison: Comparison, new: Sequence[Profile], wave: Wave, told: Told
) -> list[tuple[str, str, list[str], tuple[Edit, ...]]]:
    """Draft new questions: name, title, evidence and rows of each."""
    known = {*_holds(draft), wave.respondent_column, wave.weight_column}
    ignored = draft.book.ignored_in(draft.survey, draft.year)
    left = [
        column
        for column in new
        if column.name not in known and not any(fits_pattern(column.name, pattern) for pattern in ignored)
    ]
    delivered = [profile_of(column) for column in comparison.delivery.columns]
    found = []
    for question in questions(left, comparison.delivery):
        evidence = [called(column) for column in question.columns]
        former = former_row(draft, question.columns[0]) if question.kind in ALONE and question.label else None
        if former is not None:
            register(draft, [former["item"]], return_item(draft, question.columns[0], former, told))
            found.append((former["item"], f"question asked again ({former['item']})", evidence, draft.take()))
            continue
        item = draft_question(draft, question, delivered, _holds(draft))
        name = item or f"left_out_{question.columns[0].name}"
        title = f"new question ({item})" if item else f"column left out ({question.columns[0].name})"
        found.append((name, title, evidence, draft.take()))
    return found


def propose(
    book: Codebook, comparison: Comparison, survey: str, year: int, announced: int | None = None
) -> tuple[Wave, tuple[Proposal, ...]]:
    """Propose the rows that the codebook needs for a delivered wave; where it has them already, nothing.

    Args:
        book: The codebook.
        comparison: The delivered file against the wave before.
        survey: Survey id.
        year: The delivered wave.
        announced: Number of respondents that the institute announced.

    Returns:
        The wave, declared or as it is proposed, and the proposals in the order in which they may be accepted.

    Raises:
        DataRefused: No delivered column identifies the respondents.
    """
    draft = Draft(book, survey, year)
    proposals = _Proposals(draft)
    row = next((row for row in book.rows("waves") if (row["survey"], row["year"]) == (survey, str(year))), None)
    if row is None:
        wave = wave_of(comparison, survey, year, announced)
        _declare(draft, proposals, wave, comparison.sibling, announced)
    else:
        wave = Wave(
            survey, year, int(row["respondents"]), row["respondent_column"], row["weight_column"], "", row["wave"]
        )
        draft.change("waves", row, reviewed="yes")
        proposals.add(WAVE, "the wave itself, reviewed", ["it is declared, and not reviewed"], draft.take())
    before = {
        name: (row["item"], row["option"]) for name, row in book.columns_of(survey, comparison.sibling.year).items()
    }
    if row is None:
        widen(draft, comparison.sibling.year, {pair.item for pair in comparison.found.pairs if pair.item})
        proposals.add("ranges", f"what holds in {comparison.sibling.wave_id} holds in this wave too", [], draft.take())
    proposed: dict[str, list[Edit]] = {}
    options: dict[str, list[tuple[str, str]]] = {}
    _close_gone(draft, comparison, before, proposed, options)
    new = _new_options(draft, comparison, proposed, options)
    new, multiple = became_multiple(draft, comparison, before, new)
    for item, question in multiple:
        make_multiple(draft, item, question)
        evidence = [called(column) for column in question.columns]
        edits = [*proposed.pop(item, []), *draft.take()]
        proposals.add(item, f"several answers where one was given ({item})", evidence, edits)
    going_on = _Questions(draft, comparison, proposed)
    fresh = _draft_new(draft, comparison, new, wave, going_on.told)
    going_on.route()
    going_on.propose(proposals, options)
    for found in fresh:
        proposals.add(*found)
    return wave, proposals.all(comparison.differences)
