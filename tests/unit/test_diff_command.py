"""`helsemonitor diff` as people call it: words, files and exit codes."""

import csv
import shutil
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
        (("--survey", "skiers", "--year", "2024"), 1, "declares no other wave of survey skiers"),
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
