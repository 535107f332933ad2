"""`helsemonitor diff` as people call it: words, files and exit codes."""

import csv
import os
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helsemonitor.settings import PROJECT_DIR
from orchestration.cli import main

CYCLISTS = PROJECT_DIR / "tests" / "fixtures" / "cyclists"


@pytest.fixture
def delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The newest wave of the small survey, as next year's delivery."""
    shutil.copytree(CYCLISTS, tmp_path / "seeds")
    monkeypatch.setenv("HELSEMONITOR_SEEDS", str(tmp_path / "seeds"))
    monkeypatch.setenv("HELSEMONITOR_BUILD", str(tmp_path / "build"))
    return Path(shutil.copy(CYCLISTS / "raw" / "cyclists_2023.csv", tmp_path / "delivered.csv"))


def diff(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["diff", *map(str, arguments)])


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rename(path: Path, before: str, now: str) -> None:
    header, rest = path.read_text(encoding="utf-8").split("\n", 1)
    names = [now if name == before else name for name in header.split(",")]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(names)
        file.write(rest)


def test_nothing_differs(delivered: Path, tmp_path: Path) -> None:
    before = files(tmp_path)
    result = diff(delivered, "--survey", "cyclists", "--year", "2024")
    assert result.exit_code == 0, result.output
    assert "310 respondents" in result.output
    assert "nothing differs from cyclists_2023" in result.output
    assert files(tmp_path) == before, "nothing is written"


