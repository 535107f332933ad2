"""What a delivered wave has otherwise than the wave before it, column by column, each with its evidence."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.reading import Row
from helsemonitor.codebook.waves import Wave
from helsemonitor.errors import DataRefused
from helsemonitor.landing.alignment import align
from helsemonitor.landing.answers import asked_differently, router_gone, shares_moved, turned
from helsemonitor.landing.codes import by_former_codes, code_differences, is_cut, is_ticked_only
from helsemonitor.landing.difference import Difference, Pair, percent
from helsemonitor.landing.profiles import Profile, plain_label
from helsemonitor.landing.sibling import Sibling
from helsemonitor.landing.universes import Told
from helsemonitor.limits import Limit, limit_for

# A wave so many times as large as the one before, or as small, is hardly the same survey.
MANY_TIMES = 3
WEIGHT_NAME = re.compile(r"vekt|weight|wgt|(\b|_)wt(\b|_)", re.IGNORECASE)
NUMBER = re.compile(r"-?[0-9]+([.,][0-9]+)?")


def _weights(sibling: Sibling, now: Sequence[Profile], weight_column: str, limit: float) -> Iterator[Difference]:
    delivered = {column.name: column for column in now}
    was, is_now = sibling.wave.weight_column, weight_column
    if is_now and not was:
        yield Difference("weights_new", (is_now,), (), "", f"column {is_now}")
    elif was and not is_now:
        yield Difference("weights_gone", (), (was,), "", f"column {was} has no successor")
    elif was and is_now and is_now in delivered:
        unfit = int((~(_numbers(delivered[is_now]) > 0)).sum())
        if unfit:
            evidence = f"{unfit} of {delivered[is_now].respondents} are blank, no numbers or not above 0"
            yield Difference("weights_unfit", (is_now,), (was,), "", evidence)
        means = [_mean(sibling.profile(was)), _mean(delivered[is_now])]
        if min(means) > 0 and not 1 / limit <= means[1] / means[0] <= limit:
            yield Difference("weights_scale", (is_now,), (was,), "", f"mean {means[0]:.4g} to {means[1]:.4g}")


def _numbers(column: Profile) -> np.ndarray:
    """The cells as numbers, those that are none as NaN."""
    return np.array([float(cell.replace(",", ".")) if NUMBER.fullmatch(cell) else np.nan for cell in column.cells])


def _mean(column: Profile) -> float:
    numbers = _numbers(column)
    return float(np.nanmean(numbers)) if np.isfinite(numbers).any() else 0.0


def _weight_column(sibling: Sibling, now: Sequence[Profile], partner: Mapping[str, str]) -> str:
    """The delivered weights: what the former ones became, or a new column of positive numbers that is called so."""
    if sibling.wave.weight_column:
        return partner.get(sibling.wave.weight_column, "")
    taken = set(partner.values())
    called = [
        column for column in now if column.name not in taken and WEIGHT_NAME.search(f"{column.name} {column.label}")
    ]
    return next((column.name for column in called if np.all(_numbers(column) > 0)), "")


def _respondents(before: int, now: int, announced: int | None) -> Iterator[Difference]:
    if announced is not None and now != announced:
        yield Difference("respondents", (), (), "", f"{now} in the file where {announced} were announced")
    elif before and not 1 / MANY_TIMES < now / before < MANY_TIMES:
        yield Difference("respondents", (), (), "", f"{now} where the wave before has {before}")


@dataclass(frozen=True)
class Found:
    """What a comparison of two waves found.

    Args:
        differences: What is otherwise, in the order of the delivered columns; what is gone comes after them.
        pairs: Columns that are the same question, in the order of the delivered ones.
        new: Delivered columns that no column of the wave before is like; the weights are none of them.
        gone: Columns of the wave before that no delivered one is like.
        weight_column: The delivered weights; empty where there are none.
    """

    differences: tuple[Difference, ...]
    pairs: tuple[Pair, ...]
    new: tuple[Profile, ...]
    gone: tuple[Profile, ...]
    weight_column: str

    @property
    def partner(self) -> dict[str, str]:
        """Column before -> the delivered column that it is now."""
        return {pair.before.name: pair.now.name for pair in self.pairs}


def _pair(book: Codebook, sibling: Sibling, before: Profile, now: Profile) -> Pair:
    row = sibling.rows.get(before.name)
    if row is None:
        return Pair(before, now, None, {}, ())
    answers = book.answers_of(sibling.wave.survey, row["item"])
    of = {
        code["code"]: answers[code["answer"]]
        for code in book.code_lists.get(row["code_list"], [])
        if code["answer"] in answers
    }
    order = sorted(of, key=lambda code: int(of[code]["sort_order"] or 0))
    kinds = {code: answer["answer_kind"] for code, answer in of.items()}
    now = replace(now, labels={}) if row["option"] else now
    return Pair(before, now, row, kinds, tuple(order), before.name in sibling.texts)


def _by_their_texts(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs in which columns of one question that changed places are told by their texts, whatever they are called."""
    options: dict[str, list[int]] = {}
    for place, pair in enumerate(pairs):
        if pair.row and pair.row["option"] and pair.now.label:
            options.setdefault(pair.item, []).append(place)
    found = list(pairs)
    for places in options.values():
        has = {plain_label(pairs[place].before.label): place for place in places}
        moved = {place: has.get(plain_label(pairs[place].now.label), place) for place in places}
        # A text that two have, or that none had, may be a slip.
        if len(set(moved.values())) == len(places):
            for place, former in moved.items():
                found[place] = replace(pairs[former], now=pairs[place].now, likeness=pairs[place].likeness)
    return found


