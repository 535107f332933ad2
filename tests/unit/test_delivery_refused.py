"""What cannot be read with certainty is refused in sentences that name the file and show no cell."""

import gzip
import io
import os
import socket
import struct
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
import xlsxwriter

from helsemonitor.errors import DataRefused
from helsemonitor.landing import files as limits
from helsemonitor.landing import formats, spss
from helsemonitor.landing.formats import read_delivery
from tests.unit import delivered_files as files

SHOWN = "landing/it"
NOBODY = 65534


def refused(path: Path) -> list[str]:
    """Sentences that refuse a file; each names it and shows no marked cell."""
    with pytest.raises(DataRefused) as refusal:
        read_delivery(path, SHOWN)
    sentences = list(refusal.value.sentences)
    assert sentences
    assert all(sentence.startswith(SHOWN) and sentence.endswith(".") for sentence in sentences)
    assert not [said for said in sentences if files.MARK in said or str(files.MARKED_NUMBER) in said]
    return sentences


def refused_once(path: Path) -> str:
    (sentence,) = refused(path)
    return sentence


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def small(folder: Path, ending: str) -> Path:
    path = folder / f"it{ending}"
    files.WRITERS[ending](path, files.SMALL)
    return path


def test_no_file(tmp_path: Path) -> None:
    assert refused_once(tmp_path / "it.csv") == "landing/it: there is no such file; check the path."
    assert "no such file" in refused_once(written(tmp_path / "x", "") / "it.csv")


def test_a_path_that_no_file_can_have(tmp_path: Path) -> None:
    assert "no file can have this path" in refused_once(tmp_path / "a\0b.csv")
    assert "cannot be opened" in refused_once(tmp_path / f"{'x' * 300}.csv")


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "it.csv").mkdir()
    assert "a folder and not a file" in refused_once(tmp_path / "it.csv")


