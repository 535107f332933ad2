"""The door: what a delivered file is held to before it is a raw file, each fault planted and counted by hand.

The counts are worked out from the cells of the fixture by plain Python; where the warehouse holds the same of landed
files, its own numbers are the key.
"""

import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from expectations import delivered as tables
from expectations.door import check_delivery
from expectations.frames import MART_QUERIES, by_row, with_drift_limits
from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.gate import read_codebook
from helsemonitor.codebook.reading import Row
from helsemonitor.codebook.waves import Wave, raw_file, read_waves
from helsemonitor.landing.formats import read_delivery
from helsemonitor.landing.sibling import read_sibling
from helsemonitor.limits import read_limits
from helsemonitor.settings import PROJECT_DIR, Settings
from helsemonitor.turned import turned_scales
from orchestration.cli import main
from tests.integration.conftest import Refresh

CYCLISTS = PROJECT_DIR / "tests" / "fixtures" / "cyclists"
SHIPPED = Settings(PROJECT_DIR, PROJECT_DIR / "seeds", PROJECT_DIR / "build")
ROW = "cyclists,2024,,,,,310,rid,wgt,,,delivered,provisional,,yes"
Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture
def seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small survey, with a wave declared that is not there yet."""
    seeds = Path(shutil.copytree(CYCLISTS, tmp_path / "home" / "seeds"))
    monkeypatch.setenv("HELSEMONITOR_SEEDS", str(seeds))
    monkeypatch.setenv("HELSEMONITOR_BUILD", str(tmp_path / "build"))
    add(seeds, "waves", ROW)
    return seeds


def add(seeds: Path, table: str, row: str) -> None:
    with (seeds / "codebook" / f"{table}.csv").open("a", encoding="utf-8") as file:
        file.write(f"{row}\n")


def rows() -> pd.DataFrame:
    """The newest wave of the small survey as text; delivered again, nothing in it has moved."""
    return pd.read_csv(CYCLISTS / "raw" / "cyclists_2023.csv", dtype=str, keep_default_na=False)


NOW = rows()
RIDERS, OTHERS = list(NOW.index[NOW["ride"] == "Y"]), list(NOW.index[NOW["ride"] == "N"])
WEIGHTS = [float(cell) for cell in NOW["wgt"]]


def delivered(tmp_path: Path, change: Change) -> Path:
    path = tmp_path / "new.csv"
    change(rows()).to_csv(path, index=False)
    return path


def land(path: Path, survey: str = "cyclists", year: int = 2024) -> Result:
    return CliRunner().invoke(main, ["land", str(path), "--survey", survey, "--year", str(year)])


def said(result: Result, path: Path) -> list[str]:
    """Sentences about the file, its name written shorter; not those about the kept copy and the end of the run."""
    assert isinstance(result.exception, SystemExit | type(None)), result.exception
    lines = result.output.replace(str(path), "FILE").splitlines()
    return [line for line in lines if not line.startswith(("A copy and", "Refused"))]


def cells(column: str, places: list[int], *values: str) -> Change:
    """Put values into some rows of a column, in turn."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        for number, place in enumerate(places):
            frame.loc[place, column] = values[number % len(values)]
        return frame

    return change


def where(column: str = "") -> str:
    return f"FILE (survey cyclists, year 2024{f', column {column}' if column else ''})"