def _became_boxes(pair: Pair) -> bool:
    """Whether a question of one answer is a box of several now, which does not tell what it told."""
    return set(pair.now.counts) == {"0", "1"} and bool(pair.before.codes) and "0" not in pair.before.codes


class _Asked:
    """Whom the codebook asks an item, in the wave before and in the delivered one.

    Args:
        book: The codebook.
        sibling: The wave before.
        pairs: Columns that are the same question.
    """

    def __init__(self, book: Codebook, sibling: Sibling, pairs: Sequence[Pair]) -> None:
        def told(columns: Iterable[tuple[Row, Profile]]) -> Told:
            return Told(book, sibling.wave.survey, sibling.wave.year, list(columns))

        mapped = [(pair.row, pair) for pair in pairs if pair.row]
        rows = sibling.rows
        self._before = told((rows[column.name], column) for column in sibling.columns if column.name in rows)
        self._found_again = told((row, pair.now) for row, pair in mapped)
        self._now = told((row, by_former_codes(pair)) for row, pair in mapped if not _became_boxes(pair))

    def lost_router(self, item: str) -> bool:
        """Whether the question that an item was routed by is asked no more."""
        return self._before.can_tell(item) and not self._found_again.can_tell(item)

    def people(self, item: str) -> tuple[np.ndarray, np.ndarray]:
        """Who was asked before, and who is asked now; everybody where either wave cannot tell."""
        if self._before.can_tell(item) and self._now.can_tell(item):
            return self._before.asked_of(item), self._now.asked_of(item)
        return self._before.everybody, self._found_again.everybody


def _wording(pair: Pair) -> Iterator[Difference]:
    before, now = plain_label(pair.before.label), plain_label(pair.now.label)
    if pair.is_worded and before and now and before != now and not is_cut(before, now):
        yield pair.said("wording", f'"{pair.before.label}" is now "{pair.now.label}"')


def _of_pair(
    pair: Pair, asked: _Asked, columns: Sequence[Profile], limits: Sequence[Limit], wave: Wave
) -> Iterator[Difference]:
    """What is otherwise in a pair of columns: codes first, then what may be said of answers with the same codes.

    Args:
        pair: The columns.
        asked: Whom the codebook asks.
        columns: Delivered columns, any of which may route.
        limits: Limits of the codebook.
        wave: The delivered wave.
    """
    if pair.before.name != pair.now.name:
        yield pair.said("column_renamed", "same place, like answers")
    if not pair.item:
        return
    yield from _wording(pair)
    codes = list(code_differences(pair))
    yield from codes
    kinds = {difference.kind for difference in codes}
    if "ticks_only" in kinds:
        # Blanks are answers there.
        return
    # What moved because codes did is no move of opinion.
    if pair.before.codes and not kinds & {"codes_shifted", "scale_turned"}:
        order = list(turned(pair, limits, wave.survey, wave.year))
        yield from order or shares_moved(pair, limits, wave.survey, wave.year)
    if asked.lost_router(pair.item):
        yield router_gone(pair, columns)
    else:
        people = asked.people(pair.item)
        yield from asked_differently(pair, people, columns, limit_for(limits, "drift_se", wave.survey, wave.year))


