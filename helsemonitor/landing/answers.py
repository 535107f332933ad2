"""What people answered otherwise than in the wave before, and whether others were asked."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from helsemonitor.landing.difference import POSITIONS, Difference, Pair, looks_like_code, named, percent
from helsemonitor.landing.filters import Clause, clause_beside_blanks, simplest_clause
from helsemonitor.landing.profiles import Profile
from helsemonitor.limits import Limit, limit_for
from helsemonitor.turned import Shares, compared

# Points of blanks and of answers without a position that are looked at, where they are beyond chance.
BLANK_POINTS, POSITION_POINTS = 3.0, 10.0
# Part of all respondents who may answer what they are not asked.
OUTSIDE = 0.01
NO_POSITION = ("dont_know", "not_relevant", "refused")


def _beyond(one: float, other: float, n: int, m: int, points: float, errors: float) -> bool:
    """Whether two shares differ by more than some points and by more than some standard errors."""
    error = np.sqrt(one * (1 - one) / max(n, 1) + other * (1 - other) / max(m, 1))
    return abs(one - other) > max(points / 100, errors * error)


def _share(column: Profile, codes: Collection[str]) -> float:
    """Share of some codes among the cells that are not blank, 0 to 1."""
    return sum(column.counts.get(code, 0) for code in codes) / max(column.answered, 1)


def _substantive(pair: Pair, of: Profile, year: int) -> Shares:
    codes = [code for code in pair.order if pair.kinds.get(code) in POSITIONS]
    counts = np.array([of.counts.get(code, 0) for code in codes], dtype=float)
    return Shares(year, tuple(codes), counts / max(counts.sum(), 1), float(counts.sum()), exclusive=True)


def turned(pair: Pair, limits: Sequence[Limit], survey: str, year: int) -> Iterator[Difference]:
    """A scale that runs the other way, or two answers exchanged, as the shares tell it.

    Args:
        pair: Two columns that are the same question, with the same codes.
        limits: Limits of the codebook: `turned`.
        survey: Survey id.
        year: The delivered wave.
    """
    before, now = _substantive(pair, pair.before, year - 1), _substantive(pair, pair.now, year)
    if len(before.p) < 3 or not before.n or not now.n:
        return
    apart, apart_turned, order = compared(before, now)
    if order and apart > limit_for(limits, "turned", survey, year, ("more_answers", pair.item)):
        evidence = f"{order}: {apart:.0f} points apart as delivered, {apart_turned:.0f} turned round"
        yield pair.said("scale_turned", evidence)


def shares_moved(pair: Pair, limits: Sequence[Limit], survey: str, year: int) -> Iterator[Difference]:
    """Answers without a position, and single answers, that are far from last time.

    Args:
        pair: Two columns that are the same question, with the same codes.
        limits: Limits of the codebook: `drift` (percent) and `drift_se`.
        survey: Survey id.
        year: The delivered wave.
    """
    errors = limit_for(limits, "drift_se", survey, year)
    n, m = pair.before.answered, pair.now.answered
    without = [code for code, kind in pair.kinds.items() if kind in NO_POSITION]
    one, other = _share(pair.before, without), _share(pair.now, without)
    if _beyond(one, other, n, m, POSITION_POINTS, errors):
        yield pair.said("dont_know_changed", f"{percent(one)} to {percent(other)} of the answers")
    points = limit_for(limits, "drift", survey, year, ("percent",))
    far = [
        code
        for code in sorted(pair.before.codes)
        if _beyond(_share(pair.before, [code]), _share(pair.now, [code]), n, m, points, errors)
    ]
    if far:
        moves = (
            f"{named(pair.before, code)} {percent(_share(pair.before, [code]))} to {percent(_share(pair.now, [code]))}"
            for code in far
        )
        yield pair.said("answers_far", ", ".join(moves))


def _routing(columns: Sequence[Profile]) -> list[Profile]:
    """Columns whose cells may be named as codes that route."""
    return [column for column in columns if all(looks_like_code(*cell) for cell in column.counts.items())]


def _in_words(clause: Clause | None) -> str:
    if clause is None:
        return ""
    codes = " or ".join(sorted(clause.codes))
    return f"; those with {codes} in {clause.column} explain {100 * clause.explained:.1f} %"


def router_gone(pair: Pair, columns: Sequence[Profile]) -> Difference:
    """Who is asked a question whose routing question is asked no more.

    Args:
        pair: The columns.
        columns: Delivered columns, any of which may route.
    """
    clause = simplest_clause(pair.now, _routing(columns))
    evidence = f"what routed it is gone; {percent(pair.now.blank_share)} of all are blank{_in_words(clause)}"
    return pair.said("filter_moved" if pair.now.blank_share > OUTSIDE else "filter_widened", evidence, clause)


def asked_differently(
    pair: Pair, asked: tuple[np.ndarray, np.ndarray], columns: Sequence[Profile], errors: float
) -> Iterator[Difference]:
    """Whether those answered whom the codebook's filter asks, as before.

    Args:
        pair: The columns.
        asked: Whom the codebook asks, in the wave before and now.
        columns: Delivered columns, any of which may route.
        errors: Standard errors that are chance.
    """
    was, is_now = (np.array([not cell for cell in of.cells], dtype=bool) for of in (pair.before, pair.now))
    one, other = (float(blank[of].mean()) if of.any() else 0.0 for blank, of in zip((was, is_now), asked, strict=True))
    beside = float((~is_now & ~asked[1]).mean())
    n, m = int(asked[0].sum()), int(asked[1].sum())
    if beside <= OUTSIDE and not _beyond(one, other, n, m, BLANK_POINTS, errors):
        return
    evidence = f"blank {percent(one)} to {percent(other)} of those whom the codebook asks"
    if beside > OUTSIDE:
        evidence += f", and {percent(beside)} of all answered whom it does not ask"
    clause = simplest_clause(pair.now, _routing(columns))
    kind = "blanks_changed" if clause is None or other < one else "filter_narrowed"
    if clause is None and (clause := clause_beside_blanks(pair.now, _routing(columns), asked[1])):
        kind = "filter_narrowed"
    evidence += _in_words(clause)
    if beside > OUTSIDE:
        kind = "filter_moved" if other > one + BLANK_POINTS / 100 else "filter_widened"
    yield pair.said(kind, evidence, clause)