def test_a_link_that_leads_to_itself(tmp_path: Path) -> None:
    (tmp_path / "it.csv").symlink_to("it.csv")
    assert "cannot be opened" in refused_once(tmp_path / "it.csv")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything, so root becomes somebody else meanwhile."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_no_right_to_read(tmp_path: Path) -> None:
    path = small(tmp_path, ".csv")
    path.chmod(0)
    with as_nobody():
        assert "no right to read" in refused_once(path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "it.csv")
    begun = time.monotonic()
    assert "a pipe or a device" in refused_once(tmp_path / "it.csv")
    assert time.monotonic() - begun < 1


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look finds a file, and what is opened is a pipe."""
    path = small(tmp_path, ".csv")
    found = path.stat()
    os.mkfifo(tmp_path / "pipe.csv")
    monkeypatch.setattr(Path, "stat", lambda _: found)
    assert "a pipe or a device" in refused_once(tmp_path / "pipe.csv")


def test_a_device_and_a_socket(tmp_path: Path) -> None:
    (tmp_path / "it.csv").symlink_to("/dev/zero")
    assert "a pipe or a device" in refused_once(tmp_path / "it.csv")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket.csv"))
        assert "a pipe or a device" in refused_once(tmp_path / "socket.csv")


@pytest.mark.parametrize("name", ["it.xls", "it.sav.gz", "it.gz", "it", ".csv", "it.dta"])
def test_an_unknown_ending(tmp_path: Path, name: str) -> None:
    sentence = refused_once(written(tmp_path / name, "a,b\n1,2\n"))
    assert ".csv, .txt, .tsv, .csv.gz, .sav, .zsav, .xlsx, .parquet are read" in sentence


@pytest.mark.parametrize("ending", formats.READERS)
def test_an_empty_file(tmp_path: Path, ending: str) -> None:
    assert "the file is empty" in refused_once(written(tmp_path / f"it{ending}", ""))


@pytest.mark.parametrize("ending", files.WRITERS)
def test_a_header_alone(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"it{ending}"
    files.WRITERS[ending](path, {"a": [], "b": []})
    assert "no respondent" in refused_once(path)


@pytest.mark.parametrize("content", ["a,b\n,\n", "\n\n\n", " ", "\ufeff"])
def test_a_text_of_blanks(tmp_path: Path, content: str) -> None:
    refused_once(written(tmp_path / "it.csv", content))


def test_a_workbook_of_nothing(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "it.xlsx") as book:
        book.add_worksheet()
    assert "no sheet of the workbook holds a cell" in refused_once(tmp_path / "it.xlsx")


def test_a_workbook_of_blanks(tmp_path: Path) -> None:
    files.write_xlsx(tmp_path / "it.xlsx", {" ": [" ", " "]})
    assert "no respondent" in refused_once(tmp_path / "it.xlsx")


@pytest.mark.parametrize(
    ("cut", "said"),
    [
        (b'a,b\n1,2\n3,"4\n5,6\n', "the quotation marks of the row that begins on line 3 do not pair"),
        (b"a,b,c\n1,2,3\n4,5", "line 3: 1 of 2 rows do not have 3 values"),
        (b"a,b,c\n1,2,3\n4", "line 3: 1 of 2 rows do not have 3 values"),
    ],
)
def test_a_text_that_was_cut(tmp_path: Path, cut: bytes, said: str) -> None:
    assert said in refused_once(written(tmp_path / "it.csv", cut))


@pytest.mark.parametrize(
    ("ending", "said"),
    [(".csv.gz", "cut off"), (".xlsx", "damaged or was cut off"), (".parquet", "cut off")],
)
def test_a_file_that_was_cut_anywhere(tmp_path: Path, ending: str, said: str) -> None:
    path = small(tmp_path, ending)
    whole = path.read_bytes()
    for length in range(20, len(whole), max(1, len(whole) // 60)):
        assert said in refused_once(written(path, whole[:length])), length
    assert said in refused_once(written(path, whole[:-1]))


@pytest.mark.parametrize("ending", [".sav", ".zsav"])
def test_an_spss_file_that_was_cut_anywhere(tmp_path: Path, ending: str) -> None:
    """In this process, where 100 reads take less time than one in its own."""
    whole = small(tmp_path, ending).read_bytes()
    for length in range(1, len(whole), max(1, len(whole) // 100)):
        with pytest.raises(DataRefused, match=r"SPSS file (was cut off|is damaged)"):
            spss.read_here(io.BytesIO(whole[:length]), SHOWN)
    assert refused_once(written(tmp_path / f"it{ending}", whole[:-1]))


@pytest.mark.parametrize("ending", formats.BEGINNINGS)
@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\0" * 100, "løpenr;navn\n".encode("utf-16")])
def test_a_file_that_its_ending_calls_something_else(tmp_path: Path, ending: str, content: bytes) -> None:
    sentence = refused_once(written(tmp_path / f"it{ending}", content))
    assert f"the file holds something else and not what its name says ({ending})" in sentence


@pytest.mark.parametrize("ending", formats.READERS)
@pytest.mark.parametrize("other", [".csv.gz", ".sav", ".zsav", ".xlsx", ".parquet"])
def test_one_format_under_the_ending_of_another(tmp_path: Path, ending: str, other: str) -> None:
    if ending == other or {ending, other} == {".sav", ".zsav"}:
        return
    content = small(tmp_path, other).read_bytes()
    kinds = {".csv.gz": "a gzip file", ".xlsx": "an .xlsx", ".parquet": "a Parquet file"}
    assert f"the file is {kinds.get(other, 'an SPSS file')}" in refused_once(written(tmp_path / f"it{ending}", content))


@pytest.mark.parametrize(
    ("inside", "said"),
    [(b"", "empty"), (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "NUL bytes"), (bytes(range(1, 256)), "not certain")],
)
def test_a_gzip_file_that_holds_no_text(tmp_path: Path, inside: bytes, said: str) -> None:
    assert said in refused_once(written(tmp_path / "it.csv.gz", gzip.compress(inside)))


def test_a_gzip_file_that_holds_a_workbook(tmp_path: Path) -> None:
    inside = small(tmp_path, ".xlsx").read_bytes()
    assert "an .xlsx or .zip file" in refused_once(written(tmp_path / "it.csv.gz", gzip.compress(inside)))


def test_a_gzip_file_with_something_behind_it(tmp_path: Path) -> None:
    assert "damaged" in refused_once(written(tmp_path / "it.csv.gz", gzip.compress(b"a,b\n1,2\n") + b"more"))


def test_a_zip_file_that_is_no_workbook(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "it.xlsx", "w") as archive:
        archive.writestr("data.csv", f"a,b\n1,{files.MARK}\n")
    assert "damaged" in refused_once(tmp_path / "it.xlsx")


SAME = {"navn": ["1"], "navn ": [files.MARK]}
SAME_FORM = {"\u00e5r": ["1"], "a\u030ar": [files.MARK]}
NAMELESS = {"a": ["1"], " ": [files.MARK], "c": ["2"]}


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".xlsx", ".parquet"])
@pytest.mark.parametrize("columns", [SAME, SAME_FORM])
def test_two_names_that_are_one(tmp_path: Path, ending: str, columns: files.Columns) -> None:
    path = tmp_path / f"it{ending}"
    files.WRITERS[ending](path, columns)
    sentence = refused_once(path)
    assert "stands 2 times in the header; keep one" in sentence
    assert "columns 1, 2" in sentence or ending == ".parquet"


def test_two_names_of_spss_that_are_one(tmp_path: Path) -> None:
    pyreadstat.write_sav(pd.DataFrame({"\u00e5r": [1.0], "a\u030ar": [2.0]}), tmp_path / "it.sav")
    assert "column \u00e5r stands 2 times" in refused_once(tmp_path / "it.sav")


def test_one_name_twice(tmp_path: Path) -> None:
    assert "columns 1, 3" in refused_once(written(tmp_path / "it.csv", "a,b,a\n1,2,3\n"))
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), tmp_path / "it.parquet")
    assert "column a stands 2 times" in refused_once(tmp_path / "it.parquet")


def test_a_name_twice_in_spss(tmp_path: Path) -> None:
    pyreadstat.write_sav(pd.DataFrame({"lang_navn_1": [1.0], "lang_navn_2": [2.0]}), tmp_path / "it.sav")
    content = (tmp_path / "it.sav").read_bytes().replace(b"lang_navn_2", b"lang_navn_1")
    assert "a name stands twice" in refused_once(written(tmp_path / "it.sav", content))


def test_a_respondent_in_the_place_of_the_header_is_not_shown(tmp_path: Path) -> None:
    rows = f"{files.MARK},{files.MARK},3\n1,2,3\n"
    assert "columns 1, 2" in refused_once(written(tmp_path / "it.csv", rows))


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".xlsx", ".parquet"])
def test_a_column_without_a_name(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"it{ending}"
    files.WRITERS[ending](path, NAMELESS)
    assert "column 2 of the header has no name" in refused_once(path)


def test_nul_characters(tmp_path: Path) -> None:
    assert "1 NUL bytes" in refused_once(written(tmp_path / "it.csv", b"a,b\n1,2\0\n"))
    files.write_parquet(tmp_path / "it.parquet", {"a": ["x\0y", "\0", ""], "b": ["", "", ""]})
    assert "column a: NUL characters stand in 2 cells" in refused_once(tmp_path / "it.parquet")
    utf_16 = "a;b\n1;x\0y\n".encode("utf-16")
    assert "column 2: NUL characters stand in 1 cells" in refused_once(written(tmp_path / "it.csv", utf_16))


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,smått\n".encode() + "2,smått\n".encode("cp1252"),
        "a,b\n1,Åse\n".encode() + "2,smått\n".encode("cp1252"),
        "a,b\n1,–\n".encode() + "2,smått\n".encode("cp1252"),
        "a,b\n1,smått\n".encode("utf-16") + "2,smått\n".encode() + b"3",
        b"\xef\xbb\xbfa,b\n1,2\n" + "2,smått\n".encode("cp1252"),
        "a,b\n1,smått\n".encode("mac-roman"),
    ],
)
def test_mixed_and_unknown_encodings(tmp_path: Path, content: bytes) -> None:
    refused_once(written(tmp_path / "it.csv", content))


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet"])
def test_spoilt_letters(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"it{ending}"
    files.WRITERS[ending](path, {"a": ["1"], "b": ["smÃ¥tt"]})
    assert "spoilt" in refused_once(path)


def test_text_behind_a_closing_quote(tmp_path: Path) -> None:
    path = written(tmp_path / "it.csv", 'a,b\n"1"x,2\n3,4\n')
    assert "the quotation marks of the row that begins on line 2 do not pair" in refused_once(path)


@pytest.mark.parametrize("separator", ['"', "\r"])
def test_a_separator_that_separates_nothing(tmp_path: Path, separator: str) -> None:
    refused(written(tmp_path / "it.csv", f"sep={separator}\na{separator}b\n1,2,3\n"))


def packed(size: int) -> bytes:
    """A gzip file of lines that comes to a size."""
    return gzip.compress(b"1,2\n" * (size // 4), compresslevel=1)


def test_a_gzip_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LARGEST_UNPACKED", 8 * limits.MIB)
    path = written(tmp_path / "it.csv.gz", gzip.compress(b"a,b\n") + packed(4 * limits.MIB) * 100)
    begun = time.monotonic()
    assert "more than 8 MiB when it is unpacked" in refused_once(path)
    assert time.monotonic() - begun < 1


def stuffed(path: Path, parts: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    """A workbook with parts of one's own, new or in the place of its own."""
    with zipfile.ZipFile(path) as archive:
        old = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in (old | parts).items():
            archive.writestr(name, content)
    return path


