"""`diff` against the register: what it says of the shipped steps, and what it says that nothing explains."""

import pytest

from helsemonitor.landing.codes import recoding
from tests.unit.register_key import Alarm, Judged, judged
from tests.unit.shipped_waves import STEPS, compared

# What is said and nothing explains, each with its cause; another one is to be looked at, and mended or added here.
FALSE = {
    Alarm("innbygger 2024", "helsenorge_visited", kind): cause
    for kind, cause in {
        "option_removed": "The question became four boxes; q21 is taken for q27_1, with answers of like shares.",
        "filter_widened": "The same wrong pair: q27_1 goes to everybody.",
    }.items()
}
# Registered changes that show in the file and are not said.
MISSED = {
    (
        "helsepersonell 2023",
        "health_trust",
        "option_added",
    ): "All 24 trusts got other codes, and eight are new, so that "
    "the column is not found again: it is said to be gone, and another one to be new.",
}
# Changes that were found when this was written.
FOUND = {
    "helsepersonell 2020": 0, "helsepersonell 2021": 3, "helsepersonell 2022": 7, "helsepersonell 2023": 13,
    "helsepersonell 2024": 3, "innbygger 2020": 1, "innbygger 2021": 1, "innbygger 2022": 0, "innbygger 2023": 7,
    "innbygger 2024": 6, "innbygger 2025": 2,
}  # fmt: skip


def held_to_the_key() -> dict[str, Judged]:
    return {
        f"{survey} {newer}": judged(survey, year, newer, compared(survey, newer).differences)
        for survey, year, newer in STEPS
    }


def test_what_the_register_says_of_the_shipped_steps_is_found_and_nothing_else_is_said() -> None:
    found = held_to_the_key()
    assert found.keys() == FOUND.keys()
    false = {alarm for step in found.values() for alarm in step.false}
    assert false <= FALSE.keys(), "alarms that nothing explains"
    missed = {(step, *change) for step, told in found.items() for change in told.misses}
    assert missed <= MISSED.keys(), "registered changes that are not said"
    assert {step: len(told.hits) for step, told in found.items() if len(told.hits) < FOUND[step]} == {}
    # An alarm that is explained by nothing but the event of the year would be explained by anything.
    weak = [words for told in found.values() for words in told.explained.values() if "context_event" in words]
    assert weak == []


@pytest.mark.parametrize(
    ("survey", "newer", "item", "kind"),
    [
        # The question that routed these is asked no more.
        ("innbygger", 2025, "video_satisfaction", "filter_moved"),
        ("helsepersonell", 2023, "video_satisfaction", "filter_moved"),
        # Blank for other reasons as well: 11 % before the filter, 7 % after it.
        ("helsepersonell", 2023, "ehr_efficiency", "filter_narrowed"),
        # Never was removed and other was added, so that each answer is one code lower and dont_know is not.
        ("innbygger", 2023, "digital_use_frequency", "codes_shifted"),
        # Yes was split into two answers.
        ("innbygger", 2023, "helsenorge_visited", "option_added"),
    ],
)
def test_what_is_hard_to_see_is_said(survey: str, newer: int, item: str, kind: str) -> None:
    assert (item, kind) in {(one.item, one.kind) for one in compared(survey, newer).differences}


def test_a_router_that_became_boxes_moves_no_filter() -> None:
    """Whether one has heard of the site is three boxes since 2021; who is asked whether they visited it is the same."""
    kinds = {(one.item, one.kind) for one in compared("innbygger", 2021).differences}
    assert not {("helsenorge_visited", "filter_widened"), ("helsenorge_nps", "filter_widened")} & kinds


def test_an_answer_lost_and_another_gained_leave_the_others_what_they_were() -> None:
    """Lists inn_use_frequency_with_none and _with_other: once, twice and more are one lower, and 4 is other."""
    pair = next(pair for pair in compared("innbygger", 2023).found.pairs if pair.now.name == "q2")
    found = recoding(pair)
    assert found.moved == {"2": "1", "3": "2", "4": "3"}
    assert (found.gone, found.new) == (("1",), ("4",))
