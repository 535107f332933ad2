"""Delimited text as it is delivered, plain or packed by gzip, read in pieces until its size is known to be fit."""

import gzip
import io
import zlib
from collections.abc import Collection, Iterable, Iterator

from helsemonitor.delimited import parse_delimited
from helsemonitor.errors import refusal
from helsemonitor.landing.delivery import DeliveredColumn, Table
from helsemonitor.landing.files import AGAIN, CHUNK, MIB, refuse_large_table, refuse_unpacked

# Bytes. A respondent with 10,000 answers and a long remark fits in a hundredth of it.
LONGEST_LINE = 16 * MIB
LINE_ENDS = (b"\n", b"\r")


def _pieces(file: io.FileIO | gzip.GzipFile) -> Iterator[bytes]:
    while piece := file.read(CHUNK):
        yield piece


def _unpacked(file: io.FileIO, shown: str) -> Iterator[bytes]:
    size = 0
    try:
        for piece in _pieces(gzip.GzipFile(fileobj=file, mode="rb")):
            size += len(piece)
            refuse_unpacked(size, shown)
            yield piece
    except EOFError:
        raise refusal(shown, "the gzip file was cut off", AGAIN) from None
    except (gzip.BadGzipFile, zlib.error):
        raise refusal(shown, "the gzip file is damaged", AGAIN) from None


def _joined(pieces: Iterable[bytes], shown: str) -> bytes:
    """Put pieces together, as long as no line of them is over-long and the table fits into memory."""
    content = io.BytesIO()
    lines, length, marks = 1, 0, 0
    for piece in pieces:
        end = max(piece.rfind(mark) for mark in LINE_ENDS)
        length = length + len(piece) if end < 0 else len(piece) - end - 1
        lines += piece.count(b"\n")
        if length > LONGEST_LINE:
            raise refusal(
                f"{shown} line {lines}",
                f"the line is longer than {LONGEST_LINE // MIB} MiB",
                "write a row for each respondent on a line of its own",
            )
        marks += max(piece.count(mark) for mark in (b",", b";", b"\t", b"|", *LINE_ENDS))
        refuse_large_table(marks, shown)
        content.write(piece)
    return content.getvalue()


def _table(content: bytes, shown: str, known: Collection[str]) -> Table:
    read = parse_delimited(content, shown, known, shows_names=False)
    rows = [row for row in read.rows if any(row)]
    if not rows:
        raise refusal(shown, "the file holds a header and no respondent", AGAIN)
    cells = zip(*rows, strict=True)
    return Table(tuple(DeliveredColumn(name, column) for name, column in zip(read.header, cells, strict=True)))


def read_text(file: io.FileIO, shown: str, known: Collection[str]) -> Table:
    """Read delimited text; every cell is as it stands there.

    Args:
        file: The open file.
        shown: Its path as a person would type it.
        known: Names of columns that are expected; they tell the separator.

    Raises:
        DataRefused: It is no text that can be read with certainty.
    """
    file.seek(0)
    return _table(_joined(_pieces(file), shown), shown, known)


def read_packed_text(file: io.FileIO, shown: str, known: Collection[str]) -> Table:
    """Read delimited text that gzip packed; it is unpacked in memory and never on the disk.

    Args:
        file: The open file.
        shown: Its path as a person would type it.
        known: Names of columns that are expected; they tell the separator.

    Raises:
        DataRefused: It is damaged, comes to too much, or holds no text that can be read with certainty.
    """
    file.seek(0)
    return _table(_joined(_unpacked(file, shown), shown), shown, known)