def test_a_workbook_that_says_it_is_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LARGEST_UNPACKED", 8 * limits.MIB)
    path = stuffed(small(tmp_path, ".xlsx"), {"xl/media/image1.png": b"\0" * 9 * limits.MIB})
    assert "more than 8 MiB when it is unpacked" in refused_once(path)


def test_a_workbook_that_hides_that_it_is_a_bomb(tmp_path: Path) -> None:
    """Its directory says that a part of 9 MiB has 100 bytes."""
    path = stuffed(small(tmp_path, ".xlsx"), {"xl/media/image1.png": b"\0" * 9 * limits.MIB})
    told = struct.pack("<I", 9 * limits.MIB)
    assert path.read_bytes().count(told) == 2
    written(path, path.read_bytes().replace(told, struct.pack("<I", 100)))
    assert "damaged" in refused_once(path)


def test_a_workbook_packed_in_another_way(tmp_path: Path) -> None:
    path = stuffed(small(tmp_path, ".xlsx"), {}, zipfile.ZIP_BZIP2)
    assert "parts that Excel does not write" in refused_once(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_workbook_with_entities_that_grow(tmp_path: Path, encoding: str) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    xml = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><sst>&l8;</sst>'
    path = stuffed(small(tmp_path, ".xlsx"), {"xl/sharedStrings.xml": xml.encode(encoding)})
    assert "parts that Excel does not write" in refused_once(path)


@pytest.mark.parametrize("row", [2, 1048576, 10**15])
def test_a_cell_far_away(tmp_path: Path, row: int) -> None:
    """A sheet with a cell in its last corner, or behind it, is not filled up in memory."""
    path = small(tmp_path, ".xlsx")
    sheet = f'<row r="1"><c r="A1"><v>1</v></c></row><row r="{row}"><c r="XFD{row}"><v>1</v></c></row>'
    start = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    stuffed(path, {"xl/worksheets/sheet1.xml": f"{start}{sheet}</sheetData></worksheet>".encode()})
    assert ("has no name" if row <= 1 << 20 else "more than 1048576 rows") in refused_once(path)


def test_a_file_larger_than_any_survey(tmp_path: Path) -> None:
    path = tmp_path / "it.csv"
    with path.open("wb") as file:
        file.truncate(limits.LARGEST_FILE + 1)
    assert "the file has 1024 MiB and 1024 are allowed" in refused_once(path)


def test_a_line_without_an_end(tmp_path: Path) -> None:
    """A file of 1 GiB on one line, without a byte of it on the disk."""
    path = tmp_path / "it.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n")
        file.truncate(limits.LARGEST_FILE)
    begun = time.monotonic()
    assert "line 2: the line is longer than 16 MiB" in refused_once(path)
    assert time.monotonic() - begun < 2


