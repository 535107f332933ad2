"""Delimited text in every form that people save, and what cannot be read with certainty."""

from pathlib import Path

import pytest

from helsemonitor.delimited import read_delimited
from helsemonitor.errors import DataRefused

TABLE = [["code", "label"], ["1", "Ja, både første og siste"], ["2", 'Nei; "aldri"'], ["3", "to\nlinjer – – ’s"]]


def saved(rows: list[list[str]], separator: str) -> str:
    """The table as text, every cell in quotes."""
    return "".join(separator.join('"' + cell.replace('"', '""') + '"' for cell in row) + "\r\n" for row in rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_same_table_in_every_form(tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(saved(TABLE, separator).encode(encoding))

    read = read_delimited(path, known=["code", "label"])

    assert [read.header, *read.rows] == TABLE
    # The third row's text goes on over two lines.
    assert read.lines == [2, 3, 4]


def test_an_excel_file_that_names_its_separator_and_ends_in_empty_columns(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("sep=;\r\ncode;label;;\r\n1;Ja;;\r\n;;;\r\n", encoding="utf-8")

    read = read_delimited(path)

    assert (read.header, read.rows, read.lines) == (["code", "label"], [["1", "Ja"], ["", ""]], [3, 4])


def test_lines_that_a_carriage_return_ends(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"code;label\r1;Ja\r2;Nei\r")

    read = read_delimited(path)

    assert (read.header, read.rows, read.lines) == (["code", "label"], [["1", "Ja"], ["2", "Nei"]], [2, 3])


def test_a_header_longer_than_the_csv_module_allows(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"a" * 200_000 + b",b\n1,2\n")

    assert read_delimited(path).rows == [["1", "2"]]


def test_a_name_in_decomposed_form_is_the_composed_one(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a\u030ar,x\n1,2\n", encoding="utf-8")

    assert read_delimited(path, known=["\u00e5r"]).header == ["\u00e5r", "x"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\r\n\r\n", "empty"),
        (b"PK\x03\x04rest", "xlsx"),
        (b"$FL2@(#) SPSS", "SPSS"),
        (b"\x1f\x8brest", "gzip"),
        (b"a,b\n1,2\x00\n", "1 NUL"),
        ("a,b\n1,små\n".encode("mac-roman"), "not certain"),
        ("a,b\n1,små\n".encode("cp850"), "not certain"),
        ("a,b\n1,lære\n".encode("cp865"), "not certain"),
        ("a,b\n1,Åse\n".encode() + "2,små\n".encode("cp1252"), "not certain"),
        ("a,b\n1,første\n".encode().decode("cp1252").encode(), "spoilt"),
        (b'a,b\n1,"2\n3,4\n', "line 2"),
        (b"a,b\n1,2\n3\n4,5,6\n", "line 3: 2 of 3 rows do not have 2 values"),
        (b"a,a\n1,2\n", "column a stands 2 times"),
        (b"a,,c\n1,2,3\n", "column 2 of the header has no name"),
    ],
)
def test_what_is_not_certain_is_refused_and_no_cell_is_shown(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)

    with pytest.raises(DataRefused) as refusal:
        read_delimited(path, "codebook/table.csv")

    (sentence,) = refusal.value.sentences
    assert sentence.startswith("codebook/table.csv")
    assert said in sentence


def test_a_header_with_none_of_the_expected_columns_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("1:Ja\n2:Nei\n", encoding="utf-8")

    with pytest.raises(DataRefused, match="none of the columns that are expected"):
        read_delimited(path, known=["code", "label"])
