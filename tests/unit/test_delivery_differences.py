"""What is found of the differences between a delivered wave and the wave before it.

The shipped waves are an answer key: columns.csv says which column is which question, code_lists.csv which answers there
were, routing.csv who was asked. It is read here by the csv module. A made-up next wave has differences that are planted
one by one, each of them said beside it.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helsemonitor.errors import DataRefused
from helsemonitor.landing.alignment import same_words
from helsemonitor.landing.comparison import Comparison, compare
from helsemonitor.landing.filters import clause_beside_blanks, simplest_clause
from helsemonitor.landing.formats import read_delivery
from helsemonitor.landing.profiles import Profile
from tests.made_wave import newest
from tests.unit.shipped_waves import HERE, SEEDS, STEPS, WAVES, compared, holding, questions, rows


def pairs_found(comparison: Comparison, before: dict[str, tuple[str, str]], now: dict[str, tuple[str, str]]) -> set:
    """Column before and column now that are said to be the same question."""
    renamed = {
        pair
        for one in comparison.differences
        if one.kind == "column_renamed"
        for pair in zip(one.before, one.columns, strict=True)
    }
    gone = {name for one in comparison.differences if one.kind == "column_gone" for name in one.before}
    new = {name for one in comparison.differences if one.kind == "column_new" for name in one.columns}
    taken = {name for pair in renamed for name in pair}
    kept = {(name, name) for name in set(before) & set(now) - gone - new - taken}
    return {(one, other) for one, other in renamed | kept if one in before and other in now}


def test_the_columns_of_the_shipped_waves_are_found_again() -> None:
    """By answers and order alone: the files have no labels, and three times every column was renamed."""
    hits = wrong = there = 0
    for survey, year, newer in STEPS:
        before, now = questions(survey, year), questions(survey, newer)
        truth = {(one, other) for one in before for other in now if before[one] == now[other]}
        found = pairs_found(compared(survey, newer), before, now)
        hits, wrong, there = hits + len(found & truth), wrong + len(found - truth), there + len(truth)
    assert there > 600
    assert hits / there > 0.98
    assert wrong / (hits + wrong) < 0.015


@pytest.mark.parametrize("survey", ["helsepersonell", "innbygger"])
def test_an_unchanged_repeat_of_the_newest_wave_raises_no_alarm(survey: str) -> None:
    newest = max(year for name, year in WAVES if name == survey)
    comparison = compare(HERE, read_delivery(SEEDS / "raw" / f"{survey}_{newest}.csv"), survey, newest + 1)
    assert comparison.differences == ()


def code_lists(survey: str, year: int) -> dict[str, set[str]]:
    """Item -> codes that its columns may hold."""
    codes: dict[str, set[str]] = defaultdict(set)
    for row in rows("code_lists"):
        codes[row["code_list"]].add(row["code"])
    found: dict[str, set[str]] = defaultdict(set)
    for row in holding("columns", survey, year):
        found[row["item"]] |= codes[row["code_list"]]
    return found


@pytest.mark.parametrize(("survey", "year", "newer"), STEPS)
def test_no_answer_is_called_new_that_is_in_the_list_and_every_new_one_is(survey: str, year: int, newer: int) -> None:
    """Where the columns are the right ones, new codes are those of the newer list that stand in the file."""
    before, now = questions(survey, year), questions(survey, newer)
    comparison = compared(survey, newer)
    right = {pair for pair in pairs_found(comparison, before, now) if before[pair[0]] == now[pair[1]]}
    lists = code_lists(survey, year)
    with (SEEDS / "raw" / f"{survey}_{newer}.csv").open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    planted = {
        (column, code)
        for was, column in right
        if lists[now[column][0]] and before[was][0] != "_"
        for code in {row[column] for row in cells} - {""} - lists[now[column][0]]
    }
    found = {
        (column, one.evidence.split(",")[0])
        for one in comparison.differences
        if one.kind == "option_added"
        for column in one.columns
        if any(pair[1] == column for pair in right)
    }
    assert found == planted


def test_the_filter_of_personnel_without_patients_is_found() -> None:
    """Since 2023 questions on patients go to those with contact (code 1), others to those who use their data (1, 2)."""
    narrowed = {
        column: one.evidence
        for one in compared("helsepersonell", 2023).differences
        if one.kind == "filter_narrowed"
        for column in one.columns
    }
    routed = {row["item"] for row in holding("routing", "helsepersonell", 2023)}
    before = {row["item"] for row in holding("routing", "helsepersonell", 2022)}
    items = {column: item for column, (item, _) in questions("helsepersonell", 2023).items()}
    assert len(narrowed) > 12
    assert {items[column] for column in narrowed} <= routed | before
    assert "those with 1 in spm2 explain" in narrowed["spm7_1"]
    assert "those with 1 or 2 in spm2 explain" in narrowed["spm16"]


@pytest.mark.parametrize(
    ("asked", "explained"), [(["1"], {"1"}), (["1", "3"], {"1", "3"})], ids=["of one answer", "of two answers"]
)
def test_the_simplest_clause_is_the_one_that_was_planted(asked: list[str], explained: set[str]) -> None:
    random = np.random.default_rng(1)
    routing = random.choice(["1", "2", "3"], 900)
    other = random.choice(["1", "2"], 900)
    answers = [
        answer if route in asked else "" for route, answer in zip(routing, random.choice(["1", "2"], 900), strict=True)
    ]
    found = simplest_clause(Profile("q", answers), [Profile("other", list(other)), Profile("route", list(routing))])
    assert found is not None
    assert (found.column, found.codes, found.explained) == ("route", explained, 1.0)
    assert simplest_clause(Profile("q", list(other)), [Profile("route", list(routing))]) is None


def test_a_clause_is_seen_beside_blanks_that_have_other_reasons() -> None:
    """Those with 3 in the router never answer, and every tenth of the others does not either."""
    random = np.random.default_rng(2)
    routing = random.choice(["1", "2", "3", ""], 2000, p=[0.6, 0.3, 0.06, 0.04])
    answers = [
        "" if route in ("3", "") or skips else answer
        for route, skips, answer in zip(
            routing, random.random(2000) < 0.1, random.choice(["1", "2"], 2000), strict=True
        )
    ]
    others = [Profile("other", list(random.choice(["1", "2", "3"], 2000))), Profile("route", list(routing))]
    everybody = np.ones(2000, dtype=bool)
    assert simplest_clause(Profile("q", answers), others) is None
    found = clause_beside_blanks(Profile("q", answers), others, everybody)
    assert found is not None
    assert (found.column, found.codes) == ("route", {"1", "2"})
    # Where the codebook asks only them, nobody is left out; and where some with 3 answer, the router does not route.
    assert clause_beside_blanks(Profile("q", answers), others, routing != "3") is None
    leaking = [answer or ("1" if number % 4 == 0 else "") for number, answer in enumerate(answers)]
    assert clause_beside_blanks(Profile("q", leaking), others, everybody) is None


@pytest.mark.parametrize("length", [3, 30, 3000])
def test_texts_of_any_length_are_compared_at_once(length: int) -> None:
    words = [f"ord{number}" for number in range(length)]
    text, other = " ".join(words), " ".join(f"annet{number}" for number in range(length))
    assert same_words(text, text.upper()) == 1
    assert same_words(text, "") == 0
    assert same_words(text, other) < 0.6
    if length > 3:
        assert 0.9 < same_words(text, " ".join([*words[:9], "nytt", *words[9:]])) < 1


def test_planted_differences_are_found_and_nothing_else(tmp_path: Path) -> None:
    wave = newest()
    random = np.random.default_rng(2026)
    wave.rename_column("kjonn", "Kjønn")
    answers = {1.0: "Ja", 2.0: "Nei", 3.0: "Vet ikke"}
    wave.add_question("q99", "Har du brukt en samtalerobot om helse?", answers, random)
    wave.drop_question("q12")
    wave.insert_answer("q4", 2.0, "I en viss grad", random)
    wave.ask_only("q13_1", "Kjønn", "Kvinner")
    # One label in other words, one scale that runs the other way.
    wave.labels["q21"][1.0] += ", takk"
    wave.turn_scale("q16_1", steps=5)
    # A code that the file calls missing, ticks only in one set, and weights times a hundred.
    wave.declare_missing("q10", 99.0, random)
    ticks = wave.tick_only("q9_")
    wave.frame["vekt"] *= 100
    path = wave.write(tmp_path / "Innbygger 2026 endelig.sav")
    found = compared("innbygger", 2026, path, announced=1600).differences
    kinds = {(one.kind, one.columns or one.before) for one in found}
    assert kinds == {
        ("respondents", ()),
        ("weights_scale", ("vekt",)),
        ("column_renamed", ("Kjønn",)),
        ("column_new", ("q99",)),
        ("column_gone", ("q12",)),
        ("option_added", ("q4",)),
        ("codes_shifted", ("q4",)),
        ("filter_narrowed", ("q13_1",)),
        ("option_relabelled", ("q21",)),
        ("scale_turned", ("q16_1",)),
        ("missing_codes", ("q10",)),
        ("ticks_only", tuple(ticks)),
    }
    types = Counter(one.change_type for one in found if one.change_type)
    assert types["filter_narrowed"] == types["option_added"] == types["option_relabelled"] == 1


def test_an_answer_put_into_a_routing_question_raises_no_alarm_in_what_it_routes(tmp_path: Path) -> None:
    """q21 sends its 2 to the boxes of q22; with a new answer before it, this is 3, and nothing else is otherwise."""
    wave = newest()
    asked = {row["item"] for row in holding("routing", "innbygger", 2025) if row["universe"] == "want_more_yes"}
    assert asked == {"want_more_what"}
    answered = wave.frame["q21"]
    wave.frame["q21"] = answered.where(~(answered >= 2), answered + 1)
    wave.labels["q21"] = {code + (code >= 2): label for code, label in wave.labels["q21"].items()}
    # Some of those who want no more give the new answer, and none of them was asked before or is now.
    wave.frame.loc[wave.frame.index[answered == 1.0][:40], "q21"] = 2.0
    wave.labels["q21"][2.0] = "Ja, men ikke for min egen del"
    found = kinds_found("innbygger", 2026, wave.write(tmp_path / "delivered.sav"))
    assert found == {"option_added": {"q21"}, "codes_shifted": {"q21"}}


def test_a_file_of_another_survey_is_refused() -> None:
    with pytest.raises(DataRefused, match=r"hardly a wave of survey helsepersonell; it is likely one of innbygger"):
        compared("helsepersonell", 2026, SEEDS / "raw" / "innbygger_2025.csv")
    with pytest.raises(DataRefused, match="has no survey syklister"):
        compared("syklister", 2026, SEEDS / "raw" / "innbygger_2025.csv")


def changed(tmp_path: Path, survey: str, year: int, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Path:
    """A landed wave as CSV, with a change."""
    frame = pd.read_csv(SEEDS / "raw" / f"{survey}_{year}.csv", dtype=str, keep_default_na=False)
    path = tmp_path / "delivered.csv"
    change(frame).to_csv(path, index=False)
    return path


def kinds_found(survey: str, year: int, path: Path) -> dict[str, set[str]]:
    """Kind of difference -> the columns that it is said of."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in compared(survey, year, path).differences:
        found[one.kind] |= {*one.columns} or {*one.before}
    return dict(found)


