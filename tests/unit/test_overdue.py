"""When the next wave of a survey is due, with days counted by hand."""

from datetime import date
from pathlib import Path

import pytest

from helsemonitor.overdue import Due, next_waves
from helsemonitor.settings import Settings
from tests.unit.small_project import make_settings, write_codebook

HEADER = (
    "survey,year,wave_date,respondents,respondent_column,weight_column,fieldwork_start,sha256,source,status,reviewed"
)


def declared(settings: Settings, *waves: tuple[str, int, str, str], missing: tuple[str, ...] = ()) -> None:
    """Declare waves (survey, year, date, first day of fieldwork), and land all but some."""
    rows = [f"{survey},{year},{day},9,id,,{start},,delivered,final,yes" for survey, year, day, start in waves]
    write_codebook(settings, {"waves": [HEADER, *rows]})
    for survey, year, *_ in waves:
        if f"{survey}_{year}" not in missing:
            (settings.raw_dir / f"{survey}_{year}.csv").write_text("id\n1\n", encoding="utf-8")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def test_the_step_is_the_median_and_the_limit_is_waited_for(settings: Settings) -> None:
    # 1 July 2020 -> 1 July 2021 are 365 days, to 1 September 2021 62, to 1 October 2022 395: the median is 365.
    declared(
        settings,
        ("birds", 2020, "", ""),
        ("birds", 2021, "", ""),
        ("birds", 2022, "2021-09-01", "2021-08-01"),
        ("birds", 2023, "", "2022-10-01"),
        ("birds", 2024, "", ""),
        missing=("birds_2024",),
    )
    (due,) = next_waves(settings)
    # 183 days after 1 October 2023: 30 + 30 + 31 + 31 + 29 + 31 to 31 March, and one more.
    assert due == Due("birds", "birds_2023", date(2022, 10, 1), date(2023, 10, 1), date(2024, 4, 1))
    assert [due.is_overdue(day) for day in (date(2024, 3, 31), date(2024, 4, 1))] == [False, True]
    assert due.sentence == (
        "birds: no wave was landed after birds_2023 (2022-10-01); one was expected by 2023-10-01 and is overdue since "
        "2024-04-01; land it, or give the survey another limit wave_overdue in codebook/limits.csv."
    )


def test_a_survey_has_its_own_limit_and_may_have_ended(settings: Settings) -> None:
    declared(settings, *[(survey, year, "", "") for survey in ("birds", "foxes", "owls") for year in (2021, 2022)])
    with (settings.codebook_dir / "limits.csv").open("a", encoding="utf-8") as file:
        file.write("wave_overdue,birds,,*,31,days,2026-11-30,Monthly letters.\n")
        file.write("wave_overdue,owls,,*,99999999999,days,2026-11-30,The survey has ended.\n")
    assert {due.survey: due.overdue_from for due in next_waves(settings)} == {
        "birds": date(2023, 8, 1),
        "foxes": date(2023, 12, 31),
        "owls": None,
    }
    assert [due.survey for due in next_waves(settings) if due.is_overdue(date.max)] == ["birds", "foxes"]


def test_nothing_is_said_of_a_single_wave_or_of_waves_without_a_date(settings: Settings) -> None:
    declared(settings, ("birds", 2021, "", ""), ("foxes", 1, "", ""), ("foxes", 2, "", ""))
    assert next_waves(settings) == (
        Due("birds", "birds_2021", date(2021, 7, 1), None, None),
        Due("foxes", "foxes_2", None, None, None),
    )
    assert not any(due.is_overdue(date.max) for due in next_waves(settings))
