"""The suites: every expectation with a table that holds it and one that breaks it, and the sentence then said."""

# ruff: noqa: E501 - sentences stand as they are said

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from expectations import frames, pages, runner, suites
from expectations.frames import Batch, Delivered
from helsemonitor.codebook import Wave
from helsemonitor.errors import DataRefused
from helsemonitor.limits import Limit, limit_for, read_limits
from helsemonitor.settings import Settings
from tests.unit.small_project import WAVES_HEADER, make_settings, write_codebook

WAVE = Wave("birds", 2020, 4, "nr", "vekt", "")
LIMITS = read_limits(Settings.from_environment())
# Ids and weights that stand out, to look for them where they must not be.
SOUND = {
    "nr": ["secret_1", "secret_2", "secret_3", "secret_4"],
    "vekt": ["0.5", "1", "1.5", "1"],
    "age": ["20", "", "100", "44"],
    "air": ["50", "0", "", "99"],
    "land": ["50", "0", "", "0"],
    "song": ["1", "2", "", ""],
}
CODEBOOK = {
    "waves": [WAVES_HEADER.strip(), "birds,2020,4,nr,vekt,,synthetic,final,yes"],
    "items": [
        "survey,item,type,answer_set",
        "birds,age,number,",
        "birds,way,allocation,ways",
        "birds,song,single,song",
    ],
    "columns": [
        "survey,column_name,year_from,year_to,item,option,code_list,ignored_reason",
        "birds,age,2018,,age,,,",
        "birds,air,2020,2020,way,air,,",
        "birds,land,,,way,land,,",
        "birds,song,2020,,song,,songs,",
        "birds,remark,2020,,,,,open text",
        "birds,nest,2021,,way,nest,,",
        "birds,egg,,2019,way,egg,,",
    ],
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = make_settings(tmp_path)
    write_codebook(settings, CODEBOOK)
    return settings


def write_raw(settings: Settings, columns: dict[str, list[str]]) -> None:
    pd.DataFrame(columns).to_csv(settings.raw_dir / "birds_2020.csv", index=False)


def check(settings: Settings, wave: Wave = WAVE) -> tuple[list[str], int]:
    """Sentences about the raw file, and the number of expectations that hold."""
    delivered = frames.delivered_columns(settings)[("birds", "2020")]
    raw = frames.raw_wave(settings, wave, delivered, LIMITS)
    gate = runner.run("raw", raw.batches, settings.data_docs_dir)
    return [*raw.sentences, *gate.sentences], gate.passed


def test_a_sound_wave_passes(settings: Settings) -> None:
    write_raw(settings, SOUND)
    assert check(settings) == ([], 16)


def test_an_unweighted_wave_needs_no_weight(settings: Settings) -> None:
    write_raw(settings, {column: values for column, values in SOUND.items() if column != "vekt"})
    assert check(settings, Wave("birds", 2020, 4, "nr", "", "")) == ([], 11)


WHERE = "seeds/raw/birds_2020.csv (survey birds, year 2020"
TO_LIMITS = "correct the values, or set another limit with date and reason in codebook/limits.csv."


@pytest.mark.parametrize(
    ("column", "values", "sentence"),
    [
        (
            "nr",
            ["secret_1", "secret_2", "secret_2", "secret_4"],
            f"{WHERE}, column nr): 2 of 4 rows share their respondent id with another row; a respondent is one row; remove "
            "the repeated rows or give each its own id.",
        ),
        (
            "nr",
            ["secret_1", "", "secret_3", "secret_4"],
            f"{WHERE}, column nr): 1 of 4 rows have no respondent id; give every respondent an id.",
        ),
        (
            "vekt",
            ["0.5", "", "1.5", "1"],
            f"{WHERE}, column vekt): 1 of 4 respondents have no weight; every respondent of a weighted wave needs one; an "
            "unweighted wave has no weight_column in waves.csv.",
        ),
        (
            "vekt",
            ["half", "1", "1.5", "1"],
            f"{WHERE}, column vekt): 1 of 4 values are not numbers; deliver digits with a decimal point for every respondent.",
        ),
        (
            "vekt",
            ["0,5", "1", "1.5", "1"],
            f"{WHERE}, column vekt): 1 of 4 values have a decimal comma and 1 a decimal point; deliver digits with a decimal "
            "point and nothing between thousands.",
        ),
        (
            "vekt",
            ["0", "-1", "1.5", "1"],
            f"{WHERE}, column vekt): 2 of 4 weights are zero or negative; a respondent without influence does not belong "
            "in the file; ask the institute for the final weights.",
        ),
        (
            "age",
            ["20", "2004", "121", "120"],
            f"{WHERE}, column age): 2 of 4 values do not lie from 0 to 120; {TO_LIMITS}",
        ),
        (
            "age",
            ["20", "old", "", "44"],
            f"{WHERE}, column age): 1 of 3 values are not numbers; deliver digits with a decimal point, and a blank where "
            "there is no value.",
        ),
        (
            "air",
            ["53", "0", "", "98"],
            f"{WHERE}, column way): the points of 2 of 3 respondents sum to neither 0 nor 100 (within 1); check that all "
            "channels of the item are mapped in columns.csv and that the file holds points.",
        ),
        (
            "song",
            ["", "", "", ""],
            f"{WHERE}): column song is blank for every respondent; deliver its values, or give it an ignored_reason in "
            "columns.csv.",
        ),
    ],
)
def test_a_fault_in_a_column_is_said(settings: Settings, column: str, values: list[str], sentence: str) -> None:
    write_raw(settings, SOUND | {column: values})
    sentences, _ = check(settings)
    assert sentences == [sentence]


def test_an_outsized_weight_is_said(settings: Settings) -> None:
    many = {column: values * 10 for column, values in SOUND.items()}
    many["nr"] = [f"secret_{number}" for number in range(40)]
    write_raw(settings, many | {"vekt": ["1"] * 39 + ["30"]})
    sentences, _ = check(settings, Wave("birds", 2020, 40, "nr", "vekt", ""))
    assert sentences == [
        f"{WHERE}, column vekt): 1 of 40 weights are more than 25 % of the sum of all weights; have the weights trimmed, or set another "
        "limit with date and reason in codebook/limits.csv."
    ]


@pytest.mark.parametrize(("weight", "refused"), [("20", False), ("21", True)])
def test_a_large_wave_limits_a_weight_by_its_share(settings: Settings, weight: str, refused: bool) -> None:
    """Of 4,000 weights, one of 20 is 20/4019 = 0.498 % of the sum and one of 21 is 21/4020 = 0.522 %."""
    many = {column: values * 1000 for column, values in SOUND.items()}
    many["nr"] = [f"secret_{number}" for number in range(4000)]
    write_raw(settings, many | {"vekt": ["1"] * 3999 + [weight]})
    sentences, _ = check(settings, Wave("birds", 2020, 4000, "nr", "vekt", ""))
    assert ["more than 0.5 % of the sum of all weights" in sentence for sentence in sentences] == [True] * refused


@pytest.mark.parametrize("factor", [0.025, 500, 1e6])
def test_weights_of_any_scale_are_welcome(settings: Settings, factor: float) -> None:
    write_raw(settings, SOUND | {"vekt": [str(factor * weight) for weight in (0.5, 1, 1.5, 1)]})
    assert check(settings) == ([], 16)


def test_another_number_of_respondents_is_said(settings: Settings) -> None:
    write_raw(settings, {column: values[:3] for column, values in SOUND.items()})
    sentences, _ = check(settings)
    assert sentences == [
        f"{WHERE}): the file has 3 respondents where waves.csv declares 4; deliver the whole file, or correct "
        "`respondents` in waves.csv."
    ]


@pytest.mark.parametrize("column", ["age", "air", "song"])
def test_a_missing_column_is_left_to_the_crosswalks_own_check(settings: Settings, column: str) -> None:
    write_raw(settings, {name: values for name, values in SOUND.items() if name != column})
    sentences, _ = check(settings)
    assert sentences == []


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            None,
            [f"{WHERE}): waves.csv declares this wave but the file is not there; land it or remove the row."],
        ),
        (
            "id,age\n1,20\n",
            [
                f"{WHERE}): column nr is missing, which waves.csv names as respondent_column; deliver it or correct waves.csv.",
                f"{WHERE}): column vekt is missing, which waves.csv names as weight_column; deliver it or correct waves.csv.",
            ],
        ),
        (
            "nr,vekt,age,age\n1,1,20,20\n",
            [f"{WHERE}): column age stands 2 times in the header; keep one."],
        ),
        (
            "nr,vekt,age\n1,1,20\n2,1,30,1\n3,1\n",
            [
                f"{WHERE}) line 3: 2 of 3 rows do not have 3 values as the header has (a comma between them); put text that "
                "holds the separator in quotes, and restore what was cut."
            ],
        ),
        (
            "nr,vekt,age\n",
            [f"{WHERE}): the file has no respondent; deliver it again."],
        ),
    ],
)
def test_a_file_of_the_wrong_shape_is_said(settings: Settings, text: str | None, sentences: list[str]) -> None:
    if text is not None:
        (settings.raw_dir / "birds_2020.csv").write_text(text, encoding="utf-8")
    delivered = frames.delivered_columns(settings)[("birds", "2020")]
    assert list(frames.raw_wave(settings, WAVE, delivered, LIMITS).sentences) == sentences


