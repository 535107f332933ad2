"""`helsemonitor new-survey`: a codebook drafted from raw files alone is built upon once a person has said yes."""

import csv
import hashlib
import shutil
from collections import defaultdict
from pathlib import Path

import duckdb
import pandas as pd
import pyreadstat
import pytest
from click.testing import CliRunner, Result

from helsemonitor.settings import PROJECT_DIR
from orchestration.cli import main
from tests.integration.conftest import refreshed

CYCLISTS = PROJECT_DIR / "tests" / "fixtures" / "cyclists"
WAVES = sorted((CYCLISTS / "raw").glob("cyclists_*.csv"))


def drafted(home: Path, *arguments: str) -> Result:
    """Draft a survey into a seeds folder of its own."""
    environment = {"HELSEMONITOR_SEEDS": str(home / "seeds"), "HELSEMONITOR_BUILD": str(home / "build")}
    return CliRunner().invoke(main, ["new-survey", *arguments], env=environment)


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and folder / "build" not in path.parents
    }


@pytest.fixture(scope="module")
def riders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The small survey's files under another name, drafted into a folder that is not there yet."""
    home = tmp_path_factory.mktemp("riders")
    return home, drafted(home, *map(str, WAVES), "--survey", "riders")


def test_nothing_is_needed_of_a_draft_but_that_a_person_reviews_its_waves(riders: tuple[Path, Result]) -> None:
    home, result = riders
    assert result.exit_code == 0, result.output
    needed = [line for line in result.output.splitlines() if line.startswith("    ")]
    assert len(needed) == 3
    assert all("is not marked reviewed" in line for line in needed)
    for path in WAVES:
        raw = home / "seeds" / "raw" / path.name.replace("cyclists", "riders")
        assert raw.read_bytes() == path.read_bytes()


def test_what_is_asked_and_of_whom_is_read_from_the_answers(riders: tuple[Path, Result]) -> None:
    def rows(table: str) -> list[dict[str, str]]:
        with (riders[0] / "seeds" / "codebook" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    assert {row["item"]: row["type"] for row in rows("items")} == {
        "s1": "single",
        "a": "number",
        "ride": "single",
        "mood": "single",
        "sat2021": "single",
        "m": "multi",
        "al": "allocation",
        "sat2022": "scale",
    }
    # Three times sex was another column, and the eleven points of 2022 are no five points of 2021.
    assert {
        (row["column_name"], row["year_from"], row["year_to"]) for row in rows("columns") if row["item"] == "s1"
    } == {("s1", "", "2021"), ("s2", "2022", "2022"), ("s3", "2023", "")}
    assert [(row["item"], row["year_from"], row["universe"]) for row in rows("routing")] == [("mood", "2023", "ride_y")]
    assert {(row["items"], row["year"], row["change_type"]) for row in rows("changes")} == {
        ("mood", "2022", "option_added"),
        ("mood", "2023", "filter_narrowed"),
    }


def counted(path: Path, column: str) -> dict[str, float]:
    """Code in small letters -> weighted share in percent of those who answered."""
    sums: dict[str, float] = defaultdict(float)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row[column]:
                sums[row[column].lower()] += float(row["wgt"])
    return {code: 100 * weight / sum(sums.values()) for code, weight in sums.items()}


def test_a_draft_is_built_upon_after_three_rows_say_that_they_were_reviewed(riders: tuple[Path, Result]) -> None:
    home, _ = riders
    waves = home / "seeds" / "codebook" / "waves.csv"
    text = waves.read_text(encoding="utf-8")
    assert text.count(",no\n") == 3
    waves.write_text(text.replace(",no\n", ",yes\n"), encoding="utf-8")
    refreshed(home / "seeds", home / "build")
    path = home / "build" / "published" / "current" / "helsemonitor.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(
            """
            select year, item, answer, share_pct
            from marts.fct_answer_shares
            where survey = 'riders' and item in ('ride', 'mood') and breakdown = 'total' and basis = 'as_published'
            """
        ).fetchall()
    shares: dict[tuple[int, str], dict[str, float]] = defaultdict(dict)
    for year, item, answer, share in found:
        shares[year, item][answer] = share
    expected = {
        (int(path.stem[-4:]), column): {code: pytest.approx(share) for code, share in counted(path, column).items()}
        for path in WAVES
        for column in ("ride", "mood")
    }
    assert dict(shares) == expected


@pytest.mark.parametrize(("survey", "waves"), [("helsepersonell", 6), ("innbygger", 7)])
def test_a_draft_of_shipped_files_without_labels_needs_nothing_but_a_review(
    tmp_path: Path, survey: str, waves: int
) -> None:
    paths = sorted((PROJECT_DIR / "seeds" / "raw").glob(f"{survey}_*.csv"))
    result = drafted(tmp_path, *map(str, paths), "--survey", "drafted")
    assert result.exit_code == 0, result.output
    needed = [line for line in result.output.splitlines() if line.startswith("    ")]
    assert len(needed) == len(paths) == waves
    assert all("is not marked reviewed" in line for line in needed), needed