IDS = "; a respondent is one row; remove the repeated rows or give each its own id."
LIST = "; correct the file, or give the column a list with them from 2024 on."
ROUTING = "correct the universe in codebook/routing.csv"
LATER = (
    "Who was asked and how the answers moved is not looked at yet for items {}: a column of theirs, or of who is asked "
    "them, comes first."
)
NO_WEIGHTS = "How the answers moved is not looked at yet: the weights come first."
DIGITS = "; deliver digits with a decimal point for every respondent."
# Of 310 respondents 216 ride and are asked for their mood, and 6 of those have left it blank.
COUNTS = (len(NOW), len(RIDERS), sum(NOW.loc[RIDERS, "mood"] == ""), sum(NOW.loc[OTHERS, "mood"] != ""))
FAULTS: dict[str, tuple[Change, list[str]]] = {
    "an unknown code": (
        cells("ride", [0, 5, 7], "Q"),
        [f"{where('ride')}: Q 3 times stand in no row of code list yn{LIST}", LATER.format("rides, mood")],
    ),
    "letters in a code column": (
        cells("sat2023", [*range(7)], "ja"),
        [f"{where('sat2023')}: ja 7 times stand in no row of code list sat11{LIST}", LATER.format("sat")],
    ),
    "words in a code column": (
        cells("m1", [3, 4], "Kari Nordmann"),
        [
            f"{where('m1')}: a text of 13 characters 2 times stand in no row of code list selected{LIST}",
            LATER.format("gear"),
        ],
    ),
    "ids in a code column": (
        cells("m2", [*range(40)], *(str(number) for number in range(4100, 4140))),
        [
            f"{where('m2')}: 40 different texts of up to 4 characters (not shown, since they may tell of a person), 40 "
            f"times in all, stand in no row of code list selected{LIST}",
            LATER.format("gear"),
        ],
    ),
    "no weight": (
        cells("wgt", [1, 2], ""),
        [
            f"{where('wgt')}: 2 of 310 respondents have no weight; every respondent of a weighted wave needs one; an "
            "unweighted wave has no weight_column in waves.csv.",
            NO_WEIGHTS,
        ],
    ),
    "a weight below 0": (
        cells("wgt", [1, 2, 3], "-0.7"),
        [
            f"{where('wgt')}: 3 of 310 weights are zero or negative; a respondent without influence does not belong in "
            "the file; ask the institute for the final weights.",
            NO_WEIGHTS,
        ],
    ),
    "a weight of 0": (
        cells("wgt", [9], "0"),
        [
            f"{where('wgt')}: 1 of 310 weights are zero or negative; a respondent without influence does not belong in "
            "the file; ask the institute for the final weights.",
            NO_WEIGHTS,
        ],
    ),
    "an infinite weight": (
        cells("wgt", [9], "inf"),
        [
            f"{where('wgt')}: 1 of 310 values are not numbers{DIGITS}",
            f"{where('wgt')}: 1 of 310 weights are larger than 1,000,000,000,000; deliver weights on a smaller scale, "
            "such as people in thousands; or name the right weight_column in waves.csv.",
            NO_WEIGHTS,
        ],
    ),
    "a weight with a comma among others": (
        cells("wgt", [4, 8, 12], "1,2"),
        [
            f"{where('wgt')}: 3 of 310 values have a decimal comma and 307 a decimal point; deliver digits with a "
            "decimal point and nothing between thousands.",
            NO_WEIGHTS,
        ],
    ),
    "an id four times": (
        cells("rid", [0, 1, 2], NOW.loc[3, "rid"]),
        [f"{where('rid')}: 4 of 310 rows share their respondent id with another row{IDS}"],
    ),
    "no id": (
        cells("rid", [0, 1], ""),
        [f"{where('rid')}: 2 of 310 rows have no respondent id; give every respondent an id."],
    ),
    "answered outside the filter": (
        cells("mood", OTHERS[:2], "A", "C"),
        [
            "FILE (survey cyclists, year 2024, item mood): 2 respondents answered column mood although universe riders "
            f"leads them past it (0.9 % of the 216 asked; 0.5 % are allowed); {ROUTING}, or the file."
        ],
    ),
    "blanks": (
        cells("mood", [place for place in RIDERS if NOW.loc[place, "mood"]][:27], ""),
        [
            "FILE (survey cyclists, year 2024, item mood): 33 of the 216 respondents asked left column mood blank "
            f"(universe riders; 15.3 %, and 15 % are allowed); {ROUTING} or the file, or add a row for the item to "
            "blank_share in codebook/limits.csv."
        ],
    ),
    "points that are no shares": (
        cells("al1", [2, 4, 6, 8, 10], "7"),
        [
            f"{where('split')}: the points of 5 of 310 respondents sum to neither 0 nor 100 (within 1); check that all "
            "channels of the item are mapped in columns.csv and that the file holds points."
        ],
    ),
    "ten times the respondents": (
        lambda frame: pd.concat([frame.assign(rid=frame["rid"] + f"-{time}") for time in range(10)]),
        [
            f"{where()}: the file has 3100 respondents where waves.csv declares 310; deliver the whole file, or "
            "correct `respondents` in waves.csv."
        ],
    ),
    "a column blank for everyone": (
        lambda frame: frame.assign(m3=""),
        [
            f"{where()}: column m3 is blank for every respondent; deliver its values, or give it an ignored_reason in "
            "columns.csv.",
            LATER.format("gear"),
        ],
    ),
    "a column missing": (
        lambda frame: frame.drop(columns="ride"),
        [
            f"{where()}: column ride (item rides) is missing; deliver it, or close its row of "
            "SEEDS/codebook/columns.csv with the wave before in year_to.",
            LATER.format("rides, mood"),
        ],
    ),
    "weights and ids missing": (
        lambda frame: frame.drop(columns=["rid", "wgt"]),
        [
            f"{where()}: column rid is missing, which waves.csv names as respondent_column; deliver it or correct "
            "waves.csv.",
            f"{where()}: column wgt is missing, which waves.csv names as weight_column; deliver it or correct "
            "waves.csv.",
            NO_WEIGHTS,
        ],
    ),
    "a column that nobody knows": (
        lambda frame: frame.assign(**{"{0} {item}'; --": "1"}),
        [
            f"{where()}: column {{0}} {{item}}'; -- is not known, SEEDS/codebook/columns.csv has no row for it; add "
            "one, or one with an ignored_reason."
        ],
    ),
}