@pytest.mark.parametrize("order", ["turned round", "by name", "two blocks exchanged"])
@pytest.mark.parametrize(("survey", "year"), [("innbygger", 2025), ("helsepersonell", 2024)])
def test_columns_in_another_order_are_the_same(tmp_path: Path, survey: str, year: int, order: str) -> None:
    def reorder(frame: pd.DataFrame) -> pd.DataFrame:
        names = list(frame)
        orders = {
            "turned round": names[::-1], "by name": sorted(names), "two blocks exchanged": names[40:] + names[:40]
        }  # fmt: skip
        return frame[orders[order]]

    assert kinds_found(survey, year + 1, changed(tmp_path, survey, year, reorder)) == {}


@pytest.mark.parametrize("renamed", [False, True])
def test_zeros_before_codes_are_no_difference(tmp_path: Path, renamed: bool) -> None:
    """As a program writes codes that it takes for text: 01 to 10, and 00 and 01 in boxes."""
    coded = {row["column_name"] for row in holding("columns", "innbygger", 2025) if row["code_list"]}

    def pad(frame: pd.DataFrame) -> pd.DataFrame:
        for name in coded & set(frame):
            frame[name] = [cell.zfill(2) if cell else "" for cell in frame[name]]
        return frame.rename(columns={name: f"v_{name}" for name in coded}) if renamed else frame

    path = changed(tmp_path, "innbygger", 2025, pad)
    assert set(kinds_found("innbygger", 2026, path)) == ({"column_renamed"} if renamed else set())