def _asked_to_tick(
    pairs: Sequence[Pair], people: tuple[np.ndarray, np.ndarray], columns: Sequence[Profile], errors: float
) -> Iterator[Difference]:
    """Whether a set with ticks alone goes to others, by who ticked any box; said only where a clause explains it.

    Args:
        pairs: The boxes of one question.
        people: Whom the codebook asks, in the wave before and now.
        columns: Delivered columns, any of which may route.
        errors: Standard errors that are chance.
    """
    any_tick = [
        ["1" if "1" in cells else "" for cells in zip(*(box.cells for box in boxes), strict=True)]
        for boxes in ([pair.before for pair in pairs], [pair.now for pair in pairs])
    ]
    first = pairs[0]
    before, now = (replace(box, cells=cells) for box, cells in zip((first.before, first.now), any_tick, strict=True))
    for one in asked_differently(replace(first, before=before, now=now), people, columns, errors):
        if one.clause is not None:
            names = [(pair.now.name, pair.before.name) for pair in pairs]
            yield replace(one, columns=tuple(now for now, _ in names), before=tuple(before for _, before in names))


def _folded(found: Sequence[Difference]) -> list[Difference]:
    """Columns of one item of which the same is said, as one difference."""
    folded: dict[tuple[str, str, str], Difference] = {}
    for one in found:
        key = (one.kind, one.item, one.evidence)
        so_far = folded.get(key)
        if so_far and one.item:
            one = replace(so_far, columns=so_far.columns + one.columns, before=so_far.before + one.before)
        folded[key if one.item else (*key[:2], f"{one.columns} {one.before}")] = one
    return list(folded.values())


def differences(
    book: Codebook,
    limits: Sequence[Limit],
    sibling: Sibling,
    delivered: Sequence[Profile],
    year: int,
    announced: int | None = None,
) -> Found:
    """Compare a delivered wave with the wave before.

    Args:
        book: The codebook.
        limits: Its limits: `drift`, `drift_se`, `turned` and `weight_scale` are held to.
        sibling: The wave before.
        delivered: Columns of the delivered wave, in order.
        year: The delivered wave.
        announced: Number of respondents that the institute announced.

    Raises:
        DataRefused: The codebook ignores every column.
    """
    now = [column for column in delivered if not sibling.ignores(column.name)]
    survey = sibling.wave.survey
    if not now or not sibling.columns:
        raise DataRefused(
            [f"{sibling.wave.survey}: columns.csv ignores every column of the wave; take the pattern out that does."]
        )
    matches = align(sibling.columns, now)
    pairs = [
        replace(_pair(book, sibling, sibling.columns[match.before], now[match.now]), likeness=match.likeness)
        for match in matches
    ]
    pairs = _by_their_texts(pairs)
    partner = {pair.before.name: pair.now.name for pair in pairs}
    by_name = {pair.now.name: pair for pair in pairs}
    asked = _Asked(book, sibling, pairs)
    wave = replace(sibling.wave, year=year)
    found = list(_respondents(sibling.columns[0].respondents, now[0].respondents if now else 0, announced))
    weights = _weight_column(sibling, now, partner)
    found += _weights(sibling, now, weights, limit_for(limits, "weight_scale", survey, year))
    for column in now:
        if column.name in by_name:
            pair = by_name[column.name]
            found += _of_pair(pair, asked, now, limits, wave)
            boxes = [other for other in pairs if other.item == pair.item and is_ticked_only(other)]
            if boxes and pair is boxes[-1]:
                errors = limit_for(limits, "drift_se", survey, year)
                found += _asked_to_tick(boxes, asked.people(pair.item), now, errors)
        elif column.name != weights:
            answers = f"{len(column.counts)} different cells, {percent(column.blank_share)} blank"
            found.append(Difference("column_new", (column.name,), (), "", answers))
    for column in sibling.columns:
        if column.name not in partner:
            item = sibling.rows[column.name]["item"] if column.name in sibling.rows else ""
            found.append(Difference("column_gone", (), (column.name,), item, "no delivered column is like it"))
    in_order = tuple(by_name[column.name] for column in now if column.name in by_name)
    new = tuple(column for column in now if column.name not in by_name and column.name != weights)
    gone = tuple(column for column in sibling.columns if column.name not in partner)
    return Found(tuple(_folded(found)), in_order, new, gone, weights)
