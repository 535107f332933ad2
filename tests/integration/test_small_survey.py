"""The smallest surveys: one wave, one item, nothing that they do not need."""

import csv
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.fast_road import Outcome, fast_road
from tests.integration.conftest import Refresh

ROOT = Path(__file__).parents[2]
WALKERS = ROOT / "examples" / "walkers"


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """A copy of the walkers' folder."""
    return Path(shutil.copytree(WALKERS, tmp_path / "walkers"))


def write(seeds: Path, table: str, *rows: str) -> None:
    (seeds / "codebook" / f"{table}.csv").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def add(seeds: Path, table: str, row: str) -> None:
    with (seeds / "codebook" / f"{table}.csv").open("a", encoding="utf-8") as file:
        file.write(f"{row}\n")


def run(seeds: Path) -> Outcome:
    outcome = fast_road(seeds, seeds.parent / "build")
    assert outcome.sentences == ()
    return outcome


def test_an_unweighted_wave_with_english_labels_runs_to_a_release(walkers: Refresh) -> None:
    """Four of the six walkers own boots; a folder of nine small files is all that the command needs."""
    with (WALKERS / "raw" / "walkers_2024.csv").open(encoding="utf-8") as file:
        answers = [row["q1"] for row in csv.DictReader(file)]
    assert (answers.count("1"), len(answers)) == (4, 6)

    database = walkers.release / "helsemonitor.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        values = connection.execute("select indicator, year, value, base_n from marts.fct_indicators").fetchall()
        labels = connection.execute("select label_no, label_en from marts.dim_indicator").fetchall()
    assert values == [("boots_yes", 2024, pytest.approx(100 * 4 / 6), 6)]
    # The one language stands for the other, too.
    assert labels == [("Owns boots", "Owns boots")]


def test_no_indicator(seeds: Path) -> None:
    (seeds / "codebook" / "indicators.csv").unlink()
    outcome = run(seeds)
    assert outcome.rows("select count(*) from marts.fct_indicators") == [(0,)]
    shares = outcome.rows("select answer, answer_n, base_n from marts.fct_answer_shares order by answer")
    assert shares == [("no", 2, 6), ("yes", 4, 6)]


def test_one_item_of_numbers(seeds: Path) -> None:
    """Ages 20, 30, 40, 50, 61 and one blank: the mean of five is 40.2."""
    write(seeds, "items", "survey,item,type,answer_set,label_en", "walkers,age,number,,Age")
    write(
        seeds,
        "columns",
        "survey,column_name,year_from,year_to,item,option,code_list,ignored_reason",
        "walkers,q1,,,age,,,",
    )
    write(
        seeds,
        "indicators",
        "survey,indicator,item,kind,answers,negative_answers,denominator,unit,direction,label_en",
        "walkers,age_mean,age,mean,,,answered,years,neutral,Age",
    )
    for table in ("answers", "code_lists"):
        (seeds / "codebook" / f"{table}.csv").unlink()
    (seeds / "raw" / "walkers_2024.csv").write_text("id,q1\na,20\nb,30\nc,40\nd,50\ne,61\nf,\n", encoding="utf-8")
    # One of six is more than the share of blanks that is allowed; say so.
    shutil.copy(ROOT / "seeds" / "codebook" / "limits.csv", seeds / "codebook")
    lines = (seeds / "codebook" / "limits.csv").read_text(encoding="utf-8").splitlines()
    own = [line for line in lines if ",innbygger," not in line and ",helsepersonell," not in line]
    write(
        seeds,
        "limits",
        *own,
        "blank_share,walkers,,age,20,percent of those asked,2030-01-01,One of six may leave it out.",
    )
    outcome = run(seeds)
    assert outcome.rows("select value, base_n from marts.fct_indicators") == [(pytest.approx(40.2), 5)]


def test_one_weighted_respondent(seeds: Path) -> None:
    write(
        seeds,
        "waves",
        "survey,year,respondents,respondent_column,weight_column,source,status,sha256,reviewed",
        "walkers,2024,1,id,w,delivered,final,,yes",
    )
    (seeds / "raw" / "walkers_2024.csv").write_text("id,w,q1\na,2.5,1\n", encoding="utf-8")
    outcome = run(seeds)
    assert outcome.rows("select value, base_n, se from marts.fct_indicators") == [(100, 1, None)]


def test_two_waves_of_a_cycle_and_of_one_year(seeds: Path) -> None:
    """Waves with ids of their own: a cycle of two years, and two waves in one year."""
    write(
        seeds,
        "waves",
        "survey,year,wave,label_en,wave_date,respondents,respondent_column,weight_column,source,status,sha256,reviewed",
        "walkers,1,2007-2008,Winter,2008-01-15,6,id,,delivered,final,,yes",
        "walkers,2,2024 spring,Spring,2024-04-01,6,id,,delivered,final,,yes",
        "walkers,3,2024 autumn,Autumn,2024-10-01,6,id,,delivered,final,,yes",
    )
    columns = (seeds / "codebook" / "columns.csv").read_text(encoding="utf-8").replace(",2024,", ",,")
    (seeds / "codebook" / "columns.csv").write_text(columns, encoding="utf-8")
    content = (seeds / "raw" / "walkers_2024.csv").read_text(encoding="utf-8")
    (seeds / "raw" / "walkers_2024.csv").unlink()
    for wave, boots in (("2007-2008", content), ("2024 spring", content.replace(",2", ",1")), ("2024 autumn", content)):
        (seeds / "raw" / f"walkers_{wave}.csv").write_text(boots, encoding="utf-8")
    outcome = run(seeds)
    found = outcome.rows(
        "select wave, label_en, cast(wave_date as varchar), value from marts.fct_indicators join marts.dim_wave "
        "using (survey, year) order by year"
    )
    assert found == [
        ("2007-2008", "Winter", "2008-01-15", pytest.approx(100 * 4 / 6)),
        ("2024 spring", "Spring", "2024-04-01", 100),
        ("2024 autumn", "Autumn", "2024-10-01", pytest.approx(100 * 4 / 6)),
    ]