def test_the_fixture_is_as_counted() -> None:
    assert COUNTS == (310, 216, 6, 0)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_said_with_its_counts_and_nothing_else(seeds: Path, tmp_path: Path, fault: str) -> None:
    change, expected = FAULTS[fault]
    path = delivered(tmp_path, change)
    result = land(path)
    assert result.exit_code == 1, result.output
    sentences = [sentence.replace(str(seeds), "SEEDS") for sentence in said(result, path)]
    assert sentences == expected
    assert not (seeds / "raw" / "cyclists_2024.csv").exists()
    (report,) = (seeds.parent / "landing" / "rejected").glob("*.txt")
    assert set(sentences) <= set(
        report.read_text(encoding="utf-8").replace(str(path), "FILE").replace(str(seeds), "SEEDS").splitlines()
    )
    pages = list((tmp_path / "build" / "data_docs" / "door").rglob("*.html"))
    assert pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "Nordmann" not in text, page
        assert "helsemonitor-door" not in text, page


NEARLY: dict[str, Change] = {
    "nothing moved": lambda frame: frame,
    "one answer outside the filter, 0.46 % of 216": cells("mood", OTHERS[:1], "A"),
    "32 blanks, 14.8 % of 216": cells("mood", [place for place in RIDERS if NOW.loc[place, "mood"]][:26], ""),
    "points that miss 100 by one": cells("al1", [0, 1], "100", "99"),
    "all weights with a comma": lambda frame: frame.assign(wgt=frame["wgt"].str.replace(".", ",")),
}


@pytest.mark.parametrize("case", NEARLY)
def test_what_the_limits_allow_is_landed(seeds: Path, tmp_path: Path, case: str) -> None:
    path = delivered(tmp_path, NEARLY[case])
    result = land(path)
    assert result.exit_code == 0, result.output
    assert (seeds / "raw" / "cyclists_2024.csv").is_file()


