"""Delivered files of every format come out as the same text; the odd but valid ones unchanged."""

import gzip
import hashlib
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
import xlsxwriter

from helsemonitor.delimited import parse_delimited
from helsemonitor.landing.delivery import DeliveredColumn, Delivery, ResponseSet, as_csv
from helsemonitor.landing.formats import read_delivery
from tests.unit import delivered_files as files

# Without a zone, as every format here has them.
moment = datetime.fromisoformat
INJECTION = 'x"; drop table y; --'
FORMULAS = ["=1+1", "+47", "-1 grad", "@navn", "=HYPERLINK(1)"]


def cells_of(delivery: Delivery) -> dict[str, list[str]]:
    return {column.name: list(column.cells) for column in delivery.columns}


@pytest.mark.parametrize("ending", files.WRITERS)
def test_the_same_table_in_every_format(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"Delivered{ending.upper()}"
    files.WRITERS[ending](path, files.SMALL)

    delivery = read_delivery(path, "landing/it", known=["løpenr"])

    assert cells_of(delivery) == files.SMALL
    assert (delivery.path, delivery.shown, delivery.format) == (path, "landing/it", ending[1:])
    assert delivery.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (delivery.respondents, delivery.names) == (4, ("løpenr", "kjønn", "merknad", "sum", "annet"))
    assert delivery.column("kjønn").cells == ("1", "2", "", "1")
    kinds = ["text"] * 5 if ending.startswith(".csv") else ["number", "number", "text", "number", "text"]
    assert [column.kind for column in delivery.columns] == kinds


@pytest.mark.parametrize("ending", [".csv", ".txt", ".tsv"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_text_in_every_form(tmp_path: Path, ending: str, separator: str, encoding: str) -> None:
    path = tmp_path / f"it{ending}"
    path.write_bytes(files.csv_text(files.SMALL, separator).encode(encoding))

    assert cells_of(read_delivery(path)) == files.SMALL


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".xlsx", ".parquet"])
def test_odd_names_and_cells_come_through(tmp_path: Path, ending: str) -> None:
    odd = {
        INJECTION: FORMULAS,
        "desimal": ["0,7312", "1,5", "", " 2 ", "1.000,00"],
        "tom": [""] * 5,
        "tekst": ['han sa "hei"', "a\nb", "a;b,c\td|e", "'1", "\\N"],
        "bølge": ["1", "2", "3", "4", "5"],
    }
    path = tmp_path / f"it{ending}"
    files.WRITERS[ending](path, odd)

    assert cells_of(read_delivery(path)) == odd


@pytest.mark.parametrize("ending", files.WRITERS)
def test_very_many_columns(tmp_path: Path, ending: str) -> None:
    wide = {f"spørsmål_{number}": [str(number), f"svar {number}", ""] for number in range(3000)}
    wide["id"] = ["1", "2", "3"]
    path = tmp_path / f"it{ending}"
    files.WRITERS[ending](path, wide)

    assert cells_of(read_delivery(path)) == wide


def test_names_lose_blanks_and_are_composed(tmp_path: Path) -> None:
    path = tmp_path / "it.parquet"
    files.write_parquet(path, {" a\u030ar ": ["1"], "x\u00a0": ["2"]})

    assert read_delivery(path).names == ("\u00e5r", "x")


def test_blank_rows_of_a_text_are_no_respondents(tmp_path: Path) -> None:
    path = tmp_path / "it.csv"
    path.write_text("a;b;;\n1;;;\n;;;\n\n;2;;\n;;;\n", encoding="utf-8")

    assert cells_of(read_delivery(path)) == {"a": ["1", ""], "b": ["", "2"]}


def test_a_packed_text_of_several_parts_is_one(tmp_path: Path) -> None:
    path = tmp_path / "it.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n"))

    assert cells_of(read_delivery(path)) == {"a": ["1", "3"], "b": ["2", "4"]}