@pytest.mark.parametrize("column", ["q12", "q26", "kjonn"])
def test_a_column_that_was_put_at_the_end_is_found_there(tmp_path: Path, column: str) -> None:
    def move(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[[name for name in frame if name != column] + [column]].rename(columns={column: "flyttet"})

    found = kinds_found("innbygger", 2026, changed(tmp_path, "innbygger", 2025, move))
    assert found == {"column_renamed": {"flyttet"}}


def test_codes_that_are_all_one_lower_are_said_to_be(tmp_path: Path) -> None:
    def lower(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(q15_1=[str(int(cell) - 1) if cell else "" for cell in frame["q15_1"]])

    found = compared("innbygger", 2026, changed(tmp_path, "innbygger", 2025, lower)).differences
    shifted = next(one for one in found if one.kind == "codes_shifted")
    assert shifted.columns == ("q15_1",)
    assert "every code is one lower" in shifted.evidence


def test_ticks_alone_are_told_in_every_box_of_every_set(tmp_path: Path) -> None:
    lists = {row["column_name"] for row in holding("columns", "innbygger", 2025) if row["code_list"] == "selected"}
    path = changed(
        tmp_path, "innbygger", 2025, lambda frame: frame.replace({name: {"0": ""} for name in lists & set(frame)})
    )
    found = kinds_found("innbygger", 2026, path)
    assert set(found) == {"ticks_only"}
    assert found["ticks_only"] <= lists


def test_weights_that_are_new_or_none_are_said(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    new = changed(
        tmp_path, "helsepersonell", 2024, lambda frame: frame.assign(vekt=random.uniform(0.5, 2, len(frame)).round(4))
    )
    assert kinds_found("helsepersonell", 2025, new) == {"weights_new": {"vekt"}}
    compared.cache_clear()
    broken = changed(
        tmp_path,
        "innbygger",
        2025,
        lambda frame: frame.assign(
            vekt=[("" if row % 9 == 0 else "-1" if row % 9 == 1 else cell) for row, cell in enumerate(frame["vekt"])]
        ),
    )
    found = compared("innbygger", 2026, broken).differences
    assert [(one.kind, one.columns) for one in found] == [("weights_unfit", ("vekt",))]
    # Of 1,590 rows, those with the numbers 0 and 1 of every nine.
    assert found[0].evidence.startswith("354 of 1590 ")


def test_codes_of_a_labelled_file_that_have_no_label_or_are_called_missing(tmp_path: Path) -> None:
    wave = newest()
    random = np.random.default_rng(5)
    # 99 has no label, and the last listed answer of q15_2 is declared missing; q26 (0 to 10) runs the other way.
    wave.frame.loc[random.random(len(wave.frame)) < 0.05, "q15_1"] = 99.0
    wave.missing["q15_2"] = [max(wave.labels["q15_2"])]
    wave.turn_scale("q26", steps=11)
    found = kinds_found("innbygger", 2026, wave.write(tmp_path / "delivered.sav"))
    assert found == {"missing_codes": {"q15_1", "q15_2"}, "scale_turned": {"q26"}}