def test_a_file_in_another_encoding_is_said(settings: Settings) -> None:
    (settings.raw_dir / "birds_2020.csv").write_bytes("nr,vekt\n1,1\nmåke,1\n".encode("mac-roman"))
    raw = frames.raw_wave(settings, WAVE, frames.NOTHING, LIMITS)
    assert raw.sentences == (
        f"{WHERE}): the file is not UTF-8, and what its letters beyond a-z mean is not certain; save it as CSV in UTF-8.",
    )


def test_columns_are_known_by_what_they_hold(settings: Settings) -> None:
    assert frames.delivered_columns(settings) == {
        ("birds", "2020"): Delivered(
            used={"age": "age", "air": "way", "land": "way", "song": "song"},
            allocations={"way": ("air", "land")},
            numbers={"age": ("number", "age"), "air": ("allocation", "way"), "land": ("allocation", "way")},
            ignored=("remark",),
        )
    }


def test_pages_show_no_respondent_and_fetch_nothing(settings: Settings) -> None:
    write_raw(
        settings, SOUND | {"nr": ["secret_1"] * 4, "vekt": ["-987.25", "1", "1", "x"], "age": ["987654", "", "", ""]}
    )
    sentences, _ = check(settings)
    assert len(sentences) == 4
    pages_written = list(settings.data_docs_dir.rglob("*.html"))
    assert {"index.html"} < {page.name for page in pages_written}
    for page in pages_written:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"secret_|987[.,]?25|987654", text), page
        assert not re.search(r"<(?:script|link|img|source)\b[^>]*https?://", text, re.IGNORECASE), page
    assert not re.search(r"secret_|987", " ".join(sentences))
    assert {path.name for path in settings.project_dir.iterdir()} == {"seeds", "build"}