def test_a_link_is_followed(tmp_path: Path) -> None:
    files.write_csv(tmp_path / "there.csv", files.SMALL)
    (tmp_path / "here.csv").symlink_to(tmp_path / "there.csv")

    assert cells_of(read_delivery(tmp_path / "here.csv")) == files.SMALL


def test_a_seed_is_read_back_as_it_was(tmp_path: Path) -> None:
    cells = ["", "a,b", 'a"b', "a\nb", "a\rb", "\r", " a ", "=1", "å"]
    columns = (DeliveredColumn("x", cells), DeliveredColumn(INJECTION, cells[::-1]))
    seed = as_csv(Delivery(tmp_path / "it.sav", "it.sav", "sav", "", columns))

    assert seed.startswith(b'x,"x""; drop table y; --"\n,\xc3\xa5\n"a,b",=1\n"a""b", a \n"a\nb","\r"\n')
    read = parse_delimited(seed, "seed", known=["x"])
    assert read.header == ["x", INJECTION]
    assert read.rows == [list(row) for row in zip(cells, cells[::-1], strict=True)]


def test_a_column_of_blanks_alone_is_a_seed_too(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, "it", "csv", "", (DeliveredColumn("x", ("", "1", "")),))

    assert as_csv(delivery) == b'x\n""\n1\n""\n'


def spss(path: Path, columns: dict[str, list], **options: object) -> Delivery:
    pyreadstat.write_sav(pd.DataFrame(columns), path, **options)
    return read_delivery(path)


def test_what_spss_says_of_its_columns(tmp_path: Path) -> None:
    delivery = spss(
        tmp_path / "it.sav",
        {
            "enkel": [1.0, 9.0, None, 1.5],
            "spenn": [-5.0, 7.0, 98.0, 3.0],
            "laveste": [-99.0, 0.0, 1.0, 2.0],
            "tekst": ["A", "X", "", "B"],
            "lang_tekst": ["x" * 700, "Vet ikke, eller ønsker ikke å svare", "", " a"],
        },
        column_labels=["Har du brukt tjenesten?", "Hvor mange?", "", "Bokstav", "Begrunnelse på norsk"],
        variable_value_labels={
            "enkel": {1.0: "Ja", 2.0: "Nei", 9.0: "Vil ikke svare"},
            "spenn": {98.0: "Vet ikke", 99.0: "Ubesvart"},
            "tekst": {"A": "Første", "X": "Ukjent"},
            "lang_tekst": {"Vet ikke, eller ønsker ikke å svare": "Usikker"},
        },
        missing_ranges={
            "enkel": [9.0],
            "spenn": [{"lo": 97.0, "hi": 99.0}, 3.0],
            "laveste": [{"lo": -1000.0, "hi": -1.0}],
            "tekst": ["X"],
        },
    )

    assert [(column.name, column.label) for column in delivery.columns] == [
        ("enkel", "Har du brukt tjenesten?"),
        ("spenn", "Hvor mange?"),
        ("laveste", ""),
        ("tekst", "Bokstav"),
        ("lang_tekst", "Begrunnelse på norsk"),
    ]
    assert delivery.column("enkel").cells == ("1", "9", "", "1.5")
    assert delivery.column("enkel").value_labels == {"1": "Ja", "2": "Nei", "9": "Vil ikke svare"}
    assert delivery.column("spenn").cells == ("-5", "7", "98", "3")
    assert delivery.column("lang_tekst").cells == ("x" * 700, "Vet ikke, eller ønsker ikke å svare", "", " a")
    assert delivery.column("tekst").value_labels == {"A": "Første", "X": "Ukjent"}
    assert delivery.column("lang_tekst").value_labels == {"Vet ikke, eller ønsker ikke å svare": "Usikker"}
    assert {column.name: set(column.missing) for column in delivery.columns} == {
        "enkel": {"9"},
        # 99 is labelled, 97 is neither labelled nor there.
        "spenn": {"3", "98", "99"},
        "laveste": {"-99"},
        "tekst": {"X"},
        "lang_tekst": set(),
    }


