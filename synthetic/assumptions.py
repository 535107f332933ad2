"""What the reports leave open, as small tables: plausible, smooth in time, and openly invented."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from synthetic.codebook import Item, Wave, parts, read_table
from synthetic.events import FloatArray
from synthetic.targets import Printed

FOLDER = Path(__file__).parent / "assumptions"
TABLES = ("items", "shares", "numbers", "traits", "factors", "shifts", "associations", "targets", "ranges")
DEFAULT_STAGE = 50
EVEN = "*"


@dataclass(frozen=True)
class Handling:
    """How an item is drawn.

    Args:
        stage: Background first; items of one stage keep the order of the columns.
        nonresponse: Share (0-1) of the asked who give no answer.
        exclusive: Answers that stand alone in a multi-select.
        implied: Pairs of answers: who gives the first has given the second.
    """

    stage: int
    nonresponse: float
    exclusive: frozenset[str]
    implied: tuple[tuple[str, str], ...]


class Assumptions:
    """The tables of `synthetic/assumptions`."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Read the tables.

        Args:
            folder: Folder with the CSV files.
        """
        self.tables = {name: read_table(folder / f"{name}.csv") for name in TABLES}

    def rows(self, table: str, wave: Wave) -> pd.DataFrame:
        """Rows of a table for a wave's survey and, where the table has years, its year."""
        frame = self.tables[table]
        frame = frame[frame["survey"] == wave.survey]
        if "year_from" in frame:
            first = pd.to_numeric(frame["year_from"]).fillna(-np.inf)
            last = pd.to_numeric(frame["year_to"]).fillna(np.inf)
            frame = frame[(first <= wave.year) & (last >= wave.year)]
        return frame

    def handling(self, wave: Wave, item: str) -> Handling:
        """How an item is drawn; the row `*` of the survey holds the defaults."""
        frame = self.rows("items", wave)
        default = frame[frame["item"] == EVEN].iloc[0]
        own = frame[frame["item"] == item]
        row = own.iloc[0] if len(own) else default
        return Handling(
            int(row["stage"] or default["stage"] or DEFAULT_STAGE),
            float(row["nonresponse_pct"] or default["nonresponse_pct"]) / 100,
            frozenset(parts(row["exclusive"])),
            tuple((first, second) for first, _, second in (pair.partition(">") for pair in parts(row["implies"]))),
        )

    def shares(self, wave: Wave, item: Item) -> FloatArray:
        """Assumed share (0-1) of each answer, interpolated between the years of the table.

        Answers that the table does not name share what is left to 100 evenly (single choice), or get 5 % each.

        Returns:
            Shape (answers,).
        """
        frame = self.rows("shares", wave)
        frame = frame[frame["item"] == item.item]
        result = np.full(len(item.answers), np.nan)
        for index, answer in enumerate(item.answers):
            own = frame[frame["answer"] == answer]
            if len(own):
                years, values = own["year"].astype(float), own["share_pct"].astype(float)
                order = np.argsort(years.to_numpy())
                result[index] = np.interp(wave.year, years.to_numpy()[order], values.to_numpy()[order]) / 100
        missing = np.isnan(result)
        adds_up = item.type in {"single", "scale"}
        left = max(0.02, 1.0 - np.nansum(result)) / max(1, missing.sum()) if adds_up else 0.05
        result[missing] = left
        result = np.clip(result, 1e-4, 0.995)
        return result / result.sum() if adds_up else result

    def expected(self, number: Printed, year: int) -> float:
        """Assumed level (percent) of a number in a year; 50 where the table of shares is silent."""
        frame = self.tables["shares"]
        frame = frame[(frame["survey"] == number.survey) & (frame["item"] == number.item)]
        levels = [
            float(np.interp(year, rows["year"].astype(float), rows["share_pct"].astype(float)))
            for answer, rows in frame.groupby("answer", sort=False)
            if answer in number.answers
        ]
        return sum(levels) if levels else 50.0

    def is_assumed(self, wave: Wave, item: str) -> bool:
        """Does the table of shares name the item?"""
        return bool((self.rows("shares", wave)["item"] == item).any())

    def numbers_aimed_at(self) -> list[Printed]:
        """Assumed numbers, in the words of the printed ones."""
        return [
            Printed(
                name=f"assumed:{row.survey}:{row.year}:{row.item}:{row.answers}:{row.group_key}",
                survey=row.survey,
                year=int(row.year),
                figure="",
                item=row.item,
                base_item="",
                measure=row.measure,
                answers=parts(row.answers),
                breakdown=row.breakdown,
                group=row.group_key,
                year_from=None,
                value=float(row.value),
                half=float(row.half_width),
                base=None,
                weighted=row.weighted == "yes",
            )
            for row in self.tables["targets"].itertuples()
        ]
