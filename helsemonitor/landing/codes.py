"""How the codes of a column are other than those of the wave before."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from helsemonitor.landing.alignment import same_words
from helsemonitor.landing.difference import POSITIONS, Difference, Pair, as_number, given, named
from helsemonitor.landing.profiles import plain_label

# Labels that are more alike are the same answer in other words.
SAME_ANSWER = 0.75
# Codes that institutes use for what is no answer: 9, 99, 98, -1, 999 ...
NO_ANSWER_CODE = re.compile(r"-[0-9]+|[789]|[1-9]*9[0-9]|99[0-9]+")
# SPSS cuts labels of answers off at 120 bytes; so long a beginning is no chance.
ROOM = 100
# An answer that so many would give, and nobody does, is gone.
FEW = 10
# Part of the answers that another place of a new answer has to explain better.
CLEARLY = 0.02


def _no_answer_codes(pair: Pair, codes: Sequence[str]) -> list[str]:
    """Of codes that are new, those that the file declares missing, or that look it and stand apart from the list."""
    apart = max((number for code in pair.before.codes if (number := as_number(code)) is not None), default=0) + 1

    def looks_it(code: str) -> bool:
        number = as_number(code)
        is_apart = number is not None and not 0 <= number <= apart
        return is_apart and not pair.now.labels.get(code) and NO_ANSWER_CODE.fullmatch(code) is not None

    return [code for code in codes if code in pair.now.missing or looks_it(code)]


def _is_cut(one: str, other: str) -> bool:
    """Whether a label is the other, cut off where a format has no room for more."""
    return min(len(one), len(other)) >= ROOM and (one.startswith(other) or other.startswith(one))


def _same_labels(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Label before -> the same label now."""
    same = {label: label for label in before if label in now}
    left = [label for label in now if label not in before]
    for label in before:
        if label not in same and (cut := next((other for other in left if _is_cut(label, other)), "")):
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


def _moved(pair: Pair, codes: Mapping[str, str]) -> Iterator[Difference]:
    """Answers whose code is another one. codes: code before -> code now, of the answers that both waves have."""
    moved = {before: now for before, now in codes.items() if before != now}
    if not moved:
        return
    steps = [codes[code] for code in pair.order if code in codes and pair.kinds[code] in POSITIONS]
    numbers = [number for code in steps if (number := as_number(code)) is not None]
    is_turned = len(steps) > 2 and len(numbers) == len(steps) and numbers == sorted(numbers, reverse=True)
    evidence = ", ".join(f"{pair.before.labels[before]} {before} to {now}" for before, now in moved.items())
    yield pair.said("scale_turned" if is_turned else "codes_shifted", evidence)


def _is_gone(pair: Pair, code: str) -> bool:
    """Whether nobody gives an answer that more than a few would give if nothing had changed."""
    share = pair.before.counts.get(code, 0) / max(pair.before.answered, 1)
    return code not in pair.now.counts and share * min(pair.now.answered, pair.before.answered) >= FEW


def _by_labels(pair: Pair) -> Iterator[Difference]:
    """Compare a code list with the labels that the file has."""
    declared = pair.now.missing
    before = {plain_label(label): code for code, label in pair.before.labels.items() if code not in declared}
    now = {plain_label(label): code for code, label in pair.now.labels.items() if code not in declared}
    same = _same_labels(before, now)
    renamed = _other_words(before, now, same)
    for label, other in renamed.items():
        evidence = f"{named(pair.before, before[label])} is now {named(pair.now, now[other])}"
        yield pair.said("option_relabelled", evidence)
    known = {*same.values(), *renamed.values()}
    for label, code in now.items():
        if label not in known:
            yield pair.said("option_added", f"{named(pair.now, code)}, given {pair.now.counts.get(code, 0)} times")
    for label, code in before.items():
        if label not in same and label not in renamed:
            count = pair.before.counts.get(code, 0)
            yield pair.said("option_removed", f"{named(pair.before, code)}, given {count} times before")
    yield from _moved(pair, {before[label]: now[other] for label, other in {**same, **renamed}.items()})
    yield from _unknown(pair, {*pair.now.labels, *declared})


def _unknown(pair: Pair, known: Collection[str]) -> Iterator[Difference]:
    """Codes in the cells that nobody has told of."""
    new = sorted(code for code in pair.now.counts if code not in known)
    missing = _no_answer_codes(pair, new)
    if missing:
        yield pair.said("missing_codes", given(pair.now, missing))
    for code in new:
        if code not in missing:
            yield pair.said("option_added", f"{named(pair.now, code)}, given {pair.now.counts[code]} times")


def _apart(before: Mapping[str, float], now: Mapping[str, float], places: Mapping[str, str]) -> float:
    """How far shares are apart where codes before are other codes now; what has no place is left out of the others."""
    total = sum(now.get(code, 0.0) for code in places.values()) or 1.0
    return sum(abs(now.get(other, 0.0) / total - before.get(code, 0.0)) for code, other in places.items()) / 2


def _shift(pair: Pair) -> str:
    """In words, where the codes of numbers fit clearly better than where they stand; empty where they do not."""
    numbers = [as_number(code) for code in {*pair.before.codes, *pair.now.counts}]
    if len(pair.before.codes) < 3 or None in numbers:
        return ""
    before, now = pair.before.shares(), pair.now.shares()
    old = sorted(pair.before.codes, key=int)
    added = [code for code in now if code not in pair.before.codes]
    straight = _apart(before, now, {code: code for code in old})
    found = {}
    for step, words in ((-1, "lower"), (1, "higher")):
        moved = {code: str(int(code) + step) for code in old}
        if set(now) <= set(moved.values()):
            found[f"the answers fit best where every code is one {words} than before"] = _apart(before, now, moved)
    if len(added) == 1:
        codes = sorted([*old, *added], key=int)
        for new in codes:
            words = f"the answers fit best where the new one has code {new} and the later ones moved up"
            places = dict(zip(old, (code for code in codes if code != new), strict=True))
            if new != added[0]:
                found[words] = _apart(before, now, places)
    best = min(found, key=lambda words: found[words], default="")
    return best if best and found[best] < straight - CLEARLY else ""


def _by_codes(pair: Pair) -> Iterator[Difference]:
    """Compare a code list with the codes that stand in the file, where it has no labels."""
    shift = _shift(pair)
    if shift:
        yield pair.said("codes_shifted", shift)
    yield from _unknown(pair, pair.before.codes)
    for code in sorted(pair.before.codes):
        if _is_gone(pair, code):
            yield pair.said(
                "option_removed", f"{named(pair.before, code)}, given {pair.before.counts[code]} times before"
            )


def _is_ticked_only(pair: Pair) -> bool:
    return pair.before.codes == {"0", "1"} and set(pair.now.counts) == {"1"} and "0" in pair.before.counts


def code_differences(pair: Pair) -> Iterator[Difference]:
    """Compare the codes of a pair of columns: by labels where the file has them, else by what stands in the cells.

    Args:
        pair: Two columns that are the same question.
    """
    declared = sorted(pair.now.missing)
    if not pair.before.codes:
        if missing := [code for code in declared if code in pair.now.counts]:
            yield pair.said("missing_codes", given(pair.now, missing))
        return
    if _is_ticked_only(pair):
        yield pair.said("ticks_only", "1 or blank, where 0 and 1 stood")
        return
    if declared and pair.now.labels:
        yield pair.said("missing_codes", given(pair.now, declared))
    yield from _by_labels(pair) if pair.now.labels else _by_codes(pair)
