"""The draft of a whole codebook for a survey that has none, from one or several of its files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.reading import Rows, read_table
from helsemonitor.codebook.schema import tables
from helsemonitor.codebook.waves import Wave
from helsemonitor.errors import DataRefused, refusal
from helsemonitor.landing.comparison import Comparison, profile_of
from helsemonitor.landing.delivery import Delivery
from helsemonitor.landing.differences import WEIGHT_NAME, differences
from helsemonitor.landing.profiles import Profile
from helsemonitor.landing.sibling import as_sibling
from helsemonitor.limits import read_limits
from helsemonitor.proposals.draft import Draft
from helsemonitor.proposals.edits import Edit, edited
from helsemonitor.proposals.new_items import draft_question, questions
from helsemonitor.proposals.propose import propose
from helsemonitor.settings import Settings
from helsemonitor.wave_ids import unclear_waves

# Weights have a mean of about 1, whatever a column of kilograms is called; a few may be missing, which is for the gate.
USUAL_MEAN, MOSTLY = (0.1, 10.0), 0.9
POSITIVE = re.compile(r"[0-9]+([.,][0-9]+)?|[.,][0-9]+")
# What background questions are called, in their names or texts, in Norwegian and in English.
BACKGROUND = re.compile(
    r"\b(kjønn|kjonn|sex|gender|alder|aldersgruppe|age|age group|fylke|county|landsdel|region|kommune|utdanning|"
    r"educat\w*|yrke|occupat\w*|sentralitet)\b",
    re.IGNORECASE,
)
AGE = re.compile(r"\b(alder|age)\b", re.IGNORECASE)
# Age groups that official statistics use, with their labels.
AGE_GROUPS = (("", "29", "Under 30"), ("30", "49", "30-49"), ("50", "66", "50-66"), ("67", "", "67+"))


@dataclass(frozen=True)
class DraftedSurvey:
    """A drafted survey.

    Args:
        book: The codebook with it.
        edits: The rows that were added.
        waves: Its waves, in order.
    """

    book: Codebook
    edits: tuple[Edit, ...]
    waves: tuple[Wave, ...]


def _base(settings: Settings) -> Codebook:
    """The codebook of the seeds folder; tables that are not there have no rows, or the project's own."""
    reads = {}
    for name, table in tables().items():
        path = settings.seeds_dir / table.folder / f"{name}.csv"
        is_there = path.exists() or table.presence != "required"
        reads[name] = read_table(settings, name) if is_there else Rows(table, settings.shown(path), ())
    return Codebook(reads)


def _weights(columns: Sequence[Profile]) -> str:
    """The column that is called a weight and holds positive numbers around 1, or blanks; empty where there is none."""
    for column in columns:
        numbers = [float(cell.replace(",", ".")) for cell in column.cells if POSITIVE.fullmatch(cell)]
        is_weight = numbers and len(numbers) >= MOSTLY * column.respondents and USUAL_MEAN[0] < np.mean(numbers)
        if WEIGHT_NAME.search(f"{column.name} {column.label}") and is_weight and np.mean(numbers) < USUAL_MEAN[1]:
            return column.name
    return ""


def _ids(delivery: Delivery, columns: Sequence[Profile], weights: str) -> str:
    """The first column with another value in every row.

    Raises:
        DataRefused: There is none.
    """
    found = [
        column.name
        for column in columns
        if len(column.counts) == column.respondents == column.answered and column.name != weights
    ]
    if not found:
        raise refusal(
            delivery.shown,
            "no column has another value in every row, to identify the respondents",
            "deliver it with their ids",
        )
    return found[0]


def _first_wave(draft: Draft, delivery: Delivery) -> Wave:
    columns = [profile_of(column) for column in delivery.columns]
    weights = _weights(columns)
    respondent = _ids(delivery, columns, weights)
    draft.add(
        "surveys",
        title_no=draft.survey,
        population_no="",
        inference_scope="population" if weights else "sample_only",
    )
    wave = Wave(draft.survey, draft.year, delivery.respondents, respondent, weights, "", "", "provisional")
    draft.add(
        "waves",
        year=str(wave.year),
        respondents=str(wave.respondents),
        respondent_column=respondent,
        weight_column=weights,
        source="delivered",
        status=wave.status,
        reviewed="no",
    )
    draft.add("breakdowns", breakdown="total", group_key="total", label_no="Alle", label_en="All", sort_order="1")
    asked = [column for column in columns if column.name not in (respondent, weights)]
    for question in questions(asked, delivery):
        mapped = draft.book.columns_of(draft.survey, draft.year)
        holds = {name: (row["item"], row["option"]) for name, row in mapped.items()}
        item = draft_question(draft, question, columns, holds)
        if item:
            _background(draft, item, question.columns[0])
    return wave


