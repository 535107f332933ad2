"""The door: a delivered file is held against the codebook and the wave before, ahead of becoming a raw file."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from expectations import delivered as tables
from expectations import frames, runner
from expectations.frames import Batch
from expectations.gates import WaveCheck
from expectations.suites import Expectation, Suite, mart_suites
from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.waves import Wave, raw_file
from helsemonitor.errors import DataRefused
from helsemonitor.landing.delivery import Delivery, as_csv
from helsemonitor.landing.sibling import Sibling, read_sibling
from helsemonitor.limits import Limit, limits_of
from helsemonitor.settings import Settings

GATE = "door"
ITEMS_SHOWN = 5


def _none(column: str, finding: str, mend: str) -> Expectation:
    """A row of an aggregate counts none of something."""
    return Expectation("ExpectColumnValuesToBeBetween", {"column": column, "max_value": 0}, finding, mend, column)


def _within(column: str, limit: str, finding: str, mend: str) -> Expectation:
    """A row of an aggregate keeps to its own limit."""
    pair = {"column_A": limit, "column_B": column, "or_equal": True, "ignore_row_if": "neither"}
    return Expectation("ExpectColumnPairValuesAToBeGreaterThanB", pair, finding, mend, column)


def columns_expectations(table: str) -> tuple[Expectation, ...]:
    """What is expected of a column that the codebook names or the file has. table: path of columns.csv as shown."""
    return (
        _none(
            "missing_key_n",
            "column {column_name} is missing, which waves.csv names as {word}",
            "deliver it or correct waves.csv",
        ),
        _none(
            "missing_n",
            "column {column_name} (item {item}) is missing",
            f"deliver it, or close its row of {table} with the wave before in year_to",
        ),
        _none(
            "unknown_n",
            f"column {{column_name}} is not known, {table} has no row for it",
            "add one, or one with an ignored_reason",
        ),
    )


def codes_expectations(year: int) -> tuple[Expectation, ...]:
    """What is expected of a column with a code list."""
    return (
        _none(
            "unknown_n",
            "{said} stand in no row of code list {code_list}",
            f"correct the file, or give the column a list with them from {year} on",
        ),
    )


def routing_expectations() -> tuple[Expectation, ...]:
    """What is expected of who answered an item; the warehouse holds the same of landed files."""
    filters = "correct the universe in codebook/routing.csv"
    meaning = f"{filters}, what the code means in codebook/code_lists.csv, or the file"
    return (
        _within(
            "outside_pct",
            "outside_limit",
            "{outside_n} respondents answered {columns} although universe {universe} leads them past it "
            "({outside_pct:.1f} % of the {asked_n} asked; {outside_limit:g} % are allowed)",
            f"{filters}, or the file",
        ),
        _within(
            "blank_pct",
            "blank_limit",
            "{blank_n} of the {asked_n} respondents asked left {columns} blank (universe {universe}; "
            "{blank_pct:.1f} %, and {blank_limit:g} % are allowed)",
            f"{filters} or the file, or add a row for the item to blank_share in codebook/limits.csv",
        ),
        _within(
            "coded_past_pct",
            "outside_limit",
            "a code of {columns} means _not_asked for {coded_past_n} of the {routed_n} respondents of "
            "universe {universe} ({coded_past_pct:.1f} %; {outside_limit:g} % are allowed)",
            meaning,
        ),
        _within(
            "coded_asked_pct",
            "outside_limit",
            "a code of {columns} means _no_answer for {coded_asked_n} respondents whom "
            "universe {universe} leads past it ({coded_asked_pct:.1f} % of the {routed_n} asked; {outside_limit:g} % "
            "are allowed)",
            meaning,
        ),
    )


def drift_expectations(limits: Sequence[Limit]) -> tuple[Expectation, ...]:
    """What is expected of a coded answer's share beside the wave before; the marts gate says how to go on."""
    (held,) = mart_suites(limits)["drift"].expectations
    return (
        replace(
            held,
            finding="the share of answer {answer} of item {item} is {now:.1f} %, and was {before:.1f} % in {other}, "
            "{within} ({allowed:.3g} points are allowed, by {allowed_by})",
        ),
    )


def scales_expectations(limits: Sequence[Limit]) -> tuple[Expectation, ...]:
    """What is expected of the order of an item's answers beside the wave before."""
    (held,) = mart_suites(limits)["scales"].expectations
    return (
        replace(
            held,
            finding="{turned} in {columns}, as it looks: the answers are {apart:.1f} points away from those of "
            "{other}, and in that order {apart_turned:.1f} ({allowed:g} are allowed)",
        ),
    )


