"""A made-up next wave of the citizens: the newest shipped one as SPSS would have it, with differences planted by name.

What the shipped codebook says is read here by the csv module.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

from helsemonitor.settings import PROJECT_DIR

SEEDS = PROJECT_DIR / "seeds"
SURVEY = "innbygger"


def rows(table: str, seeds: Path = SEEDS) -> list[dict[str, str]]:
    """Rows of a table of a codebook."""
    with (seeds / "codebook" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def holding(table: str, survey: str, year: int, seeds: Path = SEEDS) -> Iterator[dict[str, str]]:
    """Rows of a survey that hold in a year."""
    for row in rows(table, seeds):
        if row["survey"] == survey and int(row["year_from"] or year) <= year <= int(row["year_to"] or year):
            yield row


@dataclass
class MadeWave:
    """A wave as it is to be delivered.

    Args:
        frame: One row per respondent; NaN where blank.
        texts: Column -> text of its question.
        labels: Column -> code -> label.
        missing: Column -> codes that the file declares missing.
    """

    frame: pd.DataFrame
    texts: dict[str, str]
    labels: dict[str, dict[float, str]]
    missing: dict[str, list[float]] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        """Write it as an SPSS file."""
        pyreadstat.write_sav(
            self.frame,
            path,
            column_labels=self.texts,
            variable_value_labels=self.labels,
            missing_ranges=self.missing,
        )
        return path

    def rename_column(self, before: str, now: str) -> None:
        """Call a column otherwise."""
        self.frame = self.frame.rename(columns={before: now})
        self.texts[now], self.labels[now] = self.texts.pop(before), self.labels.pop(before)

    def add_question(self, column: str, text: str, labels: dict[float, str], random: np.random.Generator) -> None:
        """Ask everybody something new."""
        self.frame = self.frame.copy()
        self.frame.insert(20, column, random.choice(list(labels), len(self.frame)))
        self.texts[column], self.labels[column] = text, labels

    def drop_question(self, column: str) -> None:
        """Leave a question out."""
        self.frame = self.frame.drop(columns=column)
        self.texts.pop(column), self.labels.pop(column)

    def insert_answer(self, column: str, code: float, label: str, random: np.random.Generator) -> None:
        """Put an answer into a scale: the codes from its own on move up, and a tenth of those who answered give it."""
        answers = self.frame[column]
        self.frame[column] = answers.where(~(answers >= code), answers + 1)
        moved = {known + (known >= code): label for known, label in self.labels[column].items()}
        self.labels[column] = moved | {code: label}
        self.frame.loc[answers.notna() & (random.random(len(answers)) < 0.1), column] = code

    def ask_only(self, column: str, of: str, label: str) -> None:
        """Ask a question only of those who gave one answer of another."""
        (code,) = (code for code, known in self.labels[of].items() if known == label)
        self.frame.loc[self.frame[of] != code, column] = np.nan

    def turn_scale(self, column: str, steps: int) -> None:
        """Let the first steps of a scale run the other way."""
        turned = sorted(self.labels[column])[:steps]
        there = dict(zip(turned, reversed(turned), strict=True))
        self.frame[column] = self.frame[column].replace(there)
        self.labels[column] = {there.get(code, code): label for code, label in self.labels[column].items()}

    def declare_missing(self, column: str, code: float, random: np.random.Generator) -> None:
        """Let a twentieth of the respondents have a code that the file calls missing."""
        self.frame.loc[random.random(len(self.frame)) < 0.05, column] = code
        self.missing[column] = [code]

    def tick_only(self, stem: str) -> list[str]:
        """Leave the 0 of a set of boxes away; the set's columns are returned."""
        ticks = [column for column in self.frame if str(column).startswith(stem)]
        self.frame[ticks] = self.frame[ticks].replace(0.0, np.nan)
        self.labels.update({column: {1.0: self.labels[column][1.0]} for column in ticks})
        return ticks


def newest(seeds: Path = SEEDS) -> MadeWave:
    """The newest wave of citizens with labels of its code lists."""
    year = max(int(row["year"]) for row in rows("waves", seeds) if row["survey"] == SURVEY)
    with (seeds / "raw" / f"{SURVEY}_{year}.csv").open(encoding="utf-8", newline="") as file:
        frame = pd.DataFrame(list(csv.DictReader(file)))
    labels = {(row["survey"], row["item"]): row["label_no"] for row in rows("items", seeds)}
    answers = {(row["answer_set"], row["answer"]): row["label_no"] for row in rows("answers", seeds)}
    sets = {(row["survey"], row["item"]): row["answer_set"] for row in rows("items", seeds)}
    lists = rows("code_lists", seeds)
    texts: dict[str, str] = {}
    codes: dict[str, dict[float, str]] = {}
    for row in holding("columns", SURVEY, year, seeds):
        column, item = row["column_name"], (SURVEY, row["item"])
        if row["ignored_reason"] or column not in frame:
            continue
        option = answers.get((sets[item], row["option"]), "")
        texts[column] = ": ".join(text for text in (labels[item], option) if text)
        codes[column] = {
            float(code["code"]): code["label"] or answers[sets[item], code["answer"]]
            for code in lists
            if code["code_list"] == row["code_list"]
        }
        frame[column] = pd.to_numeric(frame[column])
    frame["vekt"] = pd.to_numeric(frame["vekt"])
    return MadeWave(frame, texts, {column: known for column, known in codes.items() if known})
