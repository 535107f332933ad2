"""Whatever is done to a good delivery: it lands as what it is, or is refused in sentences and nothing has changed.

A thousand edits of bytes and of cells, the same in every run; `HELSEMONITOR_FUZZ=20` makes 20 times as many, others
each time. What landed is held against the edited file as pandas reads it, another reader than the project's.
"""

import gzip
import hashlib
import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from expectations import runner
from helsemonitor.errors import DataRefused
from helsemonitor.settings import PROJECT_DIR, Settings
from orchestration.landing import land
from tests.unit.test_delivery_fuzz import EDITS, TIMES, Edits, edited

CYCLISTS = PROJECT_DIR / "tests" / "fixtures" / "cyclists"
# Stands in every id and every note; no sentence may show it, whole or in part.
MARK, FRAGMENTS = "hemmelig4711", ("emmeli", "4711")
YEAR = 2024
WRONG = ["Q", "77", "-", "=1+1", "ÆØÅ", "1,5", "NaN", " ", "0x1", MARK, "Y;N", '"', "\t", "1e400", "9999999999"]


def examples(count: int) -> Callable:
    """So many examples; a failing one is shown as it is, since each takes a second."""
    return hypothesis_settings(
        max_examples=count * TIMES,
        derandomize=TIMES == 1,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


def newest() -> pd.DataFrame:
    """The newest wave of the small survey as text, with marked ids and an open text."""
    frame = pd.read_csv(CYCLISTS / "raw" / "cyclists_2023.csv", dtype=str, keep_default_na=False)
    return frame.assign(rid=MARK + frame["rid"], note=[MARK if row % 3 else "" for row in range(len(frame))])


class Door:
    """A survey's folder and its door; what stands in it is the same before every delivery."""

    def __init__(self, home: Path) -> None:
        self.home, self.seeds = home, home / "seeds"
        shutil.copytree(CYCLISTS, self.seeds)
        with (self.seeds / "codebook" / "columns.csv").open("a", encoding="utf-8") as file:
            file.write("cyclists,note,,,,,,,open text is never read\n")
        self.raw = self.seeds / "raw" / f"cyclists_{YEAR}.csv"
        self.settings = Settings(PROJECT_DIR, self.seeds, home / "build")
        self.before = self._digests()
        self.landed = self.refused = 0

    def _digests(self) -> dict[str, str]:
        found = sorted(path for path in self.seeds.rglob("*") if path.is_file())
        return {str(path.relative_to(self.seeds)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}

    def receive(self, path: Path, read: Callable[[bytes], pd.DataFrame]) -> None:
        """Land a file, and hold what came of it."""
        self.raw.unlink(missing_ok=True)
        shutil.rmtree(self.settings.landing_dir, ignore_errors=True)
        refused = self._refusal_of(path)
        if refused is None:
            self.landed += 1
            landed, there = pd.read_csv(self.raw, dtype=str, keep_default_na=False), read(path.read_bytes())
            assert list(landed) == [str(name).strip() for name in there]
            assert landed.to_numpy().tolist() == there.to_numpy().tolist()
            assert {**self._digests(), **self.before} == self._digests(), "nothing else was touched"
            return
        self.refused += 1
        assert refused.sentences
        for sentence in refused.sentences:
            assert sentence.endswith("."), sentence
            # The copy is called by the digest of its bytes, which may hold any digits.
            said = sentence.split("/rejected/")[0]
            assert not [fragment for fragment in FRAGMENTS if fragment in said], "a cell in a sentence"
        assert any(path.name in sentence for sentence in refused.sentences[:-1]), refused.sentences
        assert self._digests() == self.before

    def _refusal_of(self, path: Path) -> DataRefused | None:
        try:
            land(self.settings, path, "cyclists", YEAR)
        except DataRefused as refused:
            return refused
        return None


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with pytest.MonkeyPatch.context() as patch:
        # Pages take half of the time and say the same.
        patch.setattr(runner, "write_pages", lambda *_: None)
        yield Door(tmp_path_factory.mktemp("door"))


def without_blank_rows(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame != "").any(axis=1)]


def from_text(content: bytes) -> pd.DataFrame:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    return without_blank_rows(pd.read_csv(io.StringIO(text, newline=""), dtype=str, keep_default_na=False))


def from_packed(content: bytes) -> pd.DataFrame:
    return from_text(gzip.decompress(content))


def from_workbook(content: bytes) -> pd.DataFrame:
    return without_blank_rows(pd.read_excel(io.BytesIO(content), dtype=str, keep_default_na=False))


def from_parquet(content: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(content)).fillna("").astype(str)


def to_workbook(frame: pd.DataFrame) -> bytes:
    written = io.BytesIO()
    frame.to_excel(written, index=False, engine="xlsxwriter")
    return written.getvalue()


FORMATS: dict[str, tuple[Callable[[pd.DataFrame], bytes], Callable[[bytes], pd.DataFrame], int]] = {
    ".csv": (lambda frame: frame.to_csv(index=False).encode(), from_text, 500),
    ".csv.gz": (lambda frame: gzip.compress(frame.to_csv(index=False).encode()), from_packed, 150),
    ".xlsx": (to_workbook, from_workbook, 150),
    ".parquet": (lambda frame: frame.to_parquet(), from_parquet, 150),
}


@pytest.mark.parametrize("ending", FORMATS)
def test_edited_bytes(door: Door, tmp_path: Path, ending: str) -> None:
    write, read, count = FORMATS[ending]
    good, path = write(newest()), tmp_path / f"delivered{ending}"
    path.write_bytes(good)
    door.receive(path, read)
    assert door.landed, "the file as it was lands"

    @examples(count)
    @given(EDITS)
    def run(edits: Edits) -> None:
        path.write_bytes(edited(good, edits))
        door.receive(path, read)

    run()


def test_edited_spss_files(door: Door, tmp_path: Path) -> None:
    """Few, since each is read in a process of its own; the reader alone meets many more in a test of its own."""
    path = tmp_path / "delivered.sav"
    pyreadstat.write_sav(newest(), path)
    good = path.read_bytes()

    def read(content: bytes) -> pd.DataFrame:
        copy = tmp_path / "copy.sav"
        copy.write_bytes(content)
        return pyreadstat.read_sav(copy)[0].astype(str)

    door.receive(path, read)

    @examples(15)
    @given(EDITS)
    def run(edits: Edits) -> None:
        path.write_bytes(edited(good, edits))
        door.receive(path, read)

    run()


def test_edited_cells(door: Door, tmp_path: Path) -> None:
    """What no code list, weight or id may be, in a few cells of one column; or one column called otherwise."""
    frame, path = newest(), tmp_path / "delivered.csv"
    names = list(frame)

    @examples(60)
    @given(st.sampled_from(names), st.sampled_from(WRONG), st.integers(1, 40), st.booleans())
    def run(name: str, wrong: str, count: int, is_name: bool) -> None:
        changed = frame.copy()
        if is_name:
            changed = changed.rename(columns={name: wrong.strip() or name})
        else:
            changed.loc[: count - 1, name] = wrong
        path.write_bytes(changed.to_csv(index=False).encode())
        door.receive(path, from_text)

    run()