def test_dates_and_numbers_of_spss(tmp_path: Path) -> None:
    delivery = spss(
        tmp_path / "it.sav",
        {
            "dato": [date(2024, 2, 29), None],
            "tid": [moment("2024-02-29T23:59:59"), moment("1899-12-31T00:00:00")],
            "klokke": [time(7, 5, 9), None],
            "vekt": [0.7312, 1e15],
            "liten": [1e-7, -0.0],
            "stor": [0.1 + 0.2, 1e22],
            "måned": [(moment("2024-03-01T00:00:00") - moment("1582-10-14T00:00:00")).total_seconds(), np.nan],
        },
        variable_format={"måned": "MOYR8"},
    )

    assert cells_of(delivery) == {
        "dato": ["2024-02-29", ""],
        "tid": ["2024-02-29T23:59:59", "1899-12-31T00:00:00"],
        "klokke": ["07:05:09", ""],
        "vekt": ["0.7312", "1000000000000000"],
        "liten": ["0.0000001", "0"],
        "stor": ["0.30000000000000004", "10000000000000000000000"],
        "måned": ["2024-03-01", ""],
    }
    assert [column.kind for column in delivery.columns] == [
        *("date", "date", "text"),
        *("number", "number", "number"),
        "date",
    ]


def test_multiple_response_sets_of_spss(tmp_path: Path) -> None:
    path = tmp_path / "it.sav"
    pyreadstat.write_sav(
        pd.DataFrame({"kanal_telefon_lang": [1.0], "kanal_epost_lang": [0.0], "q1": [3.0], "q2": [4.0]}), path
    )
    sets = "$kanal=D1 1 12 Hvilke kanal kanal_te kanal_ep\n$yrke=C 4 Yrke q1 q2\n"
    path.write_bytes(files.with_response_sets(path.read_bytes(), sets))

    assert read_delivery(path).response_sets == (
        ResponseSet("kanal", "Hvilke kanal", ("kanal_telefon_lang", "kanal_epost_lang"), "1"),
        ResponseSet("yrke", "Yrke", ("q1", "q2"), ""),
    )


def test_an_spss_file_of_an_older_encoding(tmp_path: Path) -> None:
    path = tmp_path / "it.sav"
    pyreadstat.write_sav(pd.DataFrame({"tekst": ["smaa poelser"]}), path)
    path.write_bytes(files.in_windows_1252(path.read_bytes()).replace(b"smaa poelser", "små pølser  ".encode("cp1252")))

    assert cells_of(read_delivery(path)) == {"tekst": ["små pølser"]}


def workbook(path: Path, rows: list[list[object]], formats: dict[int, str] | None = None) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Svar")
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                form = book.add_format({"num_format": formats[place]}) if number and place in (formats or {}) else None
                sheet.write(number, place, cell, *([form] if form else []))
    return path


def test_values_of_a_workbook(tmp_path: Path) -> None:
    dates = {0: "dd.mm.yyyy", 1: "yyyy-mm-dd hh:mm:ss", 2: "hh:mm", 3: "[h]:mm:ss"}
    rows = [
        ["dato", "tid", "klokke", "varighet", "ja", "hel", "brøk", "blandet"],
        [date(2024, 2, 29), moment("2024-02-29T13:05:07"), time(13, 5), timedelta(hours=30), True, 2.0, 0.7312, 1],
        [date(2024, 3, 1), moment("2024-03-01T00:00:00"), time(0, 0, 1), timedelta(minutes=1), False, 1e15, 0.1, "x"],
    ]

    delivery = read_delivery(workbook(tmp_path / "it.xlsx", rows, dates))

    assert cells_of(delivery) == {
        "dato": ["2024-02-29", "2024-03-01"],
        "tid": ["2024-02-29T13:05:07", "2024-03-01T00:00:00"],
        "klokke": ["13:05:00", "00:00:01"],
        "varighet": ["30:00:00", "00:01:00"],
        "ja": ["1", "0"],
        "hel": ["2", "1000000000000000"],
        "brøk": ["0.7312", "0.1"],
        "blandet": ["1", "x"],
    }
    assert [column.kind for column in delivery.columns] == [
        *("date", "date", "text", "text"),
        *("number", "number", "number", "text"),
    ]


