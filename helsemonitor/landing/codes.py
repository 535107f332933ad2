"""How the codes of a column are other than those of the wave before."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from helsemonitor.landing.alignment import same_words
from helsemonitor.landing.difference import POSITIONS, Difference, Pair, as_number, given, looks_like_code, named
from helsemonitor.landing.profiles import Profile, plain_label

# Labels that are more alike are the same answer in other words.
SAME_ANSWER = 0.75
# Codes that institutes use for what is no answer: 9, 99, 98, -1, 999 ...
NO_ANSWER_CODE = re.compile(r"-[0-9]+|[789]|[1-9]*9[0-9]|99[0-9]+")
# SPSS cuts labels of answers off at 120 bytes; so long a beginning is no chance.
ROOM = 100
# An answer that so many would give, and nobody does, is gone.
FEW = 10
# Part of the answers from which on a code that nobody names is no slip.
FREQUENT = 0.01
# So many, where the code is the next one of its list.
SEVERAL_NEXT = 3
# Part of the answers that another place of a new answer has to explain better.
CLEARLY = 0.02
# So far apart are answers whose codes mean something else, and so near where each is compared with its own; the answers
# of fewer are far apart by chance.
FAR, NEAR, MANY = 0.25, 0.05, 100


def _no_answer_codes(pair: Pair, codes: Sequence[str]) -> list[str]:
    """Of codes that are new, those that the file declares missing, or that look it and stand apart from the list."""
    apart = max((number for code in pair.before.codes if (number := as_number(code)) is not None), default=0) + 1

    def looks_it(code: str) -> bool:
        number = as_number(code)
        is_apart = number is not None and not 0 <= number <= apart
        return is_apart and not pair.now.labels.get(code) and NO_ANSWER_CODE.fullmatch(code) is not None

    return [code for code in codes if code in pair.now.missing or looks_it(code)]


def is_cut(one: str, other: str) -> bool:
    """Whether a label is the other, cut off where a format has no room for more."""
    return min(len(one), len(other)) >= ROOM and (one.startswith(other) or other.startswith(one))


def _same_labels(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Label before -> the same label now."""
    same = {label: label for label in before if label in now}
    left = [label for label in now if label not in before]
    for label in before:
        if label not in same and (cut := next((other for other in left if is_cut(label, other)), "")):
            same[label] = cut
    return same


def _other_words(before: Mapping[str, str], now: Mapping[str, str], same: Mapping[str, str]) -> dict[str, str]:
    """Label before -> what the answer is called now: the label under the same code, or one much like it."""
    found: dict[str, str] = {}
    for label in before:
        left = [other for other in now if other not in same.values() and other not in found.values()]
        if label in same or not left:
            continue
        near = max(left, key=lambda other: (now[other] == before[label], same_words(label, other)))
        if now[near] == before[label] or same_words(label, near) >= SAME_ANSWER:
            found[label] = near
    return found


def _is_gone(pair: Pair, code: str) -> bool:
    """Whether nobody gives an answer that more than a few would give if nothing had changed."""
    share = pair.before.counts.get(code, 0) / max(pair.before.answered, 1)
    return code not in pair.now.counts and share * min(pair.now.answered, pair.before.answered) >= FEW


@dataclass(frozen=True)
class Recoding:
    """What the codes of a delivered column mean, by those of the wave before.

    Args:
        same: Code now -> code before of the same answer.
        reworded: Codes now whose answer has other words than before.
        new: Codes of answers that the wave before does not have, and more than a few give or the file names.
        missing: Codes for no answer, known as such or not.
        gone: Codes before of answers that there are no more.
    """

    same: Mapping[str, str]
    reworded: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def moved(self) -> dict[str, str]:
        """Code before -> code now, where it is another one."""
        return {before: now for now, before in self.same.items() if before != now}


def _is_answer(pair: Pair, code: str) -> bool:
    """Whether a code that nobody names is given by so many, and like the others, that it is likely an answer."""
    count = pair.now.counts.get(code, 0)
    numbers = [as_number(known) is not None for known in pair.before.codes]
    number = as_number(code)
    is_alike = not all(numbers) or number is not None
    goes_on = number is not None and _goes_on(number, {*pair.before.codes, *pair.now.counts})
    enough = SEVERAL_NEXT if goes_on else max(FEW, FREQUENT * pair.now.answered)
    return is_alike and looks_like_code(code, count) and count >= enough


def _goes_on(number: int, codes: Collection[str]) -> bool:
    """Whether a code is the next one of a list of whole numbers, or the one after another new one that is."""
    return number > 1 and str(number - 1) in codes


