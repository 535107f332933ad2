"""The wave of waves.csv that a delivered file is to be."""

from helsemonitor.codebook.waves import Wave
from helsemonitor.landing.delivery import Delivery


def declared_wave(waves: tuple[Wave, ...], survey: str, year: int) -> Wave | None:
    """The declared wave of a survey and year; None where there is none."""
    return next((wave for wave in waves if (wave.survey, wave.year) == (survey, year)), None)


def row_to_declare(waves: tuple[Wave, ...], delivery: Delivery, survey: str, year: int) -> str:
    """The row of waves.csv that declares a delivered wave, with the columns of the wave before where it has them."""
    others = [wave for wave in waves if wave.survey == survey]
    newest = max(others, key=lambda wave: wave.year, default=None)
    names = [newest.respondent_column, newest.weight_column] if newest else ["", ""]
    respondent, weight = (name if name in delivery.names else "" for name in names)
    return f"{survey},{year},,,,,{delivery.respondents},{respondent},{weight},,,delivered,provisional,,no"