def test_remote_parts_of_a_page_are_taken_out(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text(
        '<html><head><link rel="stylesheet" href="https://cdn.example/a.css"/><link href="static/own.css">\n'
        '<script src="https://cdn.example/a.js"></script><script>let own = 1</script></head>\n'
        '<body><picture><source\n srcset="https://shop.example/logo.png"><img src="http://shop.example/logo.png?d=1"></picture>'
        '<a href="https://example.org">kept</a></body></html>',
        encoding="utf-8",
    )
    pages.make_offline(tmp_path)
    text = page.read_text(encoding="utf-8")
    assert "cdn.example" not in text
    assert "shop.example" not in text
    assert all(kept in text for kept in ("static/own.css", "let own = 1", "https://example.org", "<style>"))


def mart(name: str, rows: Sequence[dict[str, Any]], settings: Settings) -> list[str]:
    """Sentences of one mart suite about a table written out here."""
    batch = Batch(suites.mart_suites(LIMITS)[name], pd.DataFrame(list(rows)))
    return list(runner.run("marts", [batch], settings.data_docs_dir).sentences)


WAVE_KEY = {"survey": "birds", "year": 2020}
ITEM_KEY = WAVE_KEY | {"item": "song"}
PRINT_KEY = {"survey": "birds", "year": 2020, "result_id": "b20_0001", "printed_as": "fig 1, song loud"}
SERIES_KEY = WAVE_KEY | {
    "series": "song_loud",
    "within": "inside one series segment",
    "allowed_by": "codebook/limits.csv",
}
SCALE = ITEM_KEY | {"year_before": 2018.0, "apart": 30.0, "apart_turned": 2.0, "allowed": 12.0}


@pytest.mark.parametrize(
    ("name", "sound", "broken", "sentence"),
    [
        (
            "respondents",
            WAVE_KEY | {"declared_n": 7.0, "respondents_n": 7.0, "composition_n": 7.0},
            WAVE_KEY | {"declared_n": 7.0, "respondents_n": 7.0, "composition_n": 6.0},
            "marts.dim_wave (survey birds, year 2020): fct_composition has 6 respondents where waves.csv declares 7; no "
            "respondent may get lost or doubled on the road; look at staging.",
        ),
        (
            "respondents",
            WAVE_KEY | {"declared_n": 7.0, "respondents_n": 7.0, "composition_n": 7.0},
            WAVE_KEY | {"declared_n": 7.0, "respondents_n": None, "composition_n": 7.0},
            "marts.dim_wave (survey birds, year 2020): dim_wave has no respondents where waves.csv declares 7; no "
            "respondent may get lost or doubled on the road; look at staging.",
        ),
        (
            "weighted_bases",
            ITEM_KEY | {"basis": "as_published", "base_n": 900.0, "gap_pct": 10.0, "allowed_pct": 10.0},
            ITEM_KEY | {"basis": "as_published", "base_n": 900.0, "gap_pct": 12.3, "allowed_pct": 10.0},
            "marts.fct_answer_shares (survey birds, year 2020, item song, basis as_published): the mean weight of the 900 "
            "respondents in the base is 12.3 % away from the wave's (10 % is allowed); check the weight column of the "
            "wave, or set another limit with date and reason in codebook/limits.csv.",
        ),
        (
            "reconciliation",
            PRINT_KEY | {"published_value": 49.0, "computed_value": 49.4, "allowed": 0.5, "gap": 0.4},
            PRINT_KEY | {"published_value": 49.0, "computed_value": 50.25, "allowed": 0.5, "gap": 1.25},
            "marts.fct_reconciliation (survey birds, year 2020, result id b20_0001): fig 1, song loud prints 49 and the "
            "warehouse computes 50.25 (0.5 apart is allowed); check the wave's file, code lists and filters; if the print "
            "contradicts itself, add the row with both numbers to published_exceptions.csv.",
        ),
        (
            "printed_bases",
            PRINT_KEY | {"base_counts": "group", "published_n": 163.0, "computed_base_n": 163.0},
            PRINT_KEY | {"base_counts": "group", "published_n": 163.0, "computed_base_n": 155.0},
            "marts.fct_reconciliation (survey birds, year 2020, result id b20_0001): fig 1, song loud prints 163 "
            "respondents as its base and the warehouse counts 155 respondents (group); check the wave's file, code lists "
            "and filters; if the print counts others than the base of the number, say whom in base_counts of published_results.csv; if it contradicts "
            "itself, add a row that concerns base to published_exceptions.csv.",
        ),
        (
            "printed_bases",
            PRINT_KEY | {"base_counts": "answered", "published_n": 163.0, "computed_base_n": 163.0},
            PRINT_KEY | {"base_counts": "answered", "published_n": 163.0, "computed_base_n": None},
            "marts.fct_reconciliation (survey birds, year 2020, result id b20_0001): fig 1, song loud prints 163 "
            "respondents as its base and the warehouse counts no respondents (answered); check the wave's file, code lists "
            "and filters; if the print counts others than the base of the number, say whom in base_counts of published_results.csv; if it "
            "contradicts itself, add a row that concerns base to published_exceptions.csv.",
        ),
        (
            "drift",
            SERIES_KEY | {"year_before": 2018.0, "change": 25.0, "allowed": 25.0},
            SERIES_KEY | {"year_before": 2018.0, "change": 25.1, "allowed": 25.0},
            "marts.fct_indicators (survey birds, year 2020, series song_loud): the value moved by 25.1 since 2018, inside "
            "one series segment (25 is allowed, by codebook/limits.csv); check the wave's code lists and filters; if the "
            "change is real, add a row with date and reason to codebook/limits.csv, and if the question changed, one to "
            "changes.csv.",
        ),
        (
            "scales",
            SCALE | {"moved": 12.0, "turned": ""},
            SCALE | {"moved": 30.0, "turned": "the scale runs the other way"},
            "marts.fct_answer_shares (survey birds, year 2020, item song): the scale runs the other way, as it looks: the "
            "answers are 30.0 points away from those of 2018, and in that order 2.0 (12 are allowed); check the order of "
            "the codes in the wave's file and in codebook/code_lists.csv; if the change is real, add a row for the item to "
            "`turned` in codebook/limits.csv, with date and reason.",
        ),
    ],
)
def test_a_fault_in_the_marts_is_said(
    settings: Settings, name: str, sound: dict[str, Any], broken: dict[str, Any], sentence: str
) -> None:
    assert mart(name, [sound], settings) == []
    assert mart(name, [sound | {"year": 2019}, broken], settings) == [sentence]


def test_long_lists_of_rows_are_cut(settings: Settings) -> None:
    unfit = {"basis": "as_published", "base_n": 900.0, "gap_pct": 12.0, "allowed_pct": 10.0}
    rows = [ITEM_KEY | unfit | {"year": 1900 + number} for number in range(25)]
    sentences = mart("weighted_bases", rows, settings)
    assert len(sentences) == 21
    assert "year 1919" in sentences[19]
    assert sentences[20] == "marts.fct_answer_shares: 5 more rows with the same finding are not listed."


def test_marts_without_rows_pass(settings: Settings) -> None:
    empty = pd.DataFrame({"survey": [], "year": [], "series": [], "year_before": [], "change": [], "allowed": []})
    batch = Batch(suites.mart_suites(LIMITS)["drift"], empty)
    assert runner.run("marts", [batch], settings.data_docs_dir).sentences == ()


def test_an_exception_inside_a_result_is_an_error_and_no_finding(settings: Settings) -> None:
    """Great Expectations itself raises nothing when an expectation cannot be evaluated."""
    asked = suites.Expectation("ExpectColumnValuesToNotBeNull", {"column": "not_there"}, "never said", "never said")
    suite = suites.Suite("broken", "seeds/raw/birds_2020.csv", (asked,))
    with pytest.raises(
        runner.ExpectationError, match=r"^broken: ExpectColumnValuesToNotBeNull on seeds/raw/birds_2020"
    ):
        runner.run("raw", [Batch(suite, pd.DataFrame({"nr": [1]}))], settings.data_docs_dir)


@pytest.mark.parametrize(
    ("info", "messages"),
    [
        ({"raised_exception": False, "exception_message": None}, []),
        ({"raised_exception": True, "exception_message": "no such column"}, ["no such column"]),
        ({"('metric', 'key', ())": {"raised_exception": True, "exception_message": "boom"}}, ["boom"]),
        ({}, []),
    ],
)
def test_exceptions_are_found_flat_and_nested(info: dict[str, Any], messages: list[str]) -> None:
    assert runner._exceptions(info) == messages


def row(survey: str, year_from: int, name: str, value: float) -> Limit:
    return Limit("drift", survey, year_from, name, value, "points", "2030-01-01", "why")


def test_the_limit_that_says_most_wins() -> None:
    rows = [
        row("*", 0, "*", 1),
        row("*", 0, "percent", 2),
        row("birds", 2020, "*", 3),
        row("birds", 0, "song", 4),
        row("birds", 2020, "song", 5),
    ]
    assert limit_for(rows, "drift", "fish", 2020, ["points", "depth"]) == 1
    assert limit_for(rows, "drift", "fish", 2020, ["percent", "depth"]) == 2
    assert limit_for(rows, "drift", "birds", 2019, ["points", "depth"]) == 1
    assert limit_for(rows, "drift", "birds", 2021, ["points", "depth"]) == 3
    assert limit_for(rows, "drift", "birds", 2019, ["percent", "song"]) == 4
    assert limit_for(rows, "drift", "birds", 2021, ["percent", "song"]) == 5
    with pytest.raises(DataRefused, match="has no row for other"):
        limit_for(rows, "other")


def test_a_limit_without_a_number_is_refused(settings: Settings) -> None:
    header = "check_name,survey,year_from,name,value,unit,since,reason"
    write_codebook(settings, {"limits": [header, "drift,*,,*,far,points,2030-01-01,why"]})
    with pytest.raises(DataRefused, match=r"limits\.csv line 2: column value is 'far'; write a number with a decimal"):
        read_limits(settings)


def test_every_limit_has_a_date_and_a_reason() -> None:
    assert LIMITS
    for limit in LIMITS:
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", limit.since), limit
        assert len(limit.reason) > 20, limit
        assert limit.unit, limit


def test_every_suite_has_its_table() -> None:
    assert suites.mart_suites(LIMITS).keys() == frames.MART_QUERIES.keys()