def test_a_labelled_file_gives_questions_answers_groups_and_filters_their_words(tmp_path: Path) -> None:
    number = 120
    frame = pd.DataFrame(
        {
            "id": [f"p{row}" for row in range(number)],
            "vekt": [0.5 + row % 3 for row in range(number)],
            "kjonn": [1.0 + row % 2 for row in range(number)],
            "alder": [18.0 + row % 70 for row in range(number)],
            "q1": [1.0 + row % 3 for row in range(number)],
            # Asked of those with 1 in q1, each of whom ticks one; a box without a tick is blank.
            "q2_1": [1.0 if row % 3 == 0 and row % 2 else None for row in range(number)],
            "q2_2": [1.0 if row % 3 == 0 and not row % 2 else None for row in range(number)],
            "q3": [99.0 if row % 10 == 0 else 1.0 + row % 2 for row in range(number)],
        }
    )
    path = tmp_path / "walkers_2024.sav"
    pyreadstat.write_sav(
        frame,
        path,
        column_labels={
            "kjonn": "Kjønn",
            "alder": "Alder",
            "q1": "Går du tur?",
            "q2_1": "Hvor går du? Skog",
            "q2_2": "Hvor går du? By",
            "q3": "Liker du å gå?",
        },
        variable_value_labels={
            "kjonn": {1.0: "Kvinne", 2.0: "Mann"},
            "q1": {1.0: "Ja", 2.0: "Nei", 3.0: "Vet ikke"},
            "q3": {1.0: "Ja", 2.0: "Nei", 99.0: "Ubesvart"},
        },
        missing_ranges={"q3": [99.0]},
    )
    result = drafted(tmp_path, str(path), "--survey", "walkers")
    assert result.exit_code == 0, result.output
    needed = [line for line in result.output.splitlines() if line.startswith("    ")]
    assert [line.split(": ")[1].split(";")[0] for line in needed] == ["walkers 2024 is not marked reviewed"], needed

    def cells(table: str, *names: str) -> list[tuple[str, ...]]:
        with (tmp_path / "seeds" / "codebook" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            return [tuple(row[name] for name in names) for row in csv.DictReader(file)]

    assert cells("waves", "respondents", "respondent_column", "weight_column") == [("120", "id", "vekt")]
    assert cells("items", "item", "type", "label_no") == [
        ("kjonn", "single", "Kjønn"),
        ("alder", "number", "Alder"),
        ("gar_du_tur", "single", "Går du tur?"),
        ("hvor_gar_du", "multi", "Hvor går du?"),
        ("liker_du_a_ga", "single", "Liker du å gå?"),
    ]
    assert cells("breakdowns", "breakdown", "group_key", "min_value", "max_value") == [
        ("total", "total", "", ""),
        ("kjonn", "kvinne", "", ""),
        ("kjonn", "mann", "", ""),
        ("alder_group", "from_0", "", "29"),
        ("alder_group", "from_30", "30", "49"),
        ("alder_group", "from_50", "50", "66"),
        ("alder_group", "from_67", "67", ""),
    ]
    assert cells("routing", "item", "universe") == [("hvor_gar_du", "gar_du_tur_ja")]
    assert ("99", "_no_answer") in cells("code_lists", "code", "answer")
    assert [row for row in cells("columns", "column_name", "option", "blank_means") if row[1]] == [
        ("q2_1", "skog", "not_selected"),
        ("q2_2", "by", "not_selected"),
    ]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with the small survey, and files that are none of its waves."""
    shutil.copytree(CYCLISTS, tmp_path / "seeds")
    frame = pd.read_csv(WAVES[-1], dtype=str, keep_default_na=False)
    frame.drop(columns="rid").to_csv(tmp_path / "nobody_2024.csv", index=False)
    shutil.copy(WAVES[0], tmp_path / "fit_2021.csv")
    (tmp_path / "empty_2024.csv").write_bytes(b"")
    (tmp_path / "cut_2024.sav").write_bytes(b"$FL2@(#) SPSS")
    return tmp_path


REFUSED = {
    "a survey that is there": (("fit_2021.csv", "--survey", "cyclists"), "has survey cyclists already"),
    "two files of one year": (
        ("fit_2021.csv", "fit_2021.csv", "--survey", "riders"),
        "Two files are of 2021; give each its own --year.",
    ),
    "nobody is told apart": (
        ("nobody_2024.csv", "--survey", "riders"),
        "nobody_2024.csv: no column has another value in every row",
    ),
    "a file without a byte": (("fit_2021.csv", "empty_2024.csv", "--survey", "riders"), "empty_2024.csv"),
    "a file that is cut": (("fit_2021.csv", "cut_2024.sav", "--survey", "riders"), "cut_2024.sav"),
    "a file that is not there": (("gone_2024.csv", "--survey", "riders"), "gone_2024.csv"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_drafted_is_one_sentence_and_writes_nothing(home: Path, case: str) -> None:
    arguments, words = REFUSED[case]
    before = files(home)
    result = drafted(home, *(str(home / one) if "." in one else one for one in arguments))
    assert result.exit_code == 1, result.output
    said, ending = result.output.strip().splitlines()
    assert words in said
    assert ending == "Refused."
    assert files(home) == before


@pytest.mark.parametrize("name", ["CYCLISTS", "the/riders", "my riders", "_riders", "*", ""])
def test_a_survey_has_a_plain_id(home: Path, name: str) -> None:
    before = files(home)
    result = drafted(home, str(home / "fit_2021.csv"), "--survey", name)
    assert result.exit_code == 2, result.output
    assert "write small letters, digits and _, a letter first" in result.output
    assert files(home) == before


def test_years_have_to_be_told_apart(home: Path) -> None:
    for arguments, words in (
        (("fit.csv",), "fit.csv has no year, or several, in its name"),
        (("fit_2021.csv", "--year", "2021", "--year", "2022"), "1 files and 2 years"),
    ):
        shutil.copy(WAVES[0], home / "fit.csv")
        before = files(home)
        result = drafted(home, str(home / arguments[0]), *arguments[1:], "--survey", "riders")
        assert result.exit_code == 2
        assert words in result.output
        assert files(home) == before
