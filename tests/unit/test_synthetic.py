"""The generator of the synthetic waves: solver, rounding, routing, and a rerun that changes no byte."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike

from synthetic.codebook import Codebook, Wave, read_table
from synthetic.compose import Composed, Project, compose, write
from synthetic.events import EVERYBODY, Atom, Sample, Space, both, scaled, single, total
from synthetic.rounding import Windows, respond
from synthetic.targets import Printed, aims
from synthetic.tilting import Conditions, tilt
from synthetic.weights import rake

ROOT = Path(__file__).resolve().parents[2]


def conditions(left: ArrayLike, right: ArrayLike, constant: list[float], slack: list[float]) -> Conditions:
    owner = np.arange(len(constant))
    return Conditions(np.array(left, float), np.array(right, float), owner, np.array(constant), np.array(slack))


# --- tilting ---------------------------------------------------------------------------------------------------------


def test_tilting_solves_a_case_worked_out_by_hand() -> None:
    # Odds 1 and 1/2, wanted sum 4/3: t/(1+t) + t/(2+t) = 4/3 gives 2t^2 - 3t - 8 = 0.
    prior = np.log([[1 / 2, 1 / 2], [1 / 3, 2 / 3]])
    factor = (3 + np.sqrt(73)) / 4
    probability = tilt(prior, conditions([[1], [1]], [[1], [0]], [-4 / 3], [1e-6]))
    assert probability[:, 0] == pytest.approx([factor / (1 + factor), factor / (2 + factor)], abs=1e-6)
    assert probability.sum(axis=1) == pytest.approx([1, 1])


def test_contradicting_conditions_share_the_contradiction_by_their_slack() -> None:
    # The same sum is to be 2 and 4 of 10; slacks alike, so it ends halfway.
    prior = np.log(np.full((10, 2), 0.5))
    probability = tilt(prior, conditions(np.ones((10, 2)), [[1, 1], [0, 0]], [-2.0, -4.0], [0.01, 0.01]))
    assert probability[:, 0].sum() == pytest.approx(3, abs=0.01)


def test_impossible_answers_stay_impossible() -> None:
    prior = np.array([[0.0, -np.inf], [0.0, 0.0]])
    probability = tilt(prior, conditions([[1], [1]], [[0], [1]], [-0.5], [1e-4]))
    assert probability[0, 1] == 0
    assert probability[1, 1] == pytest.approx(0.5, abs=1e-3)


# --- rounding --------------------------------------------------------------------------------------------------------


def test_definite_responses_keep_bases_and_shares() -> None:
    generator = np.random.default_rng(1)
    count, group = 400, np.arange(400) < 90
    probability = generator.dirichlet([2, 3, 0.3], size=count)
    # Exactly 12 blanks (pattern 2), and 31 % of the group's answers are pattern 0.
    left = np.column_stack([np.ones(count), group * 100 / 88])
    right = np.array([[0, 1 - 0.31], [0, -0.31], [1, 0]])
    linear = conditions(left, right, [-12.0, 0.0], [0.01, 0.01])
    tilted = tilt(np.log(probability), linear)
    low, high = np.array([-0.01, -0.5]), np.array([0.01, 0.5])
    windows = Windows(np.zeros(2), low, high, np.ones(2))
    chosen = respond(tilted, linear, windows, generator)
    assert (chosen == 2).sum() == 12
    answered = group & (chosen != 2)
    assert 100 * (chosen[answered] == 0).mean() == pytest.approx(31, abs=0.6)


# --- events ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_items() -> tuple[Sample, Space]:
    first = Space("a", ("x", "y"), np.eye(3, 2, dtype=bool), np.zeros((3, 2)), np.array([True, True, False]))
    second = Space("b", ("p", "q"), np.eye(3, 2, dtype=bool), np.zeros((3, 2)), np.array([True, True, False]))
    sample = Sample(4, np.ones(4), {"a": first}, {"a": np.array([0, 1, 2, -1])})
    return sample, second


def test_events_split_into_what_is_known_and_what_is_drawn(two_items: tuple[Sample, Space]) -> None:
    sample, second = two_items
    event = both(single(Atom("a", "any", frozenset({"x"}))), single(Atom("b", "none", frozenset({"p"}))))
    parts = sample.split(event, second)
    assert [part.respondent.tolist() for part in parts] == [[1, 0, 0, 0]]
    assert [part.pattern.tolist() for part in parts] == [[0, 1, 0]]


def test_none_of_an_answer_asks_for_an_answer(two_items: tuple[Sample, Space]) -> None:
    sample, _ = two_items
    none = single(Atom("a", "none", frozenset({"x"})))
    unanswered = total(single(Atom("a", "answered")), scaled(none, -1.0))
    assert sample.evaluate(none).tolist() == [0, 1, 0, 0]
    assert sample.evaluate(unanswered).tolist() == [1, 0, 0, 0]
    assert sample.evaluate(single(Atom("a", "blank"))).tolist() == [0, 0, 1, 0]


# --- weights and aims ------------------------------------------------------------------------------------------------


def test_raking_meets_both_margins() -> None:
    sex = np.array([1.0, 1, 1, 0, 0, 0, 0, 0])
    age = np.array([1.0, 0, 0, 1, 1, 0, 0, 0])
    margins = [([sex, 1 - sex], np.array([0.5, 0.5])), ([age, 1 - age], np.array([0.3, 0.7]))]
    weights = rake(np.ones(8), margins)
    assert weights.mean() == pytest.approx(1)
    assert (weights @ sex / 8, weights @ age / 8) == pytest.approx((0.5, 0.3))


def printed(name: str, year: int, value: float, measure: str = "pct", year_from: int | None = None) -> Printed:
    place = ("s", year, "fig", "item", "", measure, ("yes",), "total", "total")
    return Printed(name, *place, year_from, value, 0.5, None, weighted=False)


def test_levels_move_inside_their_rounding_so_that_the_stated_change_comes_out() -> None:
    rows = [printed("old", 2023, 34), printed("new", 2024, 37), printed("change", 2024, 4, "pp_change", 2023)]
    moved, implied = aims(rows, lambda _row, _year: 50.0)
    assert not implied
    assert 33.5 < moved["old"] < 34.5
    assert 36.5 < moved["new"] < 37.5
    assert 3.5 < moved["new"] - moved["old"] < 4.5


def test_a_level_known_only_through_a_change_becomes_an_aim() -> None:
    moved, implied = aims(
        [printed("new", 2024, 40), printed("change", 2024, 4, "pp_change", 2023)], lambda _row, _year: 0.0
    )
    assert [row.year for row in implied] == [2023]
    assert moved["new"] - implied[0].value == pytest.approx(4, abs=0.5)


# --- a small survey from codebook to file ----------------------------------------------------------------------------

TABLES = {
    "codebook/surveys": "survey,title_en\nmini,Mini",
    "codebook/waves": "survey,year,respondents,respondent_column,weight_column,sha256\nmini,2024,300,id,w,",
    "codebook/items": (
        "survey,item,type,answer_set\nmini,sex,single,sex\nmini,used,multi,used\nmini,any,single,yes_no\n"
        "mini,rating,single,rating\nmini,split,allocation,split\nmini,age,number,"
    ),
    "codebook/answers": (
        "answer_set,answer,sort_order,answer_kind\nsex,f,1,substantive\nsex,m,2,substantive\nused,phone,1,substantive\n"
        "used,video,2,substantive\nused,nothing,3,substantive\nyes_no,yes,1,substantive\nyes_no,no,2,substantive\n"
        "rating,bad,1,substantive\nrating,good,2,substantive\nrating,dk,3,dont_know\nsplit,home,1,substantive\n"
        "split,away,2,substantive"
    ),
    "codebook/code_lists": (
        "code_list,code,answer,label\nsex,1,m,m\nsex,2,f,f\nrating,1,bad,b\nrating,2,good,g\nrating,9,dk,d\n"
        "selected,0,not_selected,no\nselected,1,selected,yes"
    ),
    "codebook/columns": (
        "survey,column_name,year_from,year_to,item,option,code_list,ignored_reason\nmini,q_sex,2024,,sex,,sex,\n"
        "mini,age,2020,2024,age,,,\nmini,u1,2024,,used,phone,selected,\nmini,u2,2024,,used,video,selected,\n"
        "mini,u3,2024,,used,nothing,selected,\nmini,r,2024,,rating,,rating,\nmini,s1,,,split,home,,\n"
        "mini,s2,2024,,split,away,,\nmini,note,2024,,,,,open text\nmini,old,2020,2023,age,,,\nmini,new,2025,,age,,,"
    ),
    "codebook/derivations": (
        "survey,item,answer,clause,year_from,year_to,source_item,operator,answers\n"
        "mini,any,yes,1,,,used,any,phone|video\nmini,any,no,1,,,used,none,phone|video"
    ),
    "codebook/universes": "survey,universe,clause,item,operator,answers\nmini,users,1,any,any,yes",
    "codebook/routing": "survey,item,year_from,year_to,universe\nmini,rating,2024,,users\nmini,sex,2020,2023,users",
    "codebook/indicators": "survey,indicator,item,kind,answers,negative_answers,denominator",
    "codebook/breakdowns": (
        "survey,breakdown,group_key,source_item,answers,min_value,max_value,year_from,year_to\nmini,total,total,,,,,,\n"
        "mini,sex,f,sex,f,,,,\nmini,sex,m,sex,m,,,,\nmini,age_group,young,age,,18,39,,\nmini,age_group,old,age,,40,90,,"
    ),
    "codebook/crosses": "survey,breakdown,dimension,source_breakdown",
    "codebook/population": "survey,year,breakdown,group_key,share_pct\nmini,2024,sex,f,50\nmini,2024,sex,m,50",
    "published/published_results": (
        "result_id,survey,year,figure,item,base_item,measure,answers,breakdown,group_key,year_from,value,n,source_kind,"
        "weighted\n"
        "p1,mini,2024,t,sex,,count,f,total,total,,120,,table,no\n"
        "p2,mini,2024,t,age_group,,pct,young,total,total,,37,,prose,no\n"
        "p3,mini,2024,f,any,,pct,yes,total,total,,61,,prose,yes\n"
        "p4,mini,2024,f,used,,pct,video,total,total,,23,,prose,yes\n"
        "p5,mini,2024,f,rating,,pct,good,total,total,,70,180,chart,yes\n"
        "p6,mini,2024,f,rating,,pct,good,sex,f,,76,,prose,yes\n"
        "p7,mini,2024,f,split,,mean,home,total,total,,64,,chart,yes\n"
        "p8,mini,2024,f,sex,,pct,f,age_group,young,,44,,prose,no"
    ),
    "codebook/limits": (
        "check_name,survey,year_from,name,value,unit,since,reason\nprint_gap,*,,*,0.5,digits,2030-01-01,why\n"
        "print_gap,*,,prose_approx,2.5,digits,2030-01-01,why"
    ),
    "assumptions/items": (
        "survey,item,stage,nonresponse_pct,exclusive,implies\nmini,*,50,0,,\nmini,sex,1,,,\nmini,used,,,nothing,\n"
        "mini,split,,3,,"
    ),
    "assumptions/shares": "survey,item,year,answer,share_pct\nmini,used,2024,phone,50\nmini,used,2024,nothing,39",
    "assumptions/numbers": "survey,item,mean,deviation,low,high\nmini,age,45,15,18,80",
    "assumptions/traits": "survey,item,answer,trait,loading\nmini,used,,use,1\nmini,rating,,use,1",
    "assumptions/factors": "survey,trait,common_loading",
    "assumptions/shifts": "survey,trait,breakdown,group_key,year_from,year_to,shift\nmini,use,sex,f,,,0.2",
    "assumptions/associations": "survey,item,answers,breakdown,group_key,year_from,year_to,log_odds",
    "assumptions/targets": "survey,year,item,measure,answers,breakdown,group_key,value,half_width,weighted,reason",
    "assumptions/ranges": "result_id,reason",
}


@pytest.fixture
def mini(tmp_path: Path) -> Path:
    for name, content in TABLES.items():
        path = tmp_path / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def drawn(mini: Path) -> Composed:
    return compose(Project(mini, mini / "assumptions"), "mini", 2024)


def test_a_small_survey_meets_its_printed_numbers(drawn: Composed) -> None:
    frame = drawn.frame
    assert drawn.misses == []
    assert list(frame.columns) == ["id", "w", "q_sex", "age", "u1", "u2", "u3", "r", "s1", "s2", "note"]
    weight, rated = frame["w"].astype(float), frame["r"] != ""
    good = (frame["r"] == "2") & rated
    assert (frame["q_sex"] == "2").sum() == 120
    assert rated.sum() == 180
    assert round(100 * weight[good].sum() / weight[rated].sum()) == 70
    women = rated & (frame["q_sex"] == "2")
    assert round(100 * weight[good & women].sum() / weight[women].sum()) == 76
    split = frame["s1"] != ""
    home = frame.loc[split, "s1"].astype(float)
    assert round((weight[split] * home).sum() / weight[split].sum()) == 64
    assert (home + frame.loc[split, "s2"].astype(float) == 100).all()


def test_routing_is_obeyed_and_an_exclusive_answer_stands_alone(drawn: Composed) -> None:
    frame = drawn.frame
    users = (frame["u1"] == "1") | (frame["u2"] == "1")
    assert ((frame["r"] != "") == users).all()
    assert not (users & (frame["u3"] == "1")).any()
    assert (frame[["u1", "u2", "u3"]] == "1").any(axis=1).all()
    assert (frame["note"] == "").all()


def test_a_rerun_changes_no_byte(mini: Path, drawn: Composed, tmp_path: Path) -> None:
    again = compose(Project(mini, mini / "assumptions"), "mini", 2024)
    assert write(drawn, tmp_path) == write(again, tmp_path)


def test_a_number_set_aside_as_an_exception_is_not_aimed_at(mini: Path) -> None:
    published = mini / "published" / "published_results.csv"
    with published.open("a", encoding="utf-8") as file:
        file.write("p9,mini,2024,f,rating,,pct,good,total,total,,40,,prose,yes\n")
    assert compose(Project(mini, mini / "assumptions"), "mini", 2024).misses
    (mini / "published" / "published_exceptions.csv").write_text("result_id,reason,conflicts_with\np9,x,p5\n")
    assert not compose(Project(mini, mini / "assumptions"), "mini", 2024).misses


def test_an_item_without_a_route_is_asked_of_everybody(mini: Path) -> None:
    """Sex was routed until 2023; rating is routed now."""
    wave = Wave(Codebook(mini / "codebook"), "mini", 2024)
    assert wave.universe("sex") is EVERYBODY
    assert wave.universe("rating") is not EVERYBODY


# --- the shipped waves -----------------------------------------------------------------------------------------------


def test_a_shipped_wave_is_what_the_generator_writes(tmp_path: Path) -> None:
    seeds = ROOT / "seeds"
    shipped = seeds / "raw" / "innbygger_2019.csv"
    digest = write(compose(Project(seeds), "innbygger", 2019), tmp_path)
    assert digest == hashlib.sha256(shipped.read_bytes()).hexdigest(), "run `python -m synthetic` and commit the files"


@pytest.mark.parametrize("survey", ["innbygger", "helsepersonell"])
def test_shipped_files_hold_the_hashes_and_columns_of_the_codebook(survey: str) -> None:
    codebook = Codebook(ROOT / "seeds" / "codebook")
    for name, year in codebook.waves:
        if name != survey:
            continue
        wave = Wave(codebook, name, year)
        path = ROOT / "seeds" / "raw" / f"{wave.name}.csv"
        frame: pd.DataFrame = read_table(path)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == wave.row["sha256"], wave.name
        assert len(frame) == wave.size
        assert set(frame.columns) >= {column.name for column in wave.columns}
