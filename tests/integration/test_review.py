"""`helsemonitor review` on a terminal: a person goes through what waits, with an editor of their own."""

import contextlib
import fcntl
import hashlib
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from helsemonitor.settings import PROJECT_DIR
from orchestration.cli import main

CYCLISTS = PROJECT_DIR / "tests" / "fixtures" / "cyclists"
COMMAND = Path(sys.executable).parent / "helsemonitor"
PATIENCE = 120
PROMPT = "a accept, e edit, r reject, l leave for later, q quit"


class Terminal:
    """A command at a terminal, and what stands on the screen.

    Args:
        arguments: Of `helsemonitor`.
        environment: Beside that of the tests.
    """

    def __init__(self, arguments: Sequence[str], environment: dict[str, str]) -> None:
        self._screen, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [str(COMMAND), *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=os.environ | environment,
            start_new_session=True,
            # Without a terminal of its own, Ctrl-C would reach nobody.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self.said = ""
        self._read = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._screen)

    def _more(self, until: float) -> bool:
        """Read what has come; whether there may be more."""
        ready, _, _ = select.select([self._screen], [], [], max(0.0, until - time.monotonic()))
        assert ready, f"nothing more came:\n{self.said}"
        try:
            came = os.read(self._screen, 65536)
        except OSError:
            # Linux says so where the other end is closed.
            return False
        self.said += came.decode().replace("\r\n", "\n")
        return bool(came)

    def asked(self) -> str:
        """What was said up to the next question."""
        until = time.monotonic() + PATIENCE
        while PROMPT not in self.said[self._read :]:
            assert self._more(until), f"it ended:\n{self.said}"
        start, self._read = self._read, self.said.index(PROMPT, self._read) + len(PROMPT)
        return self.said[start : self._read]

    def answer(self, key: str) -> None:
        """Type an answer and Enter."""
        self.type(f"{key}\n")

    def type(self, keys: str) -> None:
        """Type keys."""
        os.write(self._screen, keys.encode())

    def leave(self, key: str) -> None:
        """Type a key until the command ends: what comes before the question waits for its answer may get lost."""
        until = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < until:
            self.type(key)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(3)

    def ended(self) -> tuple[int, str]:
        """Exit code, and what was said since the last question."""
        until = time.monotonic() + PATIENCE
        while self._more(until):
            pass
        return self._process.wait(PATIENCE), self.said[self._read :]


