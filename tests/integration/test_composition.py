"""Who answered, and what an answer came to: every row of the two marts against a count over the raw files.

The raw files are decoded a second time (tests/integration/hand_survey.py) and counted respondent by respondent, with
nothing of the project's SQL.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cache

import duckdb
import numpy as np
import pytest

from tests.integration.conftest import Refresh
from tests.integration.hand_survey import (
    Wave,
    asked_of,
    base_of,
    codebook,
    crosses,
    decode,
    memberships,
    of,
    sources,
)

WAVES = {f"{row['survey']}_{row['year']}": row for row in codebook("waves")}
POSITIONS = {"substantive", "neutral"}
# What a respondent without a position counts as, who ticked several options.
UNSAID = ("refused", "not_relevant", "dont_know")


@cache
def wave_of(name: str) -> Wave:
    """A wave, decoded by hand."""
    return decode(WAVES[name])


@pytest.fixture(scope="module")
def marts(first: Refresh) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(first.release / "helsemonitor.duckdb"), read_only=True) as connection:
        connection.execute("use marts")
        yield connection


Row = tuple[float, ...]


def composition(wave: Wave) -> dict[tuple[str, str], Row]:
    """(breakdown, group) -> respondents, percent of those asked and of those who answered, weighted percent."""
    found: dict[tuple[str, str], Row] = {}
    for breakdown, keys in memberships(wave).items():
        item = sources(wave.survey).get(breakdown)
        # Nobody is asked a cross: it stands on everybody, and on those with a group in each part.
        asked = asked_of(wave, item) if item else [True] * wave.n
        answered = base_of(wave, item) if item else [bool(key) for key in keys]
        people: Counter[str] = Counter()
        weight: dict[str, float] = defaultdict(float)
        for key, was_asked, has_answer, w in zip(keys, asked, answered, wave.weights, strict=True):
            if not was_asked or (not item and not key):
                continue
            group = (key or "_no_group") if has_answer else "_no_answer"
            people[group] += 1
            weight[group] += w
        answered_n = sum(n for group, n in people.items() if group != "_no_answer")
        answered_w = sum(w for group, w in weight.items() if group != "_no_answer")
        for group, n in people.items():
            shares = (np.nan, np.nan) if group == "_no_answer" else (n / answered_n, weight[group] / answered_w)
            found[breakdown, group] = (n, 100 * n / sum(asked), *(100 * share for share in shares))
    return found


@pytest.mark.parametrize("name", WAVES)
def test_every_row_of_the_composition(name: str, marts: duckdb.DuckDBPyConnection) -> None:
    wave = wave_of(name)
    rows = marts.execute(
        "select breakdown, group_key, respondents_n, pct_of_respondents, pct_of_answered, weighted_pct"
        " from fct_composition where survey = ? and year = ?",
        [wave.survey, wave.year],
    ).fetchall()
    found = {row[:2]: tuple(np.nan if cell is None else cell for cell in row[2:]) for row in rows}
    expected = composition(wave)
    assert found.keys() == expected.keys()
    for place, numbers in expected.items():
        assert found[place] == pytest.approx(numbers, rel=1e-9, nan_ok=True), (name, *place)


@pytest.mark.parametrize("name", WAVES)
def test_crosses_divide_by_those_with_a_group_in_each_part(name: str, marts: duckdb.DuckDBPyConnection) -> None:
    """Every cross of every wave is there, and few of them hold everybody, so that the two bases are told apart."""
    wave = wave_of(name)
    expected = composition(wave)
    for cross, parts in crosses(wave.survey).items():
        keys = memberships(wave).get(cross)
        assert keys is not None, (cross, parts)
        with_group = sum(map(bool, keys))
        assert 0 < with_group <= wave.n
        assert with_group < wave.n or wave.survey == "innbygger"
        found = marts.execute(
            "select group_key, pct_of_answered, pct_of_respondents from fct_composition"
            " where survey = ? and year = ? and breakdown = ?",
            [wave.survey, wave.year, cross],
        ).fetchall()
        assert len(found) == len(set(filter(None, keys)))
        for key, of_answered, of_respondents in found:
            n = expected[cross, key][0]
            assert of_answered == pytest.approx(100 * n / with_group), (name, cross, key)
            assert of_respondents == pytest.approx(100 * n / wave.n), (name, cross, key)


def kinds(survey: str, item: str) -> dict[str, str]:
    """Answer -> its kind."""
    answer_set = next(row["answer_set"] for row in of("items", survey) if row["item"] == item)
    return {row["answer"]: row["answer_kind"] for row in codebook("answers") if row["answer_set"] == answer_set}


def said(told: Sequence[str]) -> str:
    """What the kinds of a respondent's answers come to; of boxes of which none is ticked, an answer."""
    if not told or POSITIONS & set(told):
        return "valid"
    return next(kind for kind in UNSAID if kind in told)


def states(wave: Wave, item: str, kind: str) -> dict[str, int]:
    """State -> respondents."""
    if item not in wave.given:
        return {"not_asked": wave.n}
    asked, answered = asked_of(wave, item), base_of(wave, item)
    of_answer = {} if kind in {"number", "allocation"} else kinds(wave.survey, item)
    told = {answer: wave.answers[item].get(answer) for answer in of_answer}
    found: Counter[str] = Counter()
    for number in range(wave.n):
        if not asked[number]:
            found["not_applicable"] += 1
        elif not answered[number]:
            found["no_answer"] += 1
        else:
            found[said([of_answer[answer] for answer, gave in told.items() if gave is not None and gave[number]])] += 1
    return dict(found)


@pytest.mark.parametrize("name", WAVES)
def test_every_state_of_every_item(name: str, marts: duckdb.DuckDBPyConnection) -> None:
    wave = wave_of(name)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for item, state, n in marts.execute(
        "select item, state, respondents_n from fct_response_states where survey = ? and year = ?",
        [wave.survey, wave.year],
    ).fetchall():
        found[item][state] = n
    expected = {
        row["item"]: states(wave, row["item"], row["type"]) for row in of("items", wave.survey) if row["type"] != "open"
    }
    assert found == expected
    assert all(sum(counts.values()) == wave.n for counts in found.values())


def test_refusals_and_what_is_not_relevant_stand_apart(marts: duckdb.DuckDBPyConnection) -> None:
    """Items whose answers only refuse have nobody who does not know; a set with both kinds has both."""
    found = set(
        marts.execute("select distinct item, state from fct_response_states where survey = 'innbygger'").fetchall()
    )
    assert ("carer_elderly", "refused") in found
    assert ("carer_elderly", "dont_know") not in found
    assert {("want_more", "not_relevant"), ("want_more", "dont_know")} <= found
    assert {("contact_services", "refused"), ("contact_services", "dont_know")} <= found
