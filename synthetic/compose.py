"""Composes a whole wave, item by item, and writes it as its raw file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from synthetic.assumptions import FOLDER, Assumptions
from synthetic.codebook import Codebook, Column, Wave, read_table
from synthetic.drawing import ItemDrawer, Miss, generator_for
from synthetic.events import Sample, items_of
from synthetic.targets import Printed, Translator, aims, read_printed
from synthetic.weights import draw_weights, is_ready

EXCEPTIONS = "published_exceptions.csv"
ATTEMPTS = 4


@dataclass(frozen=True)
class Composed:
    """A finished wave: its file as a frame of text, and the printed numbers it misses."""

    name: str
    frame: pd.DataFrame
    misses: list[Miss]

    @property
    def exact_misses(self) -> int:
        """Printed numbers missed, without those that print only says roughly."""
        return sum(miss.is_exact for miss in self.misses)


class Project:
    """Everything the generator reads."""

    def __init__(self, seeds: Path, assumptions: Path = FOLDER) -> None:
        """Read codebook, printed numbers and assumptions.

        Args:
            seeds: Seeds folder with `codebook` and `published`.
            assumptions: Folder of the assumption tables.
        """
        self.codebook = Codebook(seeds / "codebook")
        self.assumptions = Assumptions(assumptions)
        exceptions = seeds / "published" / EXCEPTIONS
        set_aside = frozenset(self.assumptions.tables["ranges"]["result_id"])
        if exceptions.exists():
            # A base that contradicts itself leaves its number to aim at.
            set_aside |= frozenset(
                row["result_id"] for row in read_table(exceptions).to_dict("records") if row.get("concerns") != "base"
            )
        printed = read_printed(seeds / "published" / "published_results.csv", set_aside)
        printed += self.assumptions.numbers_aimed_at()
        moved, implied = aims(printed, self.assumptions.expected)
        self.printed: list[Printed] = printed + implied
        self.moved: dict[str, float] = moved


def order_of_items(wave: Wave, assumptions: Assumptions) -> list[str]:
    """Order of drawing: by stage, then by column, and no item before those that route it.

    Args:
        wave: The wave.
        assumptions: Stages.

    Returns:
        All items the wave delivers.
    """
    position = {item: index for index, item in enumerate(wave.items)}
    waiting = sorted(position, key=lambda item: (assumptions.handling(wave, item).stage, position[item]))
    ordered: list[str] = []
    while waiting:
        ready = next((item for item in waiting if items_of(wave.universe(item)) <= set(ordered)), None)
        if ready is None:
            raise ValueError(f"{wave.name}: the routing of {', '.join(waiting)} goes in a circle; mend routing.csv")
        ordered.append(ready)
        waiting.remove(ready)
    return ordered


def compose(project: Project, survey: str, year: int) -> Composed:
    """Draw all items of a wave; again with other random numbers if a printed number is missed.

    A share of a small group may be out of reach once the group's size is drawn (no number of persons is 11 % of 43),
    and which sizes occur is chance.

    Args:
        project: What is read.
        survey: Survey id.
        year: Year of the wave.

    Returns:
        The first wave without an exact number missed, or the one with fewest.
    """
    wave = Wave(project.codebook, survey, year)
    best: Composed | None = None
    for attempt in range(ATTEMPTS):
        composed = _attempt(project, wave, attempt)
        if best is None or composed.exact_misses < best.exact_misses:
            best = composed
        if not best.exact_misses:
            break
    if best is None:
        raise ValueError(f"{wave.name}: nothing composed")
    return best


def _attempt(project: Project, wave: Wave, attempt: int) -> Composed:

    def always_answered(item: str) -> bool:
        return project.assumptions.handling(wave, item).nonresponse == 0

    targets = Translator(project.codebook, wave, always_answered).translate(project.printed, project.moved)
    sample = Sample(wave.size, np.ones(wave.size))
    drawer = ItemDrawer(wave, project.assumptions, sample, targets, attempt)
    population = project.codebook.rows("population", wave.survey)
    population = population[population["year"] == str(wave.year)]
    needs_weights = bool(wave.row["weight_column"])
    misses: list[Miss] = []
    for item in order_of_items(wave, project.assumptions):
        misses += drawer.draw(wave.items[item])
        if needs_weights and is_ready(wave, population, sample):
            sample.weights = draw_weights(wave, population, sample, generator_for(wave.name, "weights", attempt))
            needs_weights = False
    return Composed(wave.name, frame_of(wave, sample), misses)


def compose_from(seeds: Path, wave: tuple[str, int]) -> Composed:
    """Read the seeds and compose one wave; a process of its own can call it."""
    return compose(Project(seeds), *wave)


def frame_of(wave: Wave, sample: Sample) -> pd.DataFrame:
    """The wave as delivered: respondents in random order, codes as text, blanks where nothing was answered.

    Args:
        wave: The wave.
        sample: Complete sample.

    Returns:
        One row per respondent, columns in the codebook's order.
    """
    order = generator_for(wave.name, "order").permutation(sample.size)
    numbers = np.char.zfill(np.arange(1, sample.size + 1).astype(str), len(str(sample.size)))
    cells: dict[str, object] = {wave.row["respondent_column"]: [f"{wave.year % 100}{number}" for number in numbers]}
    if wave.row["weight_column"]:
        cells[wave.row["weight_column"]] = [f"{weight:.6f}" for weight in sample.weights[order]]
    for column in wave.columns:
        cells[column.name] = _cells(column, sample)[order] if not column.ignored else np.full(sample.size, "")
    return pd.DataFrame(cells)


def _cells(column: Column, sample: Sample) -> np.ndarray:
    """Codes of one column for all respondents, shape (respondents,)."""
    space, choice = sample.spaces[column.item], sample.choice[column.item]
    codes = np.full(space.size + 1, "", dtype=object)
    for pattern in range(space.size - 1):
        codes[pattern] = _code(column, space.answers, space.has[pattern], space.points[pattern])
    return codes[choice]


def _code(column: Column, answers: tuple[str, ...], has: np.ndarray, points: np.ndarray) -> str:
    if column.option and column.codes:
        return column.codes["selected" if has[answers.index(column.option)] else "not_selected"]
    if column.option:
        return f"{points[answers.index(column.option)]:.0f}" if points.any() else ""
    if not column.codes:
        return f"{points[0]:.0f}"
    return column.codes[answers[int(np.flatnonzero(has)[0])]]


def write(composed: Composed, folder: Path) -> str:
    """Write a wave's file.

    Args:
        composed: The wave.
        folder: Where raw files lie.

    Returns:
        SHA-256 of the file.
    """
    content = composed.frame.to_csv(index=False, lineterminator="\n").encode()
    (folder / f"{composed.name}.csv").write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def record_hashes(waves_csv: Path, hashes: dict[str, str]) -> None:
    """Fill the sha256 column of waves.csv for the files written.

    Args:
        waves_csv: The table; other cells stay as they are.
        hashes: Hash per wave name.
    """
    frame = read_table(waves_csv)
    names = frame["survey"] + "_" + frame["year"]
    frame["sha256"] = [hashes.get(name, old) for name, old in zip(names, frame["sha256"], strict=True)]
    frame.to_csv(waves_csv, index=False, lineterminator="\n")