@dataclass(frozen=True)
class Home:
    """A small survey whose next wave has landed.

    Args:
        folder: With `seeds` and `landing`.
    """

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HELSEMONITOR_SEEDS": str(self.folder / "seeds"),
            "HELSEMONITOR_BUILD": str(self.folder / "build"),
            "EDITOR": f"{sys.executable} {self.folder / 'editor.py'}",
            "VISUAL": "",
        }

    def editor(self, change: str) -> None:
        """Let the person's editor do something with the `text` of a file."""
        (self.folder / "editor.py").write_text(
            "import sys, os\n"
            "from pathlib import Path\n"
            "path = Path(sys.argv[1])\n"
            "text = path.read_text(encoding='utf-8')\n"
            f"{change}\n"
            "path.write_text(text, encoding='utf-8')\n"
            "os.utime(path, (path.stat().st_atime, path.stat().st_mtime + 5))\n",
            encoding="utf-8",
        )

    def proposals(self) -> dict[str, object]:
        path = self.folder / "landing" / "proposed" / "cyclists_2024.yaml"
        return yaml.safe_load(path.read_text(encoding="utf-8"))

    def waiting(self) -> list[str]:
        return [proposal["name"] for proposal in self.proposals()["waiting"]]  # type: ignore[attr-defined]

    def table(self, name: str) -> str:
        return (self.folder / "seeds" / "codebook" / f"{name}.csv").read_text(encoding="utf-8")

    def files(self) -> dict[str, str]:
        paths = [*(self.folder / "seeds").rglob("*"), *(self.folder / "landing").rglob("*")]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if path.is_file()}


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wave landed once: a column is renamed, one goes to riders only, and one is new."""
    folder = tmp_path_factory.mktemp("landed")
    shutil.copytree(CYCLISTS, folder / "seeds")
    frame = pd.read_csv(CYCLISTS / "raw" / "cyclists_2023.csv", dtype=str, keep_default_na=False)
    frame = frame.rename(columns={"mood": "stemning"})
    frame["sat2023"] = frame["sat2023"].where(frame["ride"] == "Y", "")
    frame.insert(5, "vinter", ["123"[row % 3] for row in range(len(frame))])
    frame.to_csv(folder / "delivered.csv", index=False)
    environment = {"HELSEMONITOR_SEEDS": str(folder / "seeds"), "HELSEMONITOR_BUILD": str(folder / "build")}
    arguments = ["land", str(folder / "delivered.csv"), "--survey", "cyclists", "--year", "2024"]
    result = CliRunner().invoke(main, arguments, env=environment)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def home(landed: Path, tmp_path: Path) -> Home:
    """A copy of it, to decide in."""
    home = Home(tmp_path / "home")
    shutil.copytree(landed, home.folder)
    assert home.waiting() == ["wave", "renamed", "sat", "vinter"]
    return home


def test_a_person_accepts_edits_rejects_and_leaves(home: Home) -> None:
    home.editor("text = text.replace('assessed_impact: break', 'assessed_impact: likely')")
    with Terminal(["review", "cyclists_2024"], home.environment) as terminal:
        first = terminal.asked()
        assert "cyclists_2024, 1 of 4\nwave: the wave itself, reviewed" in first
        assert "    seen: rid identifies them" in first
        terminal.answer("a")
        assert "cyclists_2024, 2 of 4\nrenamed: column renamed" in terminal.asked()
        assert "cyclists,2024,,,,,310,rid,wgt,,,delivered,provisional,,yes" in home.table("waves"), "at once"
        # An answer that is none is asked for again.
        terminal.answer("x")
        assert "'x' is not one of" in terminal.asked()
        terminal.answer("r")
        third = terminal.asked()
        assert "does: The series of sat_nps, sat_mean break in 2024." in third
        assert "assessed_impact break" in third
        terminal.answer("e")
        again = terminal.asked()
        assert "cyclists_2024, 3 of 4\nsat: asked of fewer (sat)" in again
        assert "assessed_impact likely" in again
        terminal.answer("a")
        assert "cyclists_2024, 4 of 4\nvinter: new question (vinter)" in terminal.asked()
        # Enter alone leaves it for later.
        terminal.answer("")
        code, said = terminal.ended()
    assert code == 1
    assert "1 proposal waits still; nothing is built until they are reviewed." in said
    assert home.waiting() == ["vinter"]
    assert home.proposals()["decided"] == {"wave": "accepted", "renamed": "rejected", "sat": "accepted"}
    assert re.search("cyclists,sat,2024,,filter_narrowed,likely,", home.table("changes"))
    assert "stemning" not in home.table("columns")
    assert "vinter" not in home.table("columns")


def test_what_is_typed_in_an_editor_is_text(home: Home) -> None:
    """A person writes an answer `no` and a code `01` without marks around them."""
    home.editor("text = text.replace('answer_2', 'no').replace(\"code: '2'\", 'code: 01')")
    with Terminal(["review", "cyclists_2024"], home.environment) as terminal:
        for _ in range(3):
            terminal.asked()
            terminal.answer("a")
        assert "answer answer_2" in terminal.asked()
        terminal.answer("e")
        assert "answer no" in terminal.asked()
        terminal.answer("a")
        code, said = terminal.ended()
    assert code == 0, said
    assert "vinter,no,2,,2,substantive," in home.table("answers")
    assert "vinter,01,no," in home.table("code_lists")


def test_a_person_quits_and_goes_on_another_time(home: Home) -> None:
    before = home.files()
    with Terminal(["review"], home.environment) as terminal:
        terminal.asked()
        terminal.answer("q")
        code, said = terminal.ended()
    assert (code, "4 proposals wait still" in said) == (1, True)
    assert home.files() == before
    with Terminal(["review"], home.environment) as terminal:
        for _ in range(4):
            terminal.asked()
            terminal.answer("a")
        code, said = terminal.ended()
    assert code == 0, said
    assert "Nothing waits. The codebook passes its gate" in said
    assert home.waiting() == []
    with Terminal(["review"], home.environment) as terminal:
        code, said = terminal.ended()
    assert (code, "Nothing waits." in said) == (0, True)


BROKEN = {
    "a cell that the schema does not take": ("text = text.replace(\"year: '2024'\", 'year: next')", "next"),
    "a column that is none": ("text = text.replace('respondents:', 'respondent:')", "the rows cannot be read"),
    "a table that is none": ("text = text.replace('table: waves', 'table: wave')", "the rows cannot be read"),
    "no rows": ("text = 'accepted'", "the rows cannot be read"),
    "no text": ("text = '- ['", "the rows cannot be read"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_rows_that_cannot_be_read_are_said_and_nothing_has_changed(home: Home, case: str) -> None:
    change, words = BROKEN[case]
    home.editor(change)
    before = home.files()
    with Terminal(["review", "cyclists_2024"], home.environment) as terminal:
        terminal.asked()
        terminal.answer("e")
        again = terminal.asked()
        assert words in again
        assert "cyclists_2024, 1 of 4" in again
        terminal.answer("q")
        code, said = terminal.ended()
    assert code == 1, said
    assert home.files() == before


def test_an_editor_that_ends_with_an_error_leaves_everything(home: Home) -> None:
    home.editor("sys.exit(3)")
    before = home.files()
    with Terminal(["review", "cyclists_2024"], home.environment) as terminal:
        terminal.asked()
        terminal.answer("e")
        again = terminal.asked()
        assert "Editing failed; it is as it was." in again
        assert "cyclists_2024, 1 of 4" in again
        terminal.answer("q")
        code, said = terminal.ended()
    assert code == 1, said
    assert home.files() == before


def decided(home: Home, *arguments: str) -> tuple[int, str]:
    """A review by name, where nobody sits at a terminal."""
    result = CliRunner().invoke(main, ["review", *arguments], env=home.environment)
    return result.exit_code, result.output


def test_cells_are_set_before_what_is_rejected_and_that_before_what_is_accepted(home: Home) -> None:
    code, said = decided(
        home, "cyclists_2024", "--accept", "all", "--reject", "vinter", "--set", "sat", "changes.assessed_impact=likely"
    )
    # The new column is in the file, and the codebook does not say a word of it: that is for the landing to refuse.
    assert code == 0, said
    assert home.proposals()["decided"] == {
        "vinter": "rejected",
        "wave": "accepted",
        "renamed": "accepted",
        "sat": "accepted",
    }
    assert "filter_narrowed,likely," in home.table("changes")


REFUSED = {
    "a name that is none": (("--accept", "wav"), "wav is no proposal of cyclists_2024; these wait: wave, renamed, sat"),
    "a setting that is none": (("--set", "sat", "changes"), "changes is no setting; write table.column=cell"),
    "a setting of nothing": (("--set", "moon", "changes.breaks="), "moon is no proposal of cyclists_2024"),
    "a table that is none": (("--set", "sat", "change.breaks="), "proposal sat has no such row"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_decided_is_a_sentence(home: Home, case: str) -> None:
    arguments, words = REFUSED[case]
    before = home.files()
    code, said = decided(home, "cyclists_2024", *arguments)
    assert (code, words in said) == (1, True), said
    assert home.files() == before


def test_a_wave_without_proposals_is_a_sentence_that_names_those_that_have_some(home: Home) -> None:
    code, said = decided(home, "cyclists_2023", "--list")
    assert code == 1
    assert "There are no proposals of cyclists_2023; there are of: cyclists_2024. Land its file first." in said


def test_without_a_terminal_what_waits_is_listed(home: Home) -> None:
    before = home.files()
    code, said = decided(home)
    assert code == 1
    assert [line.split(":")[0] for line in said.splitlines() if line[:1].strip()] == [
        "cyclists_2024",
        "wave",
        "renamed",
        "sat",
        "vinter",
        "4 proposals wait still; nothing is built until they are reviewed.",
    ]
    assert home.files() == before


@pytest.mark.parametrize("key", ["\x04", "\x03"], ids=["end of input", "Ctrl-C"])
def test_whoever_leaves_in_the_middle_finds_the_rest_waiting(home: Home, key: str) -> None:
    with Terminal(["review", "cyclists_2024"], home.environment) as terminal:
        terminal.asked()
        terminal.answer("a")
        terminal.asked()
        terminal.leave(key)
        code, said = terminal.ended()
    assert code in (1, 130), said
    assert "Traceback" not in said
    assert home.waiting() == ["renamed", "sat", "vinter"]