def door_suites(wave: Wave, place: str, table: str, limits: Sequence[Limit]) -> dict[str, Suite]:
    """Suites of the door beside those of the raw gate, by what they are about.

    Args:
        wave: The wave.
        place: The delivered file as shown.
        table: Path of columns.csv as shown.
        limits: All limits.
    """
    held = {
        "columns": (("column_name",), columns_expectations(table)),
        "codes": (("column",), codes_expectations(wave.year)),
        "routing": (("item",), routing_expectations()),
        "drift": (("column", "code"), drift_expectations(limits)),
        "scales": (("item",), scales_expectations(limits)),
    }
    return {
        name: Suite(f"door_{name}", place, expectations, wave.survey, wave.year, keys)
        for name, (keys, expectations) in held.items()
    }


def _not_looked_at(now: tables.Answers, compared: bool) -> list[str]:
    """Notes about what cannot be said before other findings are mended."""
    notes = []
    unsound = [item for item in now.items if item not in now.sound]
    if unsound:
        more = f" and {len(unsound) - ITEMS_SHOWN} more" if len(unsound) > ITEMS_SHOWN else ""
        items = ", ".join(unsound[:ITEMS_SHOWN])
        notes.append(
            f"Who was asked and how the answers moved is not looked at yet for items {items}{more}: a column of "
            "theirs, or of who is asked them, comes first."
        )
    if compared and now.weights is None:
        notes.append("How the answers moved is not looked at yet: the weights come first.")
    return notes


def _answer_batches(
    suites: dict[str, Suite], now: tables.Answers, before: tables.Answers | None, limits: Sequence[Limit]
) -> list[Batch]:
    batches = [Batch(suites["routing"], tables.routing_frame(now, limits))]
    if before:
        batches += [
            Batch(suites["drift"], tables.drift_frame(now, before, limits)),
            Batch(suites["scales"], tables.scales_frame(now, before, limits)),
        ]
    # Where no row is there nothing is expected.
    return [batch for batch in batches if len(batch.frame)]


def _batches(
    staged: Settings, book: Codebook, delivery: Delivery, wave: Wave, sibling: Sibling | None, suites: dict[str, Suite]
) -> tuple[list[Batch], list[str], list[str]]:
    """Suites with their tables, what is wrong with the shape of the file, and notes."""
    limits = limits_of(book.rows("limits"))
    read = read_sibling(staged, book, wave)
    now = tables.Answers(book, read, limits)
    before = tables.Answers(book, sibling, limits) if sibling else None
    columns = tables.columns_frame(book, delivery, wave)
    batches = [
        Batch(suites["columns"], columns),
        Batch(suites["codes"], tables.codes_frame(delivery, read)),
    ]
    sentences: tuple[str, ...] = ()
    if not columns["missing_key_n"].any():
        raw = frames.raw_wave(staged, wave, frames.delivered_in(book, wave), limits)
        batches += raw.batches
        sentences = raw.sentences
    batches += _answer_batches(suites, now, before, limits)
    return batches, list(sentences), _not_looked_at(now, before is not None)


def check_delivery(
    settings: Settings, book: Codebook, delivery: Delivery, wave: Wave, sibling: Sibling | None = None
) -> WaveCheck:
    """Hold a delivered file against a codebook as the file of a wave, and against the wave before.

    Args:
        settings: Folders of the project; the pages of the results go to its build folder.
        book: The codebook, which may have rows that are in no file yet.
        delivery: The file.
        wave: The wave that it is to be; a row of the codebook's waves.csv.
        sibling: The wave before; without it nothing is said of how answers moved.

    Returns:
        What passed, what is wrong, and what could not be looked at yet.
    """
    limits = limits_of(book.rows("limits"))
    table = settings.shown(settings.codebook_dir / "columns.csv")
    suites = door_suites(wave, delivery.shown, table, limits)
    with tempfile.TemporaryDirectory(prefix="helsemonitor-door-") as folder:
        # Read from the bytes that would be landed: what passes is what the road will read.
        staged = replace(settings, seeds_dir=Path(folder) / "seeds")
        raw = raw_file(staged, wave)
        raw.parent.mkdir(parents=True)
        raw.write_bytes(as_csv(delivery))
        try:
            batches, sentences, notes = _batches(staged, book, delivery, wave, sibling, suites)
            gate = runner.run(GATE, batches, settings.data_docs_dir)
            sentences += gate.sentences
            passed = gate.passed
        except DataRefused as refused:
            sentences, notes, passed = list(refused.sentences), [], 0
        said = tuple(sentence.replace(staged.shown(raw), delivery.shown) for sentence in sentences)
    return WaveCheck(wave, delivery.respondents, passed, said, tuple(notes))