def test_what_differs_is_said_and_written(delivered: Path, tmp_path: Path) -> None:
    rename(delivered, "ride", '=1+1,"<b>')
    for ending in ("csv", "html"):
        result = diff(delivered, "--survey", "cyclists", "--year", "2024", "--out", tmp_path / f"found.{ending}")
        assert result.exit_code == 1
        assert "column renamed" in result.output
    with (tmp_path / "found.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["difference"] == "column_renamed"
    assert row["column"] == "'=1+1,\"<b>", "a spreadsheet computes nothing"
    assert row["column before"] == "ride"
    page = (tmp_path / "found.html").read_text(encoding="utf-8")
    tags: list[str] = []
    texts: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append(tag)

        def handle_data(self, data: str) -> None:
            texts.append(data)

    Reader().feed(page)
    assert "b" not in tags
    assert "script" not in tags
    assert '=1+1,"<b>' in texts


def test_an_announced_number_is_held_to(delivered: Path) -> None:
    same = diff(delivered, "--survey", "cyclists", "--year", "2024", "--respondents", "310")
    fewer = diff(delivered, "--survey", "cyclists", "--year", "2024", "--respondents", "400")
    assert same.exit_code == 0
    assert fewer.exit_code == 1
    assert "310 in the file where 400 were announced" in fewer.output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--survey", "cyclists"), 2, "--year"),
        (("--survey", "cyclists", "--year", "0"), 2, "0 is not in the range"),
        (("--survey", "cyclists", "--year", "2024", "--out", "found.pdf"), 2, "writes .csv or .html"),
        (("--survey", "cyclists", "--year", "2024", "--out", "nowhere/found.csv"), 2, "there is no folder nowhere"),
        (("--survey", "cyclists", "--year", "2024", "--out", "/dev/null.csv/.."), 2, "neither"),
        (("--survey", "skiers", "--year", "2024"), 1, "has no survey skiers"),
    ],
)
def test_wrong_usage_is_told_apart_from_data(
    delivered: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    result = diff(delivered, *arguments)
    assert result.exit_code == code, result.output
    assert words in result.output


def test_a_file_that_cannot_be_read_is_refused(delivered: Path) -> None:
    delivered.write_bytes(b"")
    result = diff(delivered, "--survey", "cyclists", "--year", "2024")
    assert result.exit_code == 1
    assert "the file is empty" in result.output
    assert result.stderr.endswith("\nRefused.\n"), "a command that never publishes says nothing of it"


@pytest.mark.parametrize("name_in_bytes", [True, False], ids=["bytes", "as the system decodes it"])
def test_a_file_whose_name_is_no_utf_8_is_read(delivered: Path, tmp_path: Path, name_in_bytes: bool) -> None:
    path = os.fsencode(tmp_path) + b"/b\xf8lge.csv"
    shutil.copy(os.fsencode(delivered), path)
    for name, code in ((path, 0), (path + b".csv", 1)):
        given = name if name_in_bytes else os.fsdecode(name)
        result = CliRunner().invoke(main, ["diff", given, "--survey", "cyclists", "--year", "2024"])
        assert result.exit_code == code, result.output
        assert "Error" not in result.output


def test_neither_the_delivered_file_nor_a_seed_is_written(delivered: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to(delivered)
    before = files(tmp_path)
    for out in ("delivered.csv", "link.csv", "folder.csv", "seeds/raw/cyclists_2022.csv", "seeds/raw/new.csv"):
        result = diff(delivered, "--survey", "cyclists", "--year", "2024", "--out", tmp_path / out)
        assert result.exit_code == 2, out
        assert files(tmp_path) == before


def change(path: Path, column: str, cells: Callable[[int, str], str]) -> None:
    """Give each row another cell, by its number and what stood there."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row[column] = cells(number, row[column])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("Ola Nordmann 12345678901", "a text of 24 characters, given 30 times"),
        ("²", "², given 30 times"),
        ("9" * 5000, "a text of 5000 characters, given 30 times"),
        ("77", "77, given 30 times"),
    ],
)
def test_a_cell_is_shown_where_it_looks_like_a_code(delivered: Path, tmp_path: Path, cell: str, words: str) -> None:
    change(delivered, "ride", lambda number, was: cell if number < 30 else was)
    out = tmp_path / "found.csv"
    result = diff(delivered, "--survey", "cyclists", "--year", "2024", "--out", out)
    assert result.exit_code == 1, result.output
    assert words in result.output
    assert (cell in result.output + out.read_text(encoding="utf-8")) == (len(cell) < 3)


def test_names_of_respondents_explain_no_filter(delivered: Path) -> None:
    names = ("Kari Hansen", "Ola Nordmann", "Per Olsen")
    lines = delivered.read_text(encoding="utf-8").splitlines()
    named = [f"{line},{names[number % 3]}" for number, line in enumerate(lines[1:])]
    delivered.write_text("\n".join([f"{lines[0]},fornavn", *named]) + "\n", encoding="utf-8")
    change(delivered, "ride", lambda number, was: was if number % 3 else "")
    result = diff(delivered, "--survey", "cyclists", "--year", "2024")
    assert result.exit_code == 1
    assert "fornavn" in result.output
    assert not any(name in result.output for name in names)


def test_nothing_of_a_file_controls_the_terminal(delivered: Path) -> None:
    rename(delivered, "ride", "\x1b]0;taken\x07ride\nnumber of respondents")
    result = diff(delivered, "--survey", "cyclists", "--year", "2024")
    assert result.exit_code == 1
    assert not {"\x1b", "\x07"} & set(result.output)
    assert not any(line.startswith("number of respondents") for line in result.output.splitlines())


def test_a_landed_year_is_said(delivered: Path) -> None:
    assert "landed already" in diff(delivered, "--survey", "cyclists", "--year", "2022").output
    assert "landed already" not in diff(delivered, "--survey", "cyclists", "--year", "2024").output


def test_blanks_written_as_a_word_are_refused(delivered: Path) -> None:
    for column in ("ride", "mood", "sat2023"):
        change(delivered, column, lambda number, was: "NA" if number % 9 == 0 else was)
    result = diff(delivered, "--survey", "cyclists", "--year", "2024")
    assert result.exit_code == 1
    assert "'NA' stands in 3 columns, as programs write a blank; save it with empty cells" in result.output