def _recoded_by_labels(pair: Pair) -> Recoding:
    declared = pair.now.missing
    before = _by_label(pair.before.labels, declared)
    now = _by_label(pair.now.labels, declared)
    same = _same_labels(before, now)
    renamed = _other_words(before, now, same)
    found = {now[other]: before[label] for label, other in {**same, **renamed}.items()}
    # Two codes that are called alike are one answer.
    found |= {
        code: found[now[plain]]
        for code, label in pair.now.labels.items()
        if code not in declared and (plain := plain_label(label)) in now and now[plain] in found
    }
    cells = sorted(code for code in pair.now.counts if code not in {*pair.now.labels, *declared})
    missing = _no_answer_codes(pair, cells)
    # Often the ends of a scale alone have labels: where no label has moved, the codes between them are as before.
    is_moved = any(code != was for code, was in found.items())
    stay = [code for code in cells if not is_moved and code in pair.before.codes and code not in found.values()]
    if stay:
        taken = {*found, *found.values(), *now.values()}
        found |= {code: code for code in pair.before.codes if code in stay or code not in taken}
    known = {*same.values(), *renamed.values()}
    lost = {code for label, code in before.items() if label not in same and label not in renamed and code not in stay}
    return Recoding(
        same=found,
        reworded=tuple(now[other] for other in renamed.values()),
        new=tuple(code for label, code in now.items() if label not in known),
        missing=(*sorted(declared), *(code for code in missing if code not in stay)),
        gone=tuple(code for code in before.values() if code in lost and (not stay or _is_gone(pair, code))),
    )


def _by_label(labels: Mapping[str, str], declared: Collection[str]) -> dict[str, str]:
    """Plain label -> the first code that has it; codes that are declared missing have no answer."""
    found: dict[str, str] = {}
    for code, label in labels.items():
        if code not in declared:
            found.setdefault(plain_label(label), code)
    return found


def _recoded_by_codes(pair: Pair) -> Recoding:
    shift, places = _shift(pair)
    same = {now: before for before, now in places.items()}
    cells = sorted(code for code in pair.now.counts if code not in same)
    missing = _no_answer_codes(pair, cells)
    left = [code for code in cells if code not in missing]
    new = [code for code in left if shift or _is_answer(pair, code)]
    return Recoding(
        same=same,
        new=tuple(new),
        missing=tuple(missing),
        gone=tuple(
            code for code in sorted(pair.before.codes) if (code not in places if shift else _is_gone(pair, code))
        ),
    )


def recoding(pair: Pair) -> Recoding:
    """What the codes of a delivered column mean: by labels where the file has them, else by what stands in the cells.

    Args:
        pair: Two columns that are the same question.
    """
    if not pair.before.codes:
        return Recoding({}, missing=tuple(code for code in sorted(pair.now.missing) if code in pair.now.counts))
    return _recoded_by_labels(pair) if pair.now.labels else _recoded_by_codes(pair)


def _apart(before: Mapping[str, float], now: Mapping[str, float], places: Mapping[str, str]) -> float:
    """How far shares are apart where codes before are other codes now; what has no place is left out of the others."""
    total = sum(now.get(code, 0.0) for code in places.values()) or 1.0
    return sum(abs(now.get(other, 0.0) / total - before.get(code, 0.0)) for code, other in places.items()) / 2