def test_a_workbook_holds_results_of_formulas_and_one_table(tmp_path: Path) -> None:
    path = tmp_path / "it.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Tom")
        book.add_worksheet("Merknad").write(4, 2, "laget for prøven")
        sheet = book.add_worksheet("Svar")
        # Blank rows above and between, cells that are formatted only, a carriage return as Office writes it.
        sheet.write_row(2, 0, ["a", "b", "c"])
        sheet.write_formula(3, 0, "=1+1", None, 2)
        sheet.write_formula(3, 1, '=""&"x"', None, "x")
        sheet.write_string(3, 2, "to\r\nlinjer")
        sheet.write_formula(5, 0, "=2/1", None, 2.5)
        sheet.write_blank(6, 7, None, book.add_format({"bold": True}))

    assert cells_of(read_delivery(path)) == {"a": ["2", "2.5"], "b": ["x", ""], "c": ["to\r\nlinjer", ""]}


def test_values_of_a_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "it.parquet"
    zoned = moment("2024-02-29T13:05:07").replace(tzinfo=UTC)
    columns = {
        "hel": pa.array([1, None, -3], pa.int32()),
        "kort": pa.array([0.7312, float("nan"), 1e15], pa.float32()),
        "desimal": pa.array([Decimal("1.50"), Decimal("2.00"), None]),
        "ja": pa.array([True, False, None]),
        "dato": pa.array([date(2024, 2, 29), None, date(1899, 1, 1)]),
        "midnatt": pa.array([moment("2024-02-29T00:00:00"), None, None], pa.timestamp("ns")),
        "tid": pa.array([moment("2024-02-29T13:05:07"), None, moment("2024-02-29T00:00:00")], pa.timestamp("ms")),
        "sone": pa.array([zoned, None, None], pa.timestamp("us", "Europe/Oslo")),
        "klokke": pa.array([time(13, 5), None, None]),
        "tom": pa.nulls(3),
        "valg": pa.array(["ja", "nei", None]).dictionary_encode(),
    }
    pq.write_table(pa.table(columns), path)

    delivery = read_delivery(path)

    assert cells_of(delivery) == {
        "hel": ["1", "", "-3"],
        "kort": ["0.7312", "", "1000000000000000"],
        "desimal": ["1.5", "2", ""],
        "ja": ["1", "0", ""],
        "dato": ["2024-02-29", "", "1899-01-01"],
        "midnatt": ["2024-02-29", "", ""],
        "tid": ["2024-02-29T13:05:07", "", "2024-02-29T00:00:00"],
        "sone": ["2024-02-29T13:05:07+00:00", "", ""],
        "klokke": ["13:05:00", "", ""],
        "tom": ["", "", ""],
        "valg": ["ja", "nei", ""],
    }
    assert [column.name for column in delivery.columns if column.kind == "number"] == ["hel", "kort", "desimal", "ja"]
    assert [column.name for column in delivery.columns if column.kind == "date"] == ["dato", "midnatt", "tid", "sone"]


def test_a_folder_name_is_not_read_as_a_column(tmp_path: Path) -> None:
    folder = tmp_path / "survey=7"
    folder.mkdir()
    files.write_parquet(folder / "it*.parquet", {"a": ["1"]})

    assert read_delivery(folder / "it*.parquet").names == ("a",)
