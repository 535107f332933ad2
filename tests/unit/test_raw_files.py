"""Forms of raw files: numbers, codes, patterns, the copy for dbt, ids of waves, and messages without values."""

import csv
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from helsemonitor.codebook.waves import Wave
from helsemonitor.raw_files import ColumnForm, fits_pattern, normal_codes, normal_numbers, read_raw, write_copy
from helsemonitor.redaction import without_values
from helsemonitor.wave_ids import seed_name, unclear_waves

MEND = "deliver digits with a decimal point and nothing between thousands"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["0,6533", "1", "-2,5", ""], ["0.6533", "1", "-2.5", ""]),
        ([",65", "1,234"], ["0.65", "1.234"]),
        ([".65", "5.", "+5", "1e-3"], ["0.65", "5", "5", "0.001"]),
        ([" 24 ", "\u00a031", "−4"], ["24", "31", "-4"]),
        (["0.6533", "24"], ["0.6533", "24"]),
        (["heavy", "n/a", "1"], ["heavy", "n/a", "1"]),
    ],
)
def test_numbers_of_one_form_are_read(cells: list[str], expected: list[str]) -> None:
    new, findings = normal_numbers(Counter(cells))
    assert [new.get(cell, cell) for cell in cells] == expected
    assert findings == []


@pytest.mark.parametrize(
    ("cells", "finding"),
    [
        (["0,5", "0,7", "1.5"], f"2 of 3 values have a decimal comma and 1 a decimal point; {MEND}"),
        (["1 234", "5"], f"1 of 2 values have marks between thousands; {MEND}"),
        (["1.234,5", "1,234,567"], f"2 of 2 values have marks between thousands; {MEND}"),
        (
            ["1,000", "2,500", "7"],
            f"2 of 3 values have a comma before three digits, which parts thousands or decimals; {MEND}",
        ),
    ],
)
def test_numbers_that_mean_two_things_are_refused_with_counts(cells: list[str], finding: str) -> None:
    assert normal_numbers(Counter(cells))[1] == [finding]


def test_a_code_among_numbers_stays_a_code() -> None:
    new, findings = normal_numbers(Counter(["24,5", "99", "99,0", "NA"]), {"99", "NA"})
    assert new == {"24,5": "24.5", "99,0": "99"}
    assert findings == []


def test_codes_take_the_form_of_their_list() -> None:
    codes = {"1", "2", "2.0", "blå"}
    cells = ["1", "1.0", " 1,00 ", "2", "2.0", "2,0", "bla\u030a", "3.0", "01"]
    new = normal_codes(Counter(cells), codes)
    # 2,0 could be 2 or 2.0, 3 is no code, and 01 is not certainly 1: they stay for the check of codes.
    assert [new.get(cell, cell) for cell in cells] == ["1", "1", "1", "2", "2.0", "2,0", "blå", "3.0", "01"]


@pytest.mark.parametrize(
    ("cells", "codes", "expected"),
    [
        (["01", "02", " 12 ", "99", "x"], ["1", "2", "12"], ["1", "2", "12", "99", "x"]),
        (["000", "001", "010"], ["0", "1", "10"], ["0", "1", "10"]),
        (["1", "2.0", "12"], ["01", "02", "12"], ["01", "02", "12"]),
        # Some with a zero and some without, a list that has both, or numbers of other widths: not certain.
        (["01", "2"], ["1", "2"], ["01", "2"]),
        (["01", "02"], ["1", "01", "2"], ["01", "02"]),
        (["01", "002"], ["1", "2"], ["01", "002"]),
        (["1", "02"], ["01", "02"], ["1", "02"]),
        (["0" * 5000, "01"], ["1"], ["0" * 5000, "1"]),
    ],
)
def test_zeros_before_every_code_of_a_column_are_no_part_of_it(
    cells: list[str], codes: list[str], expected: list[str]
) -> None:
    new = normal_codes(Counter(cells), codes)
    assert [new.get(cell, cell) for cell in cells] == expected


def test_only_stars_and_question_marks_are_patterns() -> None:
    assert fits_pattern("q1_open", "q?_*")
    assert fits_pattern("[a].b%", "[a].*")
    assert not fits_pattern("a", "[a]*")
    assert not fits_pattern("Q1", "q1")