def everybody_has_a_helmet(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(m1="1")


def helmets_of(part: int) -> Change:
    """One more in so many of those without a helmet has one."""
    bare = list(NOW.index[NOW["m1"] == "0"])
    return cells("m1", [place for number, place in enumerate(bare) if number % part], "1")


def helmet_share(frame: pd.DataFrame) -> float:
    with_helmet = sum(w for w, cell in zip(WEIGHTS, frame["m1"], strict=True) if cell == "1")
    return 100 * with_helmet / sum(WEIGHTS)


DRIFT = (
    "FILE (survey cyclists, year 2024, column m1, code 1): the share of answer helmet of item gear is {:.1f} %, and "
    "was {:.1f} % in cyclists_2023, {}; check the wave's code lists and filters; if the change is real, add a row with "
    "date and reason to codebook/limits.csv, and if the question changed, one to changes.csv."
)
INSIDE = "inside one series segment (25 points are allowed, by codebook/limits.csv)"
ACROSS = "across a break of the series (50 points are allowed, by codebook/limits.csv)"
REGISTERED = "c4,cyclists,gear,2024,,wording,break,share,,,,,Nytt bilde.,A new picture.,,"


def test_an_answer_that_drifted_is_refused_and_the_sentence_says_how_to_go_on(seeds: Path, tmp_path: Path) -> None:
    path = delivered(tmp_path, everybody_has_a_helmet)
    expected = DRIFT.format(100.0, helmet_share(NOW), INSIDE)
    assert expected in said(land(path), path)
    add(seeds, "limits", 'drift,cyclists,2024,gear,60,percentage points,2024-01-01,"A law came, with fines."')
    add(seeds, "limits", 'turned,cyclists,2024,gear,60,percentage points,2024-01-01,"A law came, with fines."')
    result = land(path)
    assert result.exit_code == 0, result.output


def test_a_registered_break_lets_an_answer_move_further(seeds: Path, tmp_path: Path) -> None:
    add(seeds, "limits", "turned,cyclists,2024,gear,60,percentage points,2024-01-01,Made up.")
    some, all_ = delivered(tmp_path, helmets_of(4)), tmp_path / "all.csv"
    moved = helmet_share(helmets_of(4)(rows())) - helmet_share(NOW)
    assert 25 < moved < 50
    assert DRIFT.format(helmet_share(helmets_of(4)(rows())), helmet_share(NOW), INSIDE) in said(land(some), some)
    add(seeds, "changes", REGISTERED)
    assert land(some).exit_code == 0
    everybody_has_a_helmet(rows()).to_csv(all_, index=False)
    assert 100 - helmet_share(NOW) > 50
    assert DRIFT.format(100.0, helmet_share(NOW), ACROSS) in said(land(all_), all_)


def test_a_scale_that_was_turned_round_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped citizens' satisfaction of the newest wave, 1 to 5, delivered as 5 to 1."""
    monkeypatch.setenv("HELSEMONITOR_SEEDS", str(shutil.copytree(SHIPPED.seeds_dir, tmp_path / "home" / "seeds")))
    monkeypatch.setenv("HELSEMONITOR_BUILD", str(tmp_path / "build"))
    read = {
        year: pd.read_csv(SHIPPED.raw_dir / f"innbygger_{year}.csv", dtype=str, keep_default_na=False)
        for year in (2024, 2025)
    }
    codes = ["1", "2", "3", "4", "5"]
    turned = read[2025].assign(
        q19=[dict(zip(codes, codes[::-1], strict=True)).get(cell, cell) for cell in read[2025]["q19"]]
    )
    shares = {}
    for name, frame in {"before": read[2024], "now": turned}.items():
        weights = Counter()
        for cell, weight in zip(frame["q19"], frame["vekt"], strict=True):
            weights[cell] += float(weight)
        shares[name] = [100 * weights[code] / sum(weights[code] for code in codes) for code in codes]
    apart = sum(abs(one - other) for one, other in zip(shares["before"], shares["now"], strict=True)) / 2
    again = sum(abs(one - other) for one, other in zip(shares["before"], shares["now"][::-1], strict=True)) / 2
    path = tmp_path / "turned.csv"
    turned.to_csv(path, index=False)
    result = land(path, "innbygger", 2025)
    assert result.exit_code == 1
    words = (
        "FILE (survey innbygger, year 2025, item overall_satisfaction): the scale runs the other way in column q19, as "
        f"it looks: the answers are {apart:.1f} points away from those of innbygger_2024, and in that order "
        f"{again:.1f} (12 are allowed); check the order of the codes in the wave's file and in "
        "codebook/code_lists.csv; if the change is real, add a row for the item to `turned` in codebook/limits.csv, "
        "with date and reason."
    )
    assert words in said(result, path)


@pytest.fixture(scope="module")
def shipped_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(SHIPPED.seeds_dir, tmp_path_factory.mktemp("home") / "seeds"))


