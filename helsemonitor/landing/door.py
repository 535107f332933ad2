"""What the codebook says of a delivered file's columns and codes, before it becomes a raw file of the road."""

from collections.abc import Iterator

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.reading import Row
from helsemonitor.codebook.waves import Wave
from helsemonitor.landing.comparison import profile_of
from helsemonitor.landing.delivery import Delivery
from helsemonitor.landing.difference import given
from helsemonitor.raw_files import fits_pattern, normal_codes


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


def _columns(
    delivery: Delivery, wave: Wave, mapped: dict[str, Row], ignored: tuple[str, ...], table: str
) -> Iterator[str]:
    where = f"{delivery.shown} (survey {wave.survey}, year {wave.year}"
    keys = {"respondent_column": wave.respondent_column, "weight_column": wave.weight_column}
    for word, column in keys.items():
        if column and column not in delivery.names:
            yield (
                f"{where}): column {column} is missing, which waves.csv names as {word}; deliver it or correct "
                "waves.csv."
            )
    for column, row in mapped.items():
        if column not in delivery.names:
            yield (
                f"{where}): column {column} (item {row['item']}) is missing; deliver it, or close its row of {table} "
                "with the wave before in year_to."
            )
    for column in delivery.names:
        is_known = column in mapped or column in keys.values()
        if not is_known and not any(fits_pattern(column, pattern) for pattern in ignored):
            yield f"{where}, column {column}): {table} has no row for it; add one, or one with an ignored_reason."


def _codes(book: Codebook, delivery: Delivery, wave: Wave, mapped: dict[str, Row]) -> Iterator[str]:
    for name, row in mapped.items():
        codes = {code["code"] for code in book.code_lists.get(row["code_list"], [])}
        if name not in delivery.names or not codes or book.has_numbers(wave.survey, row["item"]):
            continue
        column = profile_of(delivery.column(name))
        same = normal_codes(column.counts, codes)
        unknown = sorted(cell for cell in column.counts if same.get(cell, cell) not in codes)
        if unknown:
            yield (
                f"{delivery.shown} (survey {wave.survey}, year {wave.year}, column {name}): {given(column, unknown)} "
                f"stand in no row of code list {row['code_list']}; correct the file, or give the column a list with "
                f"them from {wave.year} on."
            )


def problems(book: Codebook, delivery: Delivery, wave: Wave, table: str) -> list[str]:
    """What keeps a delivered file from being the wave that the codebook describes.

    Args:
        book: The codebook.
        delivery: The file.
        wave: The wave that it is to be.
        table: Path of columns.csv as a person would type it.

    Returns:
        One sentence per column that is missing or unknown, and per column with unknown codes.
    """
    mapped = book.columns_of(wave.survey, wave.year)
    ignored = book.ignored_in(wave.survey, wave.year)
    return [*_columns(delivery, wave, mapped, ignored, table), *_codes(book, delivery, wave, mapped)]
