"""Whatever is done to a delivered file, it is read or refused in sentences; none of them shows a cell.

The edits are the same in every run. `HELSEMONITOR_FUZZ=20` makes 20 times as many, others each time.
"""

import gzip
import json
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helsemonitor.errors import DataRefused
from helsemonitor.landing.delivery import as_csv
from helsemonitor.landing.formats import read_delivery
from tests.unit import delivered_files as files

SHOWN = "landing/it"
TIMES = int(os.environ.get("HELSEMONITOR_FUZZ") or 1)
# Parts of the marked cells, since an edit may cut one.
FRAGMENTS = ("emmeli", "4711")
# Bytes that mean something to one format or another.
TELLING = [b"\0", b"\xff", b'"', b",", b";", b"\n", b"\r", b"\xe6", b"\xc3", b"<", b"\xff\xff\xff\x7f", b"\0" * 8]
STRUCTURE = 'a1æ,;\t|"\n\r \u00a0='
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "behead", "take", "put", "write", "repeat"]),
        st.integers(0, (1 << 16) - 1),
        st.integers(1, 120),
        st.sampled_from(TELLING) | st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=4,
)
Edits = Sequence[tuple[str, int, int, bytes]]


def examples(count: int) -> Callable:
    """So many examples, the same in every run unless more are asked for."""
    return settings(
        max_examples=count * TIMES,
        derandomize=TIMES == 1,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def edited(content: bytes, edits: Edits) -> bytes:
    """A file after some edits; a place is a share of its length, in 65,536ths."""
    for kind, place, length, new in edits:
        at = place * len(content) >> 16
        before, after = content[:at], content[at:]
        content = {
            "flip": before + bytes(byte ^ length for byte in after[:1]) + after[1:],
            "cut": before,
            "behead": content[length:],
            "take": before + after[length:],
            "put": before + new + after,
            "write": before + new + after[len(new) :],
            "repeat": before + after[:length] + after,
        }[kind]
    return content


def hold(sentences: Sequence[str]) -> None:
    """Sentences name the file and show no cell."""
    assert sentences
    for sentence in sentences:
        assert sentence.startswith(SHOWN)
        assert sentence.endswith(".")
        assert not [fragment for fragment in FRAGMENTS if fragment in sentence]


def read_or_refused(path: Path) -> dict[str, list[str]] | None:
    """Columns of a file, where it is not refused."""
    try:
        delivery = read_delivery(path, SHOWN)
    except DataRefused as refusal:
        hold(refusal.sentences)
        return None
    assert {len(column.cells) for column in delivery.columns} == {delivery.respondents}
    assert len(set(delivery.names)) == len(delivery.names)
    assert as_csv(delivery)
    return {column.name: list(column.cells) for column in delivery.columns}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def good(folder: Path) -> Callable[[str], bytes]:
    """Bytes of a small file by its ending."""

    @cache
    def content(ending: str) -> bytes:
        files.WRITERS[ending](folder / f"good{ending}", files.SMALL)
        return (folder / f"good{ending}").read_bytes()

    return content


def test_the_good_files_are_read(folder: Path, good: Callable[[str], bytes]) -> None:
    for ending in files.WRITERS:
        assert good(ending)
        assert read_or_refused(folder / f"good{ending}") == files.SMALL


def fuzz_bytes(ending: str, folder: Path, content: bytes, count: int) -> None:
    path = folder / f"it{ending}"

    @examples(count)
    @given(EDITS)
    def run(edits: Edits) -> None:
        path.write_bytes(edited(content, edits))
        read_or_refused(path)

    run()


@pytest.mark.parametrize(
    ("ending", "count"),
    [(".csv", 400), (".csv.gz", 200), (".xlsx", 200), (".parquet", 200), (".sav", 8), (".zsav", 4)],
)
def test_edited_files(folder: Path, good: Callable[[str], bytes], ending: str, count: int) -> None:
    fuzz_bytes(ending, folder, good(ending), count)


def test_edited_text_that_is_packed_again(folder: Path, good: Callable[[str], bytes]) -> None:
    path, content = folder / "packed.csv.gz", good(".csv")

    @examples(100)
    @given(EDITS)
    def run(edits: Edits) -> None:
        path.write_bytes(gzip.compress(edited(content, edits), compresslevel=1))
        read_or_refused(path)

    run()


def test_edited_parts_of_a_workbook(folder: Path, good: Callable[[str], bytes]) -> None:
    """The parts that are packed are whole again, so that openpyxl meets every edit."""
    good(".xlsx")
    with zipfile.ZipFile(folder / "good.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    path = folder / "parts.xlsx"

    @examples(300)
    @given(st.sampled_from(sorted(parts)), EDITS)
    def run(name: str, edits: Edits) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for part, content in parts.items():
                archive.writestr(part, edited(content, edits) if part == name else content)
        read_or_refused(path)

    run()


class ManySpssFiles:
    """Reads one SPSS file after another in a process of its own, which takes a thousandth of the time of one each.

    Each way through it is a length, the bytes, and an answer in JSON on a line.
    """

    CODE = """
import io, json, resource, struct, sys
from helsemonitor.errors import DataRefused
from helsemonitor.landing.spss import read_here
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
while length := sys.stdin.buffer.read(4):
    content = sys.stdin.buffer.read(*struct.unpack("<I", length))
    try:
        answer = read_here(io.BytesIO(content), sys.argv[1])
    except DataRefused as refused:
        answer = {"sentences": refused.sentences}
    print(json.dumps(answer), flush=True)
"""

    def __init__(self) -> None:
        self.ends = 0
        self.start()

    def start(self) -> None:
        """Begin anew."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.CODE, SHOWN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        """End the process that was begun."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, content: bytes) -> dict | None:
        """The answer, or nothing where the file ended the process."""
        self.process.stdin.write(struct.pack("<I", len(content)) + content)
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.stop()
        assert self.process.returncode < 0, "the reader of SPSS files raised what is no refusal"
        self.ends += 1
        self.start()
        return None


@pytest.fixture(scope="module")
def many() -> Iterator[ManySpssFiles]:
    many = ManySpssFiles()
    yield many
    many.stop()


@pytest.mark.parametrize(("ending", "count"), [(".sav", 400), (".zsav", 200)])
def test_edited_spss_files(many: ManySpssFiles, good: Callable[[str], bytes], ending: str, count: int) -> None:
    @examples(count)
    @given(EDITS)
    def run(edits: Edits) -> None:
        answer = many.ask(edited(good(ending), edits))
        if answer and "sentences" in answer:
            hold(answer["sentences"])

    run()


def test_any_text_as_a_file(folder: Path) -> None:
    path = folder / "text.csv"

    @examples(200)
    @given(st.text(STRUCTURE), st.sampled_from(["utf-8", "cp1252", "utf-16"]))
    def run(text: str, encoding: str) -> None:
        path.write_bytes(text.encode(encoding))
        read_or_refused(path)

    run()


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".xlsx", ".parquet"])
def test_any_cells_come_through_or_are_refused(folder: Path, ending: str) -> None:
    path = folder / f"cells{ending}"

    @examples(40)
    @given(st.lists(st.tuples(st.text(STRUCTURE) | st.text(), st.text()), min_size=1, max_size=4))
    def run(rows: list[tuple[str, str]]) -> None:
        first, second = zip(*rows, strict=True)
        columns = {"id": [str(place) for place in range(len(rows))], "første": list(first), "andre": list(second)}
        files.WRITERS[ending](path, columns)
        assert read_or_refused(path) in (columns, None)

    run()
