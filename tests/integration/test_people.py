"""People are counted once and nowhere lost, and codes that are no answers are none: small surveys on the fast road.

Right values are worked out from the raw files with plain Python.
"""

import csv
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.fast_road import Outcome, fast_road

FIXTURE = Path(__file__).parents[1] / "fixtures" / "cyclists"
Row = dict[str, str]
Edit = Callable[[list[Row]], list[Row]]


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """A copy of the fixture survey to edit."""
    return Path(shutil.copytree(FIXTURE, tmp_path / "seeds"))


def rows_of(path: Path) -> list[Row]:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def edit(path: Path, change: Edit) -> None:
    """Write a file again with its rows changed; a row may bring a new column."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        header = list(reader.fieldnames or ())
        rows = change(list(reader))
    header += [name for row in rows for name in row if name not in header]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(header)), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def raw(seeds: Path, year: int) -> Path:
    """Raw file of a wave."""
    return seeds / "raw" / f"cyclists_{year}.csv"


def book(seeds: Path, name: str) -> Path:
    """File of the codebook."""
    return seeds / "codebook" / f"{name}.csv"


def setting(where: Callable[[Row], bool], **cells: str) -> Edit:
    """Set cells of the rows that a condition picks."""
    return lambda rows: [row | cells if where(row) else row for row in rows]


def adding(*added: Row) -> Edit:
    """Add rows."""
    return lambda rows: [*rows, *added]


def travel(seeds: Path) -> Outcome:
    """Take the survey along the road."""
    build = seeds.parent / "build"
    build.mkdir(exist_ok=True)
    return fast_road(seeds, build)


def refused(outcome: Outcome, *parts: str) -> None:
    """Some sentence holds all these parts."""
    assert any(all(part in sentence for part in parts) for sentence in outcome.sentences), outcome.sentences


def share(rows: Sequence[Row], holds: Callable[[Row], bool]) -> float:
    """Weighted percent of rows."""
    return 100 * sum(float(row["wgt"]) for row in rows if holds(row)) / sum(float(row["wgt"]) for row in rows)


def test_two_derived_answers_of_one_person(seeds: Path) -> None:
    edit(book(seeds, "derivations"), setting(lambda row: row["answer"] == "no", answers="bell"))
    both = sum("1" in (row["m1"], row["m2"]) and row["m3"] == "0" for row in rows_of(raw(seeds, 2023)))
    assert both == 120
    refused(travel(seeds), "120 respondents", "both no and yes", "any_gear", "2023", "derivations.csv")


def new_answer(seeds: Path, kind: str = "substantive") -> None:
    """Of 2023 every eighth respondent gives a third answer to sex, which is registered and in no group."""
    codes = [row for row in rows_of(book(seeds, "code_lists")) if row["code_list"] == "sex"]
    edit(book(seeds, "code_lists"), adding(*(row | {"code_list": "sex3"} for row in codes)))
    edit(book(seeds, "code_lists"), adding({"code_list": "sex3", "code": "X", "answer": "x", "label": "Annet"}))
    edit(
        book(seeds, "answers"),
        adding(
            {
                "answer_set": "sex",
                "answer": "x",
                "label_no": "Annet",
                "label_en": "Other",
                "sort_order": "3",
                "answer_kind": kind,
            }
        ),
    )
    edit(book(seeds, "columns"), setting(lambda row: row["column_name"] == "s3", code_list="sex3"))
    edit(book(seeds, "population"), lambda rows: [row for row in rows if row["breakdown"] != "sex"])
    change = rows_of(book(seeds, "changes"))[0]
    edit(
        book(seeds, "changes"),
        adding(
            change
            | {
                "change_id": "c9",
                "items": "sex",
                "year": "2023",
                "change_type": "option_added",
                "assessed_impact": "none",
                "breaks": "",
            }
        ),
    )
    edit(raw(seeds, 2023), lambda rows: [row | {"s3": "X"} if not n % 8 else row for n, row in enumerate(rows)])


def test_an_answer_in_no_group(seeds: Path) -> None:
    new_answer(seeds)
    lost = len(range(0, 310, 8))
    refused(travel(seeds), "breakdown sex", f"{lost} respondents of 2023", "answer x", "left_out.csv")
    left_out = {"survey": "cyclists", "breakdown": "sex", "answers": "x", "year_from": "2023", "reason": "Too few."}
    edit(book(seeds, "left_out"), adding(left_out))
    outcome = travel(seeds)
    assert not outcome.sentences
    composition = outcome.rows(
        "select group_key, respondents_n, pct_of_answered from marts.fct_composition"
        " where year = 2023 and breakdown = 'sex' order by group_key"
    )
    assert composition[0] == ("_no_group", lost, pytest.approx(100 * lost / 310))
    assert sum(row[2] for row in composition) == pytest.approx(100)


def test_a_don_t_know_in_no_group_is_noted(seeds: Path) -> None:
    new_answer(seeds, kind="refused")
    outcome = travel(seeds)
    assert not outcome.sentences
    assert any("breakdown sex" in note and "39 respondents of 2023" in note for note in outcome.notes), outcome.notes


@pytest.mark.parametrize(
    ("group", "cells", "said"),
    [
        ("old", {"min_value": "45"}, "lies in none of its groups"),
        ("young", {"max_value": "42"}, "groups old and young"),
    ],
)
def test_numbers_outside_all_groups_or_in_two(seeds: Path, group: str, cells: Row, said: str) -> None:
    edit(book(seeds, "breakdowns"), setting(lambda row: row["group_key"] == group, **cells))
    ages = [int(row["a"]) for row in rows_of(raw(seeds, 2022)) if row["a"]]
    n = sum(40 <= age <= (44 if group == "old" else 42) for age in ages)
    assert n
    refused(travel(seeds), "breakdown age_group", f"{n} respondents of 2022", said)


@pytest.mark.parametrize(("answer", "said"), [("f", "group f takes it"), ("_outside", "nobody is left out by it")])
def test_an_entry_that_leaves_out_nothing(seeds: Path, answer: str, said: str) -> None:
    edit(
        book(seeds, "left_out"),
        adding({"survey": "cyclists", "breakdown": "sex", "answers": answer, "reason": "By mistake."}),
    )
    refused(travel(seeds), f"answer {answer} of breakdown sex", said)


def composed(outcome: Outcome, year: int, breakdown: str) -> dict[str, tuple[int, float, float, float]]:
    """Group -> respondents, percent of those asked, of those who answered, and weighted."""
    rows = outcome.rows(
        "select group_key, respondents_n, pct_of_respondents, pct_of_answered, weighted_pct from marts.fct_composition"
        f" where year = {year} and breakdown = '{breakdown}'"
    )
    return {row[0]: row[1:] for row in rows}


def counted(answered: Sequence[Row], asked_n: int, holds: Callable[[Row], bool]) -> tuple[int, object, object, object]:
    """What `composed` finds of a group, from the rows of the raw file that answered."""
    n = sum(map(holds, answered))
    shares = (100 * n / asked_n, 100 * n / len(answered), share(answered, holds))
    return (n, *(pytest.approx(number) for number in shares))


def test_numbers_that_are_left_out_on_purpose(seeds: Path) -> None:
    """Those between 40 and 49 are in no group by age, and in no group of the cross with it."""
    edit(book(seeds, "breakdowns"), setting(lambda row: row["group_key"] == "old", min_value="50"))
    edit(
        book(seeds, "left_out"),
        adding({"survey": "cyclists", "breakdown": "age_group", "answers": "_outside", "reason": "Between the two."}),
    )
    edit(raw(seeds, 2022), lambda rows: [row | {"a": ""} if not n % 9 else row for n, row in enumerate(rows)])
    outcome = travel(seeds)
    assert not outcome.sentences
    people = rows_of(raw(seeds, 2022))
    told = [row for row in people if row["a"]]
    found = composed(outcome, 2022, "age_group")
    assert found == {
        "young": counted(told, 320, lambda row: int(row["a"]) <= 39),
        "old": counted(told, 320, lambda row: int(row["a"]) >= 50),
        "_no_group": counted(told, 320, lambda row: 39 < int(row["a"]) < 50),
        "_no_answer": (320 - len(told), pytest.approx(100 * (320 - len(told)) / 320), None, None),
    }
    assert found["_no_group"][0] > 20
    inside = [row for row in told if row["s2"] and not 39 < int(row["a"]) < 50]
    codes = {row["code"]: row["answer"] for row in rows_of(book(seeds, "code_lists")) if row["code_list"] == "sex"}
    assert composed(outcome, 2022, "sex_x_age") == {
        f"{sex}__{age}": counted(
            inside,
            320,
            lambda row, sex=sex, age=age: codes[row["s2"]] == sex and (int(row["a"]) <= 39) == (age == "young"),
        )
        for sex in ("f", "m")
        for age in ("young", "old")
    }


def test_groups_of_a_set_of_options(seeds: Path) -> None:
    """By a helmet: whoever ticked none, or other boxes, is in no group, nor in the cross, whose base is smaller."""
    edit(
        book(seeds, "breakdowns"),
        adding(
            {
                "survey": "cyclists",
                "breakdown": "helmeted",
                "group_key": "helmet",
                "source_item": "gear",
                "answers": "helmet",
                "label_no": "Hjelm",
                "label_en": "Helmet",
                "sort_order": "1",
            }
        ),
    )
    left_out = {"survey": "cyclists", "breakdown": "helmeted", "answers": "light|bell|none", "reason": "Helmets only."}
    edit(book(seeds, "left_out"), adding(left_out))
    edit(
        book(seeds, "crosses"),
        adding(
            *(
                {"survey": "cyclists", "breakdown": "helmet_x_sex", "dimension": str(n), "source_breakdown": part}
                for n, part in enumerate(("helmeted", "sex"), start=1)
            )
        ),
    )
    outcome = travel(seeds)
    assert not outcome.sentences
    people = rows_of(raw(seeds, 2023))
    told = [row for row in people if any(row[box] for box in ("m1", "m2", "m3", "m9"))]
    found = composed(outcome, 2023, "helmeted")
    assert {group: found[group] for group in ("helmet", "_no_group")} == {
        "helmet": counted(told, len(people), lambda row: row["m1"] == "1"),
        "_no_group": counted(told, len(people), lambda row: row["m1"] != "1"),
    }
    assert sum(row[0] for row in found.values()) == len(people)
    codes = {row["code"]: row["answer"] for row in rows_of(book(seeds, "code_lists")) if row["code_list"] == "sex"}
    inside = [row for row in told if row["m1"] == "1" and row["s3"]]
    assert len(inside) < len(told)
    assert composed(outcome, 2023, "helmet_x_sex") == {
        f"helmet__{sex}": counted(inside, len(people), lambda row, sex=sex: codes[row["s3"]] == sex)
        for sex in ("f", "m")
    }


def test_a_breakdown_made_of_another_item_later(seeds: Path) -> None:
    """By whether somebody rides until 2022, by whether they have gear from 2023: each wave stands on its own item."""
    edit(
        book(seeds, "breakdowns"),
        adding(
            *(
                {
                    "survey": "cyclists",
                    "breakdown": "active",
                    "group_key": answer,
                    "source_item": item,
                    "answers": answer,
                    "year_from": first,
                    "year_to": last,
                    "label_no": answer,
                    "label_en": answer,
                    "sort_order": str(n),
                }
                for item, first, last in (("rides", "", "2022"), ("any_gear", "2023", ""))
                for n, answer in enumerate(("yes", "no"))
            )
        ),
    )
    outcome = travel(seeds)
    assert not outcome.sentences
    before, after = rows_of(raw(seeds, 2022)), rows_of(raw(seeds, 2023))
    rides = [row for row in before if row["ride"]]
    assert composed(outcome, 2022, "active")["yes"] == counted(rides, len(before), lambda row: row["ride"] == "Y")
    geared = [row for row in after if row["m1"]]
    has_gear = counted(geared, len(after), lambda row: "1" in (row["m1"], row["m2"], row["m3"]))
    assert composed(outcome, 2023, "active")["yes"] == has_gear


@pytest.mark.parametrize("kind", ["refused", "not_relevant", "dont_know"])
def test_an_answer_that_takes_no_position_is_told_by_its_kind(seeds: Path, kind: str) -> None:
    new_answer(seeds, kind)
    outcome = travel(seeds)
    assert not outcome.sentences
    assert outcome.rows(
        "select state, respondents_n from marts.fct_response_states where item = 'sex' and year = 2023 order by state"
    ) == sorted([(kind, 39), ("valid", 271)])


def test_options_ticked_together_count_once(seeds: Path) -> None:
    """Lights become a refusal and bells "not relevant"; no gear is "don't know". A helmet is always a position."""
    of_kind = {"light": "refused", "bell": "not_relevant", "none": "dont_know"}
    edit(
        book(seeds, "answers"),
        lambda rows: [
            row | {"answer_kind": of_kind[row["answer"]]}
            if row["answer_set"] == "gear" and row["answer"] in of_kind
            else row
            for row in rows
        ],
    )
    outcome = travel(seeds)
    assert not outcome.sentences
    boxes = {"m1": "valid", "m2": "refused", "m3": "not_relevant", "m9": "dont_know"}
    expected: dict[str, int] = {}
    for row in rows_of(raw(seeds, 2023)):
        ticked = [state for box, state in boxes.items() if row[box] == "1"]
        state = ticked[0] if ticked else "valid" if any(row[box] for box in boxes) else "no_answer"
        expected[state] = expected.get(state, 0) + 1
    assert min(expected[state] for state in ("refused", "not_relevant", "dont_know", "valid")) > 10
    found = outcome.rows(
        "select state, respondents_n from marts.fct_response_states where item = 'gear' and year = 2023"
    )
    assert dict(found) == expected
    assert outcome.rows(
        "select answer, n from marts.fct_cells where item = 'gear' and year = 2023 and breakdown = 'total'"
        " and basis = 'as_published' and answer in ('_refused', '_not_relevant', '_dont_know') order by answer"
    ) == [("_not_relevant", expected["not_relevant"]), ("_refused", expected["refused"])]


def test_groups_count_those_whom_the_item_was_put_to(seeds: Path) -> None:
    """A breakdown by an item with a filter: 62 do not ride, answered sex, and are in no group of it."""
    edit(book(seeds, "routing"), adding({"survey": "cyclists", "item": "any_gear", "universe": "riders"}))
    added = [
        {
            "survey": "cyclists",
            "breakdown": "geared",
            "group_key": answer,
            "source_item": "any_gear",
            "answers": answer,
            "label_no": answer,
            "label_en": answer,
            "sort_order": str(n),
        }
        for n, answer in enumerate(("yes", "no"))
    ]
    edit(book(seeds, "breakdowns"), adding(*added))
    outcome = travel(seeds)
    assert not outcome.sentences
    riders = [row for row in rows_of(raw(seeds, 2023)) if row["ride"] == "Y"]
    geared = sum("1" in (row["m1"], row["m2"], row["m3"]) for row in riders)
    found = outcome.rows(
        "select respondents_n, pct_of_answered from marts.fct_composition"
        " where year = 2023 and breakdown = 'geared' order by group_key"
    )
    answered = sum(row["m1"] != "" for row in riders)
    assert found == [
        (answered - geared, pytest.approx(100 * (answered - geared) / answered)),
        (geared, pytest.approx(100 * geared / answered)),
    ]


def no_answer_code(seeds: Path, answer: str) -> None:
    """45 of 2022 have code 9 at `ride`, and the codebook says what it means."""
    edit(raw(seeds, 2022), lambda rows: [row | {"ride": "9"} if n % 7 == 0 else row for n, row in enumerate(rows)])
    edit(book(seeds, "code_lists"), adding({"code_list": "yn", "code": "9", "answer": answer, "label": "Ikke besvart"}))
    edit(
        book(seeds, "indicators"),
        adding(
            {
                "survey": "cyclists",
                "indicator": "rides_yes",
                "item": "rides",
                "kind": "share",
                "answers": "yes",
                "denominator": "answered",
                "unit": "percent",
                "direction": "neutral",
                "label_no": "Sykler",
                "label_en": "Rides",
            }
        ),
    )


def test_a_code_for_no_answer(seeds: Path) -> None:
    no_answer_code(seeds, "_no_answer")
    outcome = travel(seeds)
    assert not outcome.sentences
    told = [row for row in rows_of(raw(seeds, 2022)) if row["ride"] != "9"]
    assert outcome.rows(
        "select value, base_n from marts.fct_indicators"
        " where indicator = 'rides_yes' and year = 2022 and breakdown = 'total' and basis = 'as_published'"
    ) == [(pytest.approx(share(told, lambda row: row["ride"] == "Y")), len(told))]
    assert outcome.rows(
        "select state, respondents_n from marts.fct_response_states where item = 'rides' and year = 2022 order by state"
    ) == [("no_answer", 320 - len(told)), ("valid", len(told))]
    assert not outcome.rows("select 1 from marts.dim_answer where answer like '\\_%' escape '\\'")


def test_a_code_for_routed_past_must_agree_with_the_universe(seeds: Path) -> None:
    """Everybody is asked whether they ride."""
    no_answer_code(seeds, "_not_asked")
    refused(travel(seeds), "cyclists_2022.csv", "item rides", "_not_asked", "46 of the 320")


def test_a_code_for_no_answer_of_people_routed_past(seeds: Path) -> None:
    """Those who do not ride have a code at `mood` that says that they were asked, though they were not."""
    code = {"code_list": "mood5", "code": "Z", "answer": "_no_answer", "label": "Ikke besvart"}
    edit(book(seeds, "code_lists"), adding(code))
    edit(raw(seeds, 2023), setting(lambda row: row["ride"] == "N" and row["mood"] == "", mood="Z"))
    refused(travel(seeds), "cyclists_2023.csv", "item mood", "_no_answer", "routes past it")
    edit(book(seeds, "code_lists"), setting(lambda row: row["code"] == "Z", answer="_not_asked"))
    assert not travel(seeds).sentences


def test_numbers_name_their_missing_codes(seeds: Path) -> None:
    """Age 99 is noted as suspicious, and no age at all once the codebook says so."""
    edit(raw(seeds, 2022), lambda rows: [row | {"a": "99"} if n % 20 == 0 else row for n, row in enumerate(rows)])
    edit(
        book(seeds, "indicators"),
        adding(
            {
                "survey": "cyclists",
                "indicator": "age_mean",
                "item": "age",
                "kind": "mean",
                "denominator": "answered",
                "unit": "years",
                "direction": "neutral",
                "label_no": "Alder",
                "label_en": "Age",
            }
        ),
    )
    noted = travel(seeds)
    assert not noted.sentences
    assert any("column a " in note and "99 16 times" in note for note in noted.notes), noted.notes
    edit(
        book(seeds, "code_lists"),
        adding({"code_list": "gone", "code": "99", "answer": "_no_answer", "label": "Ukjent"}),
    )
    edit(book(seeds, "columns"), setting(lambda row: row["column_name"] == "a", code_list="gone"))
    outcome = travel(seeds)
    assert not outcome.sentences
    told = [row for row in rows_of(raw(seeds, 2022)) if row["a"] not in ("", "99")]
    mean = sum(float(row["wgt"]) * int(row["a"]) for row in told) / sum(float(row["wgt"]) for row in told)
    assert outcome.rows(
        "select value, base_n from marts.fct_indicators"
        " where indicator = 'age_mean' and year = 2022 and breakdown = 'total'"
    ) == [(pytest.approx(mean), len(told))]
    assert outcome.rows(
        "select sum(respondents_n) from marts.fct_composition"
        " where year = 2022 and breakdown = 'age_group' and group_key in ('young', 'old')"
    ) == [(len(told),)]


@pytest.mark.parametrize("year", [2021, 2023])
def test_ticks_only(seeds: Path, year: int) -> None:
    """Every 0 of the set is empty; what that means must be said, then the shares are those of the file with zeros."""
    full = rows_of(raw(seeds, year))
    boxes = ("m1", "m2", "m3", "m9")
    edit(raw(seeds, year), lambda rows: [row | {box: row[box].replace("0", "") for box in boxes} for row in rows])
    refused(travel(seeds), f"cyclists_{year}.csv", "m1, m2, m3, m9", "item gear", "blank_means")
    edit(book(seeds, "columns"), setting(lambda row: row["item"] == "gear", blank_means="not_selected"))
    outcome = travel(seeds)
    assert not outcome.sentences
    assert dict(
        outcome.rows(
            "select answer, share_pct from marts.fct_answer_shares"
            f" where year = {year} and item in ('gear', 'any_gear') and breakdown = 'total' and base_n = {len(full)}"
        )
    ) == {
        "helmet": pytest.approx(share(full, lambda row: row["m1"] == "1")),
        "light": pytest.approx(share(full, lambda row: row["m2"] == "1")),
        "bell": pytest.approx(share(full, lambda row: row["m3"] == "1")),
        "none": pytest.approx(share(full, lambda row: row["m9"] == "1")),
        "yes": pytest.approx(share(full, lambda row: "1" in (row["m1"], row["m2"], row["m3"]))),
        "no": pytest.approx(share(full, lambda row: "1" not in (row["m1"], row["m2"], row["m3"]))),
    }


def test_one_box_with_ticks_only(seeds: Path) -> None:
    edit(raw(seeds, 2022), setting(lambda row: row["m2"] == "0", m2=""))
    refused(travel(seeds), "cyclists_2022.csv", "box m2 (light)", "item gear")


def test_a_stray_zero_does_not_hide_ticks_only(seeds: Path) -> None:
    def emptied(rows: list[Row]) -> list[Row]:
        return [row | {box: row[box].replace("0", "") for box in ("m1", "m2", "m3", "m9")} for row in rows[:-1]] + rows[
            -1:
        ]

    edit(raw(seeds, 2023), emptied)
    refused(travel(seeds), "cyclists_2023.csv", "item gear", "blank_means")