@pytest.mark.parametrize("wave", read_waves(SHIPPED), ids=lambda wave: wave.wave_id)
def test_every_shipped_wave_lands_again(
    shipped_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wave: Wave
) -> None:
    monkeypatch.setenv("HELSEMONITOR_SEEDS", str(shipped_copy))
    monkeypatch.setenv("HELSEMONITOR_BUILD", str(tmp_path / "build"))
    path = raw_file(SHIPPED, wave)
    result = land(path, wave.survey, wave.year)
    assert result.exit_code == 0, result.output
    assert said(result, path) == [f"{shipped_copy / 'raw' / path.name} is this file already; nothing was written."]


def test_codes_for_no_answer_are_held_against_the_filter(seeds: Path, tmp_path: Path) -> None:
    """W says that a respondent was led past, V that one left it blank; each on the wrong side of the filter."""
    add(seeds, "code_lists", "mood5,W,_not_asked,")
    add(seeds, "code_lists", "mood5,V,_no_answer,")
    fit = delivered(tmp_path, lambda frame: cells("mood", OTHERS, "W")(frame))
    assert land(fit).exit_code == 0
    (seeds / "raw" / "cyclists_2024.csv").unlink()
    answered = [place for place in RIDERS if NOW.loc[place, "mood"]]
    path = delivered(tmp_path, lambda frame: cells("mood", OTHERS[:5], "V")(cells("mood", answered[:4], "W")(frame)))
    meaning = f"{ROUTING}, what the code means in codebook/code_lists.csv, or the file."
    assert said(land(path), path) == [
        "FILE (survey cyclists, year 2024, item mood): a code of column mood means _not_asked for 4 of the 216 "
        f"respondents of universe riders (1.9 %; 0.5 % are allowed); {meaning}",
        "FILE (survey cyclists, year 2024, item mood): a code of column mood means _no_answer for 5 respondents "
        f"whom universe riders leads past it (2.3 % of the 216 asked; 0.5 % are allowed); {meaning}",
    ]


def test_an_empty_box_may_mean_not_chosen(seeds: Path, tmp_path: Path) -> None:
    """Boxes with ticks only, and none of them for 46: that they answered is for columns.csv to say."""
    boxes = ["m1", "m2", "m3", "m9"]

    def ticks_only(frame: pd.DataFrame) -> pd.DataFrame:
        ticked = frame.assign(**{box: frame[box].replace("0", "") for box in boxes})
        ticked.loc[list(ticked.index[ticked["m9"] == "1"])[1:], "m9"] = ""
        return ticked

    without = sum((NOW.loc[place, boxes[:3]] == "0").all() for place in NOW.index) - 1
    assert without == sum(NOW["m9"] == "1") - 1 == 46
    add(seeds, "limits", "blank_share,cyclists,2024,gear,14,percent of those asked,2024-01-01,Made up.")
    path = delivered(tmp_path, ticks_only)
    assert said(land(path), path)[0] == (
        "FILE (survey cyclists, year 2024, item gear): 46 of the 310 respondents asked left columns m1, m2, m3, m9 "
        f"blank (universe everybody; 14.8 %, and 14 % are allowed); {ROUTING} or the file, or add a row for the item "
        "to blank_share in codebook/limits.csv."
    )
    table = seeds / "codebook" / "columns.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(re.sub(r"(?m)^(cyclists,m\d,.*,selected),,$", r"\1,not_selected,", text), encoding="utf-8")
    result = land(path)
    assert result.exit_code == 0, result.output


def test_the_first_wave_of_a_survey_is_compared_with_none(seeds: Path, tmp_path: Path) -> None:
    for path in (seeds / "raw").glob("*.csv"):
        path.unlink()
    result = land(delivered(tmp_path, everybody_has_a_helmet))
    assert result.exit_code == 0, result.output
    assert "No other wave of survey cyclists is landed, so its answers were compared with none." in result.output


def test_a_wave_before_that_cannot_be_read_is_a_note(seeds: Path, tmp_path: Path) -> None:
    (seeds / "raw" / "cyclists_2023.csv").write_bytes(b"PK\x03\x04cut")
    result = land(delivered(tmp_path, everybody_has_a_helmet))
    assert result.exit_code == 0, result.output
    assert "cyclists_2023 cannot be read, so its answers were compared with none." in result.output


