"""Which wave a delivered file is by its name, and when it is there as a whole."""

from pathlib import Path

import pytest

from helsemonitor.codebook import Wave
from helsemonitor.settings import Settings
from orchestration.inbox import Arrival, is_whole, read_inbox
from tests.unit.small_project import make_settings, write_codebook

WAVES = (
    Wave("birds", 2021, 9, "id", "", ""),
    Wave("night_birds", 20231, 9, "id", "", "", wave="2023Q1"),
    Wave("night_birds", 20232, 9, "id", "", "", wave="late_spring"),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = make_settings(tmp_path)
    settings.landing_dir.mkdir()
    columns = "survey,title_no,title_en,population_no,population_en,inference_scope"
    write_codebook(settings, {"surveys": [columns, "foxes,Rever,Foxes,Rever,Foxes,population"]})
    return settings


@pytest.mark.parametrize(
    ("name", "wave"),
    [
        ("birds_2021.csv", ("birds", 2021, "birds_2021")),
        ("birds_2022.SAV", ("birds", 2022, "birds_2022")),
        ("night_birds_2023Q1.csv.gz", ("night_birds", 20231, "night_birds_2023Q1")),
        ("night_birds_20231.csv", ("night_birds", 20231, "night_birds_2023Q1")),
        ("night_birds_late_spring.xlsx", ("night_birds", 20232, "night_birds_late_spring")),
        ("night_birds_20233.parquet", ("night_birds", 20233, "night_birds_20233")),
        ("foxes_2021.txt", ("foxes", 2021, "foxes_2021")),
    ],
)
def test_a_name_says_survey_and_wave(settings: Settings, name: str, wave: tuple[str, int, str]) -> None:
    (settings.landing_dir / name).touch()
    inbox = read_inbox(settings, WAVES)
    assert inbox.unnamed == ()
    assert [(one.survey, one.year, one.wave_id) for one in inbox.arrivals] == [wave]
    assert inbox.of_wave(wave[2]) == inbox.arrivals
    assert inbox.of_wave("birds_1999") == ()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bird_2021.csv", "begins with no survey (perhaps birds); there are birds, foxes, night_birds"),
        ("2021.csv", "begins with no survey"),
        ("birds.csv.gz", "call it <survey>_<year>.csv.gz"),
        ("birds_spring.csv", "the end of its name is neither a year nor the id of a declared wave of birds"),
        ("birds_0.csv", "neither a year"),
        ("birds_99999999.csv", "neither a year"),
        ("birds_\u0662\u0660\u0662\u0661.csv", "neither a year"),
        ("b\x1b]0;\u202e_2021.csv", "b\ufffd]0;\ufffd_2021.csv: its name begins with no survey"),
    ],
)
def test_a_name_that_says_no_wave_is_told_so(settings: Settings, name: str, said: str) -> None:
    (settings.landing_dir / name).touch()
    inbox = read_inbox(settings, WAVES)
    assert inbox.arrivals == ()
    (sentence,) = inbox.unnamed
    assert said in sentence
    assert sentence.isprintable()


def test_what_is_no_delivery_is_left_alone(settings: Settings) -> None:
    for name in (".birds_2021.csv", "~$birds_2021.xlsx", "birds_2021.docx", "birds_2021.csv.part", "birds_2021"):
        (settings.landing_dir / name).touch()
    (settings.landing_dir / "birds_2021.csv").mkdir()
    (settings.landing_dir / "delivered").mkdir()
    (settings.landing_dir / "delivered" / "birds_2022.csv").touch()
    (settings.landing_dir / "birds_2023.csv").symlink_to(settings.landing_dir / "nowhere")
    inbox = read_inbox(settings, WAVES)
    assert (inbox.arrivals, inbox.unnamed) == ((), ())


def test_there_may_be_no_folder(settings: Settings) -> None:
    settings.landing_dir.rmdir()
    assert read_inbox(settings, WAVES).arrivals == ()


@pytest.mark.parametrize(
    ("before", "now", "whole"),
    [
        ({}, 1000.0, False),
        ({"birds_2021.csv": "7_500000000000"}, 1000.0, False),
        ({"birds_2021.csv": "8_499000000000"}, 1000.0, False),
        ({"birds_2021.csv": "8_500000000000"}, 1000.0, True),
        ({"birds_2021.csv": "8_500000000000"}, 501.9, False),
        ({"birds_2021.csv": "8_500000000000"}, 502.0, True),
        # The clock of another machine is ahead.
        ({"birds_2021.csv": "8_500000000000"}, 400.0, True),
    ],
)
def test_a_file_is_whole_when_it_is_as_it_was_and_rests(before: dict[str, str], now: float, whole: bool) -> None:
    arrival = Arrival(Path("birds_2021.csv"), "birds", 2021, "birds_2021", "8_500000000000")
    assert is_whole(arrival, before, now) is whole