def test_a_line_without_an_end_in_a_gzip_file(tmp_path: Path) -> None:
    path = written(tmp_path / "it.csv.gz", gzip.compress(b"a;" * 10 * limits.MIB, compresslevel=1) * 100)
    assert "line 1: the line is longer than 16 MiB" in refused_once(path)


@pytest.mark.parametrize("ending", files.WRITERS)
def test_a_table_that_fits_into_no_memory(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LARGEST_TABLE", 10)
    # The limit of another process cannot be changed here.
    monkeypatch.setattr(spss, "_asked", spss.read_here)
    assert "more than 10 cells" in refused_once(small(tmp_path, ending))


def test_an_spss_file_that_says_it_is_a_bomb(tmp_path: Path) -> None:
    """It says that it has 1,000 million rows, in its header and in its record of the true count (subtype 16)."""
    content = bytearray(small(tmp_path, ".sav").read_bytes())
    struct.pack_into("<i", content, 80, 1_000_000_000)
    struct.pack_into("<q", content, content.index(struct.pack("<iiii", 7, 16, 8, 2)) + 24, 1_000_000_000)
    assert "more than 50000000 cells" in refused_once(written(tmp_path / "it.sav", bytes(content)))


def test_a_parquet_file_whose_rows_share_a_long_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LARGEST_UNPACKED", 8 * limits.MIB)
    shared = pa.DictionaryArray.from_arrays(pa.array([0] * 10_000, pa.int32()), pa.array(["x" * limits.MIB]))
    pq.write_table(pa.table({"a": shared}), tmp_path / "it.parquet")
    assert "more than 8 MiB when it is unpacked" in refused_once(tmp_path / "it.parquet")


def test_an_encrypted_workbook(tmp_path: Path) -> None:
    path = written(tmp_path / "it.xlsx", b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"))
    assert refused_once(path) == "landing/it: the workbook is encrypted; save it without a password."


def test_a_workbook_of_an_old_excel(tmp_path: Path) -> None:
    assert "an .xls file of an old Excel" in refused_once(
        written(tmp_path / "it.xlsx", b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    )


def test_several_tables_in_a_workbook(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "it.xlsx") as book:
        for name in ("Svar", "Kodebok"):
            book.add_worksheet(name).write_column(0, 0, ["a", 1, 2])
    assert "2 sheets hold tables (Svar, Kodebok)" in refused_once(tmp_path / "it.xlsx")


def test_cells_that_excel_could_not_compute(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "it.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write_column(1, 0, [1, 2, 3])
        sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
        sheet.write_formula(2, 1, "=NA()", None, "#N/A")
        sheet.write_number(3, 1, files.MARKED_NUMBER, book.add_format({"num_format": "yyyy-mm-dd"}))
    assert "column 2 has 3 cells that Excel could not compute" in refused_once(tmp_path / "it.xlsx")


def test_formulas_without_results(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["a", "b"], [1, "=A2*2"], [2, "=A3*2"]):
        book.active.append(row)
    book.save(tmp_path / "it.xlsx")
    assert "2 cells hold a formula without its result" in refused_once(tmp_path / "it.xlsx")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pa.array([[1], [2]]), "the first is b) hold lists or records"),
        (pa.array([{"x": 1}, {"x": 2}]), "the first is b) hold lists or records"),
        (pa.array([b"x", b"y"]), "the first is b) hold values of type BLOB"),
        (pa.array([1.0, float("inf")]), "column b: 1 numbers are infinite"),
    ],
)
def test_parquet_columns_that_are_no_text_number_or_date(tmp_path: Path, values: pa.Array, said: str) -> None:
    pq.write_table(pa.table({"a": pa.array([1, 2]), "b": values}), tmp_path / "it.parquet")
    assert said in refused_once(tmp_path / "it.parquet")


def test_spss_dates_that_no_calendar_has(tmp_path: Path) -> None:
    pyreadstat.write_sav(pd.DataFrame({"dato": [1e15, 1e16]}), tmp_path / "it.sav", variable_format={"dato": "DATE11"})
    assert "column dato: 2 different values are no dates" in refused_once(tmp_path / "it.sav")


def test_a_response_set_of_spss_that_counts_no_code(tmp_path: Path) -> None:
    pyreadstat.write_sav(pd.DataFrame({"s1": ["Ja"], "s2": ["Nei"]}), tmp_path / "it.sav")
    content = files.with_response_sets((tmp_path / "it.sav").read_bytes(), "$boks=D2 Ja 4 Boks s1 s2\n")
    assert "multiple-response set boks: what it counts is no code" in refused_once(
        written(tmp_path / "it.sav", content)
    )


def test_an_spss_file_that_ends_its_reader(tmp_path: Path) -> None:
    """ReadStat as of pyreadstat 1.3.7 ends its process on this file without 100 bytes of its header."""
    path = tmp_path / "it.sav"
    pyreadstat.write_sav(
        pd.DataFrame({"a": [1.0], "b": [1.0], "s": [files.MARK]}),
        path,
        column_labels=["Id", "Kjønn", "Tekst"],
        variable_value_labels={"b": {1: "a", 2: "b", 9: "ccccccccc"}},
        missing_ranges={"b": [{"lo": 7, "hi": 9}]},
    )
    content = path.read_bytes()
    sentence = refused_once(written(path, content[:90] + content[190:]))
    assert sentence == "landing/it: the SPSS file is damaged; fetch it again from the institute."


def test_a_process_that_ends_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = small(tmp_path, ".sav")
    monkeypatch.setattr(spss, "COMMAND", ("-c", "import os; os.abort()"))
    assert refused_once(path) == "landing/it: the SPSS file is damaged; fetch it again from the institute."


def test_a_reader_that_is_not_set_up_is_not_the_files_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spss, "COMMAND", ("-c", "import no_such_package"))
    assert "the reader of SPSS files stopped with code 1" in refused_once(small(tmp_path, ".sav"))