def _background(draft: Draft, item: str, column: Profile) -> None:
    """Groups of a background question: an answer each, or the usual groups of age."""
    row = draft.book.items[draft.survey, item]
    words = f"{column.name.replace('_', ' ')} {row['label_no']}"
    if row["type"] == "number" and AGE.search(words) and _are_ages(column):
        draft.change("items", row, theme="background")
        for place, (low, high, label) in enumerate(AGE_GROUPS, start=1):
            draft.add(
                "breakdowns",
                breakdown=f"{item}_group",
                group_key=f"from_{low or 0}",
                source_item=item,
                min_value=low,
                max_value=high,
                label_no=label,
                sort_order=str(place),
            )
    elif row["type"] == "single" and BACKGROUND.search(words):
        draft.change("items", row, theme="background")
        for answer, known in draft.book.answers_of(draft.survey, item).items():
            draft.add(
                "breakdowns",
                breakdown=item,
                group_key=answer,
                source_item=item,
                answers=answer,
                label_no=known["label_no"],
                label_en=known["label_en"],
                sort_order=known["sort_order"],
            )


def _are_ages(column: Profile) -> bool:
    numbers = np.array([float(cell.replace(",", ".")) for cell in column.counts])
    return bool(numbers.size and numbers.min() >= 0 and numbers.max() <= 120)


def _next_wave(
    settings: Settings, book: Codebook, before: Wave, earlier: Delivery, delivery: Delivery, year: int
) -> tuple[Wave, tuple[Edit, ...]]:
    """Rows for one more wave, by the one before."""
    texts = {column.name: column.label for column in earlier.columns if column.label}
    columns = [(column.name, profile_of(column).cells) for column in earlier.columns]
    sibling = as_sibling(book, before, columns, texts)
    now = [profile_of(column) for column in delivery.columns]
    found = differences(book, read_limits(settings), sibling, now, year)
    comparison = Comparison(delivery, sibling, found, False)
    wave, proposals = propose(book, comparison, before.survey, year, delivery.respondents)
    edits = [edit for proposal in proposals for edit in proposal.edits]
    return wave, tuple(
        replace(edit, after={**edit.after, "reviewed": "no"}) if edit.table == "waves" and edit.after else edit
        for edit in edits
    )


def draft_survey(settings: Settings, survey: str, deliveries: Sequence[tuple[int, Delivery]]) -> DraftedSurvey:
    """Draft the codebook of a survey: the first wave by itself, each later one by the wave before.

    Args:
        settings: Folders of the project; what is in the codebook already stays.
        survey: Survey id.
        deliveries: Year and file of each wave.

    Raises:
        DataRefused: The survey is there already, two files have one year, no column identifies the respondents, or a
            wave's name is none or like another wave's.
    """
    book = _base(settings)
    in_order = sorted(deliveries, key=lambda delivered: delivered[0])
    years = [year for year, _ in in_order]
    if any(row["survey"] == survey for table in ("surveys", "waves") for row in book.rows(table)):
        raise DataRefused([f"{book.shown('surveys')} has survey {survey} already; land its next wave instead."])
    if twice := sorted({year for year in years if years.count(year) > 1}):
        raise DataRefused([f"Two files are of {twice[0]}; give each its own --year."])
    year, delivery = in_order[0]
    draft = Draft(book, survey, year)
    waves = [_first_wave(draft, delivery)]
    edits = list(draft.take())
    book = draft.book
    for (_, earlier), (year, delivery) in pairwise(in_order):
        wave, more = _next_wave(settings, book, waves[-1], earlier, delivery, year)
        book = edited(book, more)
        edits += more
        waves.append(wave)
    if not any(row["survey"] == survey for row in book.rows("items")):
        raise refusal(in_order[0][1].shown, "no column holds a question that can be counted", "deliver its answers")
    declared = [
        Wave(row["survey"], int(row["year"]), 0, "", "", "", row["wave"])
        for row in book.rows("waves")
        if row["year"].isdecimal()
    ]
    if sentences := unclear_waves(declared, book.shown("waves")):
        raise DataRefused(sentences)
    return DraftedSurvey(book, tuple(edits), tuple(waves))
