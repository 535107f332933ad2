"""How the codes of a column are other than those of the wave before."""

import re
from collections.abc import Iterator, Mapping, Sequence

from helsemonitor.landing.alignment import same_words
from helsemonitor.landing.difference import Difference, Pair, named
from helsemonitor.landing.profiles import plain_label

# Labels that are more alike are the same answer in other words.
SAME_ANSWER = 0.75
# Codes that institutes use for what is no answer: 9, 99, 98, -1, 999 ...
NO_ANSWER_CODE = re.compile(r"-[0-9]+|[789]|[1-9]*9[0-9]|99[0-9]+")
# Answers that are steps of a scale.
POSITIONS = ("substantive", "neutral")
# SPSS cuts labels of answers off at 120 bytes; so long a beginning is no chance.
ROOM = 100
# An answer that so many gave last time and nobody does now is gone.
FEW = 10
# Part of the answers that another place of a new answer has to explain better.
CLEARLY = 0.02


def _no_answer_codes(pair: Pair, codes: Sequence[str]) -> list[str]:
    """Of codes that are new, those that the file declares missing, or that look it and stand apart from the list."""
    known = [int(code) for code in pair.before.codes if re.fullmatch(r"-?[0-9]+", code)]
    apart = max(known, default=0) + 1
    return [
        code
        for code in codes
        if code in pair.now.missing
        or (not pair.now.labels.get(code) and NO_ANSWER_CODE.fullmatch(code) and not 0 <= int(code) <= apart)
    ]


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
    scale = [codes[code] for code in pair.order if code in codes and pair.kinds[code] in POSITIONS]
    is_turned = len(scale) > 2 and scale == sorted(scale, reverse=True)
    evidence = ", ".join(f"{pair.before.labels[before]} {before} to {now}" for before, now in moved.items())
    yield pair.said("scale_turned" if is_turned else "codes_shifted", evidence)


def _by_labels(pair: Pair) -> Iterator[Difference]:
    """Compare a code list with the labels that the file has."""
    before = {plain_label(label): code for code, label in pair.before.labels.items()}
    now = {plain_label(label): code for code, label in pair.now.labels.items() if code not in pair.now.missing}
    same = _same_labels(before, now)
    renamed = _other_words(before, now, same)
    for label, other in renamed.items():
        evidence = f"{named(pair.before.labels, before[label])} is now {named(pair.now.labels, now[other])}"
        yield pair.said("option_relabelled", evidence)
    known = {*same.values(), *renamed.values()}
    for label, code in now.items():
        if label not in known:
            count = pair.now.counts.get(code, 0)
            yield pair.said("option_added", f"{named(pair.now.labels, code)}, given {count} times")
    for label, code in before.items():
        if label not in same and label not in renamed:
            count = pair.before.counts.get(code, 0)
            yield pair.said("option_removed", f"{named(pair.before.labels, code)}, given {count} times before")
    yield from _moved(pair, {before[label]: now[other] for label, other in {**same, **renamed}.items()})


def _best_code(pair: Pair, added: str) -> str:
    """The code that a new answer has most likely, by the shares of the others, where the later ones moved up."""
    shares, before = pair.now.shares(), pair.before.shares()
    old = sorted(pair.before.codes, key=int)
    codes = sorted([*old, added], key=int)
    apart = []
    for position in range(len(codes)):
        kept = [shares.get(code, 0.0) for code in codes if code != codes[position]]
        total = sum(kept) or 1.0
        apart.append(sum(abs(share / total - before.get(code, 0.0)) for share, code in zip(kept, old, strict=True)) / 2)
    # The plain reading is that the new code is the new answer.
    straight = apart[codes.index(added)]
    best = min(apart)
    return codes[apart.index(best)] if best < straight - CLEARLY else added


def _by_codes(pair: Pair) -> Iterator[Difference]:
    """Compare a code list with the codes that stand in the file, where it has no labels."""
    new = sorted(code for code in pair.now.counts if code not in pair.before.codes)
    missing = _no_answer_codes(pair, new)
    added = [code for code in new if code not in missing]
    if missing:
        times = ", ".join(f"{code} {pair.now.counts[code]} times" for code in missing)
        yield pair.said("missing_codes", times)
    gone = [
        code
        for code in sorted(pair.before.codes)
        if code not in pair.now.counts and pair.before.counts.get(code, 0) >= FEW
    ]
    numbers = all(code.isdigit() for code in (*added, *pair.before.codes))
    for code in added:
        evidence = f"{code}, given {pair.now.counts[code]} times"
        likely = _best_code(pair, code) if numbers and len(added) == 1 and len(pair.before.codes) > 2 else code
        if likely != code:
            evidence_of_shift = f"the answers fit best where the new one has code {likely} and the later ones moved up"
            yield pair.said("codes_shifted", evidence_of_shift)
        yield pair.said("option_added", evidence)
    for code in gone:
        count = pair.before.counts[code]
        yield pair.said("option_removed", f"{named(pair.before.labels, code)}, given {count} times before")


def code_differences(pair: Pair) -> Iterator[Difference]:
    """Compare the codes of a pair of columns: by labels where the file has them, else by what stands in the cells.

    Args:
        pair: Two columns that are the same question.
    """
    if not pair.before.codes:
        if missing := sorted(pair.now.missing & set(pair.now.counts)):
            yield pair.said("missing_codes", ", ".join(f"{code} {pair.now.counts[code]} times" for code in missing))
        return
    if {"0", "1"} == pair.before.codes and set(pair.now.counts) == {"1"} and "0" in pair.before.counts:
        yield pair.said("ticks_only", "1 or blank, where 0 and 1 stood")
        return
    declared = sorted(pair.now.missing - pair.before.codes)
    if declared and pair.now.labels:
        evidence = ", ".join(
            f"{named(pair.now.labels, code)} {pair.now.counts.get(code, 0)} times" for code in declared
        )
        yield pair.said("missing_codes", evidence)
    yield from _by_labels(pair) if pair.now.labels else _by_codes(pair)