def test_a_process_that_finds_no_end_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = small(tmp_path, ".sav")
    monkeypatch.setattr(spss, "COMMAND", ("-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(spss, "SECONDS", 0.2)
    assert "was not read within 0.2 seconds" in refused_once(path)


def appended(file: io.FileIO) -> None:
    with Path(f"/dev/fd/{file.fileno()}").open("ab") as writer:
        writer.write(b"x")


def touched(file: io.FileIO) -> None:
    os.utime(f"/dev/fd/{file.fileno()}", (1, 1))


def failed(file: io.FileIO) -> None:
    appended(file)
    raise DataRefused([f"{SHOWN}: the file was cut off; fetch it again."])


@pytest.mark.parametrize("happens", [appended, touched, failed])
def test_a_file_that_is_still_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, happens: Callable[[io.FileIO], None]
) -> None:
    read = formats.READERS[".csv"]

    def reader(file: io.FileIO, *others: object) -> object:
        table = read(file, *others)
        happens(file)
        return table

    monkeypatch.setitem(formats.READERS, ".csv", reader)
    sentence = refused_once(small(tmp_path, ".csv"))
    assert sentence == "landing/it: the file is still being written; try again when it is there as a whole."


def test_a_disk_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reader(*_: object) -> object:
        raise OSError(5, "Input/output error")

    monkeypatch.setitem(formats.READERS, ".csv", reader)
    assert "cannot be read (Input/output error)" in refused_once(small(tmp_path, ".csv"))