def _exchanged(codes: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Ways in which a list may have lost one answer and gained another: in words, and code before -> code now."""
    for gone in codes:
        for new in codes:
            if new != gone:
                kept, free = ([code for code in codes if code != left_out] for left_out in (gone, new))
                words = f"the answers fit best where {gone} is gone, {new} is new and those between moved by one"
                yield words, dict(zip(kept, free, strict=True))


def _shift(pair: Pair) -> tuple[str, dict[str, str]]:
    """Where the codes of numbers fit clearly better than where they stand: in words, and code before -> code now.

    Where they do not, there are no words, and every code is itself.
    """
    stay = {code: code for code in pair.before.codes}
    numbers = [as_number(code) for code in {*pair.before.codes, *pair.now.counts}]
    if len(pair.before.codes) < 3 or None in numbers:
        return "", stay
    before, now = pair.before.shares(), pair.now.shares()
    old = sorted(pair.before.codes, key=int)
    added = [code for code in now if code not in pair.before.codes]
    straight = _apart(before, now, stay)
    found: dict[str, dict[str, str]] = {}
    for step, words in ((-1, "lower"), (1, "higher")):
        moved = {code: str(int(code) + step) for code in old}
        if set(now) <= set(moved.values()):
            found[f"the answers fit best where every code is one {words} than before"] = moved
    if len(added) == 1:
        codes = sorted([*old, *added], key=int)
        for new in codes:
            words = f"the answers fit best where the new one has code {new} and the later ones moved up"
            places = dict(zip(old, (code for code in codes if code != new), strict=True))
            if new != added[0]:
                found[words] = places
    if not added and len(old) > 3 and straight > FAR and min(pair.before.answered, pair.now.answered) >= MANY:
        found |= {words: places for words, places in _exchanged(old) if _apart(before, now, places) < NEAR}
    best = min(found, key=lambda words: _apart(before, now, found[words]), default="")
    is_better = best and _apart(before, now, found[best]) < straight - CLEARLY
    return (best, found[best]) if is_better else ("", stay)


def by_former_codes(pair: Pair) -> Profile:
    """The delivered column with the codes that its answers had before; codes of new answers are none of those."""
    if not pair.before.codes:
        return pair.now
    found = recoding(pair)
    former = {code: found.same.get(code, f"new {code}") for code in pair.now.counts if code not in found.missing}
    if all(code == before for code, before in former.items()):
        return pair.now
    return replace(pair.now, cells=[former.get(cell, cell) for cell in pair.now.cells])


def _by_codes(pair: Pair) -> Iterator[Difference]:
    """Compare a code list with the codes that stand in the file, where it has no labels."""
    shift, _ = _shift(pair)
    if shift:
        yield pair.said("codes_shifted", shift)
    yield from _unknown(pair, sorted(code for code in pair.now.counts if code not in pair.before.codes))
    for code in sorted(pair.before.codes):
        if _is_gone(pair, code):
            yield pair.said(
                "option_removed", f"{named(pair.before, code)}, given {pair.before.counts[code]} times before"
            )


def _by_labels(pair: Pair) -> Iterator[Difference]:
    """Compare a code list with the labels that the file has."""
    found = recoding(pair)
    for code in found.reworded:
        yield pair.said("option_relabelled", f"{named(pair.before, found.same[code])} is now {named(pair.now, code)}")
    for code in found.new:
        yield pair.said("option_added", f"{named(pair.now, code)}, given {pair.now.counts.get(code, 0)} times")
    for code in found.gone:
        count = pair.before.counts.get(code, 0)
        yield pair.said("option_removed", f"{named(pair.before, code)}, given {count} times before")
    yield from _moved(pair, found)
    known = {*pair.now.labels, *pair.now.missing, *found.same}
    yield from _unknown(pair, sorted(code for code in pair.now.counts if code not in known))


def _unknown(pair: Pair, new: Sequence[str]) -> Iterator[Difference]:
    """Codes in the cells that nobody has told of."""
    missing = [code for code in _no_answer_codes(pair, new) if code not in pair.known_missing]
    if missing:
        yield pair.said("missing_codes", given(pair.now, missing))
    for code in new:
        if code not in missing and code not in pair.known_missing:
            yield pair.said("option_added", f"{named(pair.now, code)}, given {pair.now.counts[code]} times")


def is_ticked_only(pair: Pair) -> bool:
    """Whether boxes hold their tick or nothing, where they held 0 and 1."""
    return pair.before.codes == {"0", "1"} and set(pair.now.counts) == {"1"} and "0" in pair.before.counts


def _moved(pair: Pair, found: Recoding) -> Iterator[Difference]:
    """Answers whose code is another one."""
    if not found.moved:
        return
    codes: dict[str, str] = {}
    for now, before in found.same.items():
        codes.setdefault(before, now)
    steps = [codes[code] for code in pair.order if code in codes and pair.kinds[code] in POSITIONS]
    numbers = [number for code in steps if (number := as_number(code)) is not None]
    is_turned = len(steps) > 2 and len(numbers) == len(steps) and numbers == sorted(numbers, reverse=True)
    evidence = ", ".join(f"{pair.before.labels[before]} {before} to {now}" for before, now in found.moved.items())
    yield pair.said("scale_turned" if is_turned else "codes_shifted", evidence)


def code_differences(pair: Pair) -> Iterator[Difference]:
    """Compare the codes of a pair of columns: by labels where the file has them, else by what stands in the cells.

    Args:
        pair: Two columns that are the same question.
    """
    declared = sorted(pair.now.missing - pair.known_missing)
    if not pair.before.codes:
        if missing := [code for code in declared if code in pair.now.counts]:
            yield pair.said("missing_codes", given(pair.now, missing))
        return
    if is_ticked_only(pair):
        yield pair.said("ticks_only", "1 or blank, where 0 and 1 stood")
        return
    if declared and pair.now.labels:
        yield pair.said("missing_codes", given(pair.now, declared))
    yield from _by_labels(pair) if pair.now.labels else _by_codes(pair)