def test_rows_of_the_codebook_that_are_in_no_file_yet_hold(seeds: Path, tmp_path: Path) -> None:
    settings = Settings(PROJECT_DIR, seeds, tmp_path / "build")
    book = read_codebook(settings, may_be_unreviewed=True)
    wave = next(wave for wave in read_waves(settings) if wave.year == 2024)
    delivery = read_delivery(delivered(tmp_path, cells("s3", [0, 1, 2], "X")))
    (refused,) = check_delivery(settings, book, delivery, wave).sentences
    assert "column s3): X 3 times stand in no row of code list sex" in refused
    codes = book.reads["code_lists"]
    new = Row({"code_list": "sex", "code": "X", "answer": "_no_answer", "label": ""}, "proposed")
    proposed = Codebook({**book.reads, "code_lists": replace(codes, rows=(*codes.rows, new))})
    assert check_delivery(settings, proposed, delivery, wave).sentences == ()


@pytest.fixture(scope="module")
def answers(first: Refresh) -> dict[tuple[str, int], tables.Answers]:
    """Every shipped wave as the door reads it."""
    book, limits = read_codebook(SHIPPED), read_limits(SHIPPED)
    return {
        (wave.survey, wave.year): tables.Answers(book, read_sibling(SHIPPED, book, wave), limits)
        for wave in read_waves(SHIPPED)
    }


def queried(first: Refresh, query: str) -> pd.DataFrame:
    with duckdb.connect(str(first.build / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(query).df()


COUNTED = """
    select survey, year, item, count(*) filter (where in_universe) as asked_n,
        count(*) filter (where has_answer and not in_universe) as outside_n,
        count(*) filter (where state = 'no_answer') as blank_n,
        count(*) filter (where is_coded_past) as coded_past_n,
        count(*) filter (where is_coded_asked) as coded_asked_n
    from intermediate.int_responses
    anti join codebook.derivations using (survey, item)
    group by all
    order by all
"""


def test_door_and_warehouse_count_the_same(first: Refresh, answers: dict[tuple[str, int], tables.Answers]) -> None:
    limits, theirs = read_limits(SHIPPED), queried(first, COUNTED)
    names = list(theirs.columns)
    ours = [
        tables.routing_frame(wave, limits).assign(survey=survey, year=year)[names]
        for (survey, year), wave in answers.items()
    ]
    found = pd.concat(ours).sort_values(names[:3]).reset_index(drop=True)
    assert len(found) > 400
    pd.testing.assert_frame_equal(found, theirs, check_dtype=False)


def test_door_and_marts_gate_hold_answers_alike(first: Refresh, answers: dict[tuple[str, int], tables.Answers]) -> None:
    """Changes, breaks, limits and turned scales of all neighbouring waves; a calibrated margin has no error there."""
    limits = read_limits(SHIPPED)
    drift = with_drift_limits(queried(first, MART_QUERIES["drift"]), limits).set_index(["survey", "year", "series"])
    scales = by_row(
        turned_scales(queried(first, MART_QUERIES["scales"])), limits, "allowed", "turned", ["size", "item"]
    )
    scales = scales.set_index(["survey", "year", "item"])
    compared = 0
    for (survey, year), now in answers.items():
        before = max((known for known in answers if known[0] == survey and known[1] < year), default=None)
        if before is None:
            continue
        ours = tables.drift_frame(now, answers[before], limits).set_index(["survey", "year", "series"])
        theirs = drift.loc[ours.index]
        assert (ours["change"] - theirs["change"]).abs().max() < 1e-9
        assert (ours["sd"] - theirs["sd"]).abs().max() < 1e-9
        assert list(ours["is_break"]) == list(theirs["is_break"])
        assert (ours["allowed"] - theirs["allowed"]).abs().max() < 1e-9
        has_error = theirs["change_se"] > 0
        assert (ours["change_se"] - theirs["change_se"])[has_error].abs().max() < 1e-9
        turned = tables.scales_frame(now, answers[before], limits).set_index(["survey", "year", "item"])
        for column in ("apart", "apart_turned", "moved", "allowed"):
            assert (turned[column] - scales.loc[turned.index, column]).abs().max() < 1e-9
        compared += len(ours)
    assert compared > 2000