def test_a_copy_is_a_file_of_its_own_in_the_one_form(tmp_path: Path) -> None:
    sound, other = tmp_path / "sound.csv", tmp_path / "other.csv"
    sound.write_bytes(b"id,w,note\n1,0.5,\n2,1.5,\n")
    other.write_bytes('\ufeffid;w;note\r\n1;0,5;secret\r\n2;1,5;"a\r\nb"\r\n'.encode())
    forms = {"id": ColumnForm(), "w": ColumnForm(is_number=True)}
    for path in (sound, other, other):
        write_copy(read_raw(path, "shown", forms, ignored=["no*"]), tmp_path / "copies" / path.name)
    copies = tmp_path / "copies"
    content = sound.read_bytes()
    # Columns not in use are left blank.
    assert (copies / "other.csv").read_bytes() == content
    # Whoever writes into the delivered file while dbt reads does not reach the copy, nor the other way round.
    sound.write_bytes(b"id,w,note\n1,9.5,\n2,1.5,\n")
    assert (copies / "sound.csv").read_bytes() == content
    assert sorted(path.name for path in copies.iterdir()) == ["other.csv", "sound.csv"]


@pytest.mark.parametrize("wave_id", ["hh_2007-2008", "hh_2023Q1", "innbygger_2019"])
def test_plain_wave_ids_are_seeds(wave_id: str) -> None:
    assert seed_name(wave_id) == wave_id


def test_other_wave_ids_get_seeds_of_their_own() -> None:
    seeds = {seed_name(wave_id) for wave_id in ("o'brien_1", 'say "x"_1', "item_types", "år_2020", "a.b_1", "a b_1")}
    assert len(seeds) == 6
    assert all(seed.startswith("wave_") and seed.replace("_", "").isascii() for seed in seeds)


def test_waves_that_cannot_be_told_apart_are_refused() -> None:
    def wave(name: str, year: int) -> Wave:
        return Wave("s", year, 5, "id", "", "", name)

    first, second = wave("2023Q1", 20231), wave("2023Q2", 20232)
    assert unclear_waves([first, second], "waves.csv") == []
    assert len(unclear_waves([first, wave("2023Q2", 20231)], "waves.csv")) == 1
    assert len(unclear_waves([first, wave("2023q1", 20232)], "waves.csv")) == 2
    assert len(unclear_waves([wave("../a1", 1)], "waves.csv")) == 1


@pytest.mark.parametrize(
    "query",
    [
        "select cast(s as integer) from t",
        "select cast(s as date) from t",
        "select strptime(s, '%Y') from t",
        "select b * b * b from t",
        "select cast(b as decimal(9, 3)) from t",
        "select d * d from t",
    ],
)
def test_what_the_database_says_of_a_value_is_not_shown(query: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create table t as select 'kari''s@x.no' as s, 9876543210::bigint as b, "
            "98765432109876543210987.6::decimal(38, 9) as d"
        )
        with pytest.raises(duckdb.Error) as error:
            connection.execute(query).fetchall()
    told = without_values(str(error.value))
    assert "kari" not in told
    assert "98765" not in told
    assert "(not shown)" in told


def test_the_row_that_a_reader_quotes_is_not_shown() -> None:
    said = "CSV Error on Line: 7\nOriginal Line: r7,1.25,Kari\nExpected Number of Columns: 2 Found: 3\n"
    assert without_values(said) == (
        "CSV Error on Line: 7\nOriginal Line: (not shown)\nExpected Number of Columns: 2 Found: 3\n"
    )


def test_line_ends_within_a_cell_stay_in_it(tmp_path: Path) -> None:
    """Of a spreadsheet, a carriage return alone among them: a reader of the copy finds the same rows."""
    path, copy = tmp_path / "raw.csv", tmp_path / "copy.csv"
    cells = [["id", "note"], ["1", "one\rtwo"], ["2", "three\nfour"], ["3", "five\r\nsix"], ["4", 'a "word", and more']]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(cells)
    write_copy(read_raw(path, "shown", {"id": ColumnForm()}), copy)
    with duckdb.connect() as connection:
        read = f"from read_csv('{copy}', header = false, all_varchar = true, delim = ',', quote = '\"', escape = '\"')"
        assert [list(row) for row in connection.execute(read).fetchall()] == cells
