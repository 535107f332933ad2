"""docs/add_a_wave.md, followed to the letter: a made-up next wave of the citizens lands, is reviewed and published.

The commands are those of the document. What was planted in the wave is counted here by pandas, over the delivered cells
and their labels.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml

from tests.integration.conftest import ROOT, Refresh
from tests.made_wave import SEEDS, SURVEY, MadeWave, newest, rows

COMMAND = Path(sys.executable).parent / "helsemonitor"
YEAR = 2026
NEW_ITEM = "har_du_brukt_en_samtalerobot_om_helse"


def commands(section: str) -> list[str]:
    """The commands of a section of the document, in their order."""
    text = (ROOT / "docs" / "add_a_wave.md").read_text(encoding="utf-8")
    (part,) = re.findall(rf"^## {section}\n(.*?)(?=^## |^### |\Z)", text, re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"```sh\n(.*?)```", part, re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def made() -> MadeWave:
    """The newest wave, delivered anew with differences."""
    wave, random = newest(), np.random.default_rng(YEAR)
    # Two renamed columns: a background question and one with a series.
    wave.rename_column("kjonn", "Kjønn")
    wave.rename_column("q26", "anbefale")
    wave.add_question("q99", "Har du brukt en samtalerobot om helse?", {1.0: "Ja", 2.0: "Nei", 3.0: "Vet ikke"}, random)
    wave.drop_question("q12")
    wave.insert_answer("q4", 2.0, "I en viss grad", random)
    wave.ask_only("q13_1", "Kjønn", "Kvinner")
    wave.labels["q21"][1.0] += ", takk"
    # Of those with the highest education, two in five have one that is higher still.
    wave.labels["utdanning"][5.0] = "Doktorgrad"
    wave.frame.loc[(wave.frame["utdanning"] == 4) & (random.random(len(wave.frame)) < 0.4), "utdanning"] = 5.0
    wave.declare_missing("q10", 99.0, random)
    wave.tick_only("q9_")
    return wave


@dataclass(frozen=True)
class Walk:
    """The document, walked through.

    Args:
        wave: The delivered wave.
        home: Private folder with `seeds` and `landing`.
        build: Build folder.
        former: The release that was current before.
        said: Command of the document -> what it printed.
        codes: Command of the document -> exit code.
        early: The refresh between landing and review.
        early_release: The release that was current after it.
        proposed: Proposals as they were accepted.
    """

    wave: MadeWave
    home: Path
    build: Path
    former: Path
    said: dict[str, str]
    codes: dict[str, int]
    early: subprocess.CompletedProcess[str]
    early_release: Path
    proposed: dict[str, list[dict[str, object]]]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Rows of a query over the published marts."""
        path = self.build / "published" / "current" / "helsemonitor.duckdb"
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(query).fetchall()


def run(command: str, home: Path, build: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the document beside the delivery, with nobody at a terminal."""
    program, *arguments = shlex.split(command)
    assert program == ".venv/bin/helsemonitor"
    return subprocess.run(
        [str(COMMAND), *arguments],
        cwd=home,
        env=os.environ | {"HELSEMONITOR_SEEDS": str(home / "seeds"), "HELSEMONITOR_BUILD": str(build)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def walk(first: Refresh, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """The document's commands, over the shipped seeds and what was built of them."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(SEEDS, home / "seeds")
    build = first.copied_to(home / "build")
    current, waiting = build / "published" / "current", home / "landing" / "proposed" / f"{SURVEY}_{YEAR}.yaml"
    former = current.resolve()
    wave = made()
    wave.write(home / "delivery.sav")
    said, codes = {}, {}
    land, *others = commands("A new wave")
    landed = run(land, home, build)
    said[land], codes[land] = landed.stdout, landed.returncode
    assert landed.returncode == 0, landed.stdout
    early = run(".venv/bin/helsemonitor refresh", home, build)
    early_release = current.resolve()
    proposed: dict[str, list[dict[str, object]]] = {}
    for command in others:
        if "--accept" in command:
            found = yaml.safe_load(waiting.read_text(encoding="utf-8"))["waiting"]
            proposed = {proposal["name"]: proposal["edits"] for proposal in found}
        done = run(command, home, build)
        said[command], codes[command] = done.stdout, done.returncode
    return Walk(wave, home, build, former, said, codes, early, early_release, proposed)


def test_every_command_of_the_document_does_what_it_says(walk: Walk) -> None:
    ends = {
        command.removeprefix(".venv/bin/helsemonitor ").split(" delivery.sav")[0]: code
        for command, code in walk.codes.items()
    }
    # What still waits, and a release that is not the same, is 1.
    assert ends == {
        "land": 0,
        f"review {SURVEY}_{YEAR}": 1,
        f"review {SURVEY}_{YEAR} --list": 1,
        f'review {SURVEY}_{YEAR} --set other_doctor_ok "changes.assessed_impact=possible"': 1,
        f"review {SURVEY}_{YEAR} --accept all": 0,
        "refresh": 0,
        "diff-release previous current": 1,
    }, walk.said
    *_, accepted = (said for command, said in walk.said.items() if "--accept" in command)
    assert "The codebook passes its gate" in accepted


def test_nothing_is_built_before_the_review(walk: Walk) -> None:
    assert walk.early.returncode == 1
    assert f"{SURVEY}_{YEAR}: 10 proposals wait for review" in walk.early.stdout
    assert walk.early_release == walk.former
    assert (walk.build / "published" / "current").resolve() != walk.former


def test_what_was_planted_is_proposed_and_nothing_else(walk: Walk) -> None:
    assert set(walk.proposed) == {
        "wave",
        "renamed",
        "education",
        "hospital_visit_replaceable",
        "preferred_gp_channel",
        "other_doctor_ok",
        "access_safer_treatment",
        "want_more",
        "digital_can_replace_visits",
        NEW_ITEM,
    }


def _filled(cells: dict[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset((column, cell) for column, cell in cells.items() if cell)


def test_only_proposed_rows_differ_from_the_shipped_codebook(walk: Walk) -> None:
    edits = [edit for proposal in walk.proposed.values() for edit in proposal]
    held = {
        word: {(edit["table"], _filled(edit[word])) for edit in edits if word in edit}  # type: ignore[arg-type]
        for word in ("before", "after")
    }
    gone, come = set(), set()
    for path in (SEEDS / "codebook").glob("*.csv"):
        shipped = {(path.stem, _filled(row)) for row in rows(path.stem)}
        now = {(path.stem, _filled(row)) for row in rows(path.stem, walk.home / "seeds")}
        gone, come = gone | (shipped - now), come | (now - shipped)
    assert gone
    assert come
    assert gone <= held["before"]
    assert come <= held["after"]
    assert "possible" in {dict(cells).get("assessed_impact") for _, cells in come}


def weighted(wave: MadeWave, column: str, missing: Sequence[float] = ()) -> dict[str, float]:
    """Label -> weighted share in percent of those who answered."""
    answered = wave.frame[wave.frame[column].notna() & ~wave.frame[column].isin(missing)]
    sums = answered.groupby(answered[column].map(wave.labels[column]))["vekt"].sum()
    return (100 * sums / answered["vekt"].sum()).to_dict()


def published(
    walk: Walk, item: str, breakdown: str = "total", group_key: str = "total"
) -> dict[str, tuple[float, int]]:
    """Answer as it is called in the wave -> share in percent and base, as published."""
    found = walk.rows(
        f"""
        select answer, share_pct, base_n
        from marts.fct_answer_shares
        where survey = '{SURVEY}' and year = {YEAR} and item = '{item}' and basis = 'as_published'
            and breakdown = '{breakdown}' and group_key = '{group_key}'
        """
    )
    return {str(answer): (float(str(share)), int(str(base))) for answer, share, base in found}


# Item, its column, and what the codebook calls its answers -> what the file calls them.
ASKED = {
    "the new question": (NEW_ITEM, "q99", {"yes": "Ja", "no": "Nei", "dont_know": "Vet ikke"}, 1590),
    "the renamed column": ("sex", "Kjønn", {"female": "Kvinner", "male": "Menn"}, 1590),
    "an answer in the middle of a scale": (
        "hospital_visit_replaceable",
        "q4",
        {
            "necessary": "Nei, fysisk oppmøte/innleggelse var nødvendig",
            "i_en_viss_grad": "I en viss grad",
            "not_necessary_preferred": "Ja, fysisk oppmøte var ikke nødvendig, men jeg foretrekker det",
            "replaceable": "Ja, det kunne ha vært erstattet med digital kontakt",
            "dont_know": "Vet ikke",
        },
        None,
    ),
    "an answer in other words": (
        "want_more",
        "q21",
        {
            "no": "Nei, jeg har tilgang til de digitale helsetjenestene jeg trenger, takk",
            "yes": "Ja, det finnes helsetjenester som jeg ønsker meg tilgang til digitalt",
            "non_user": "Jeg bruker ikke digitale helsetjenester",
            "dont_know": "Vet ikke",
        },
        1590,
    ),
    "a code that the file calls missing": (
        "other_doctor_ok",
        "q10",
        {"yes": "Ja", "no": "Nei", "dont_know": "Vet ikke"},
        None,
    ),
    "a question that goes to women": (
        "access_safer_treatment",
        "q13_1",
        {
            "disagree_strongly": "Helt uenig",
            "disagree_somewhat": "Ganske uenig",
            "neutral": "Verken enig eller uenig",
            "agree_somewhat": "Ganske enig",
            "agree_strongly": "Helt enig",
            "dont_know": "Vet ikke",
        },
        None,
    ),
}


@pytest.mark.parametrize("planted", ASKED)
def test_shares_are_those_of_the_delivered_cells(walk: Walk, planted: str) -> None:
    item, column, called, everybody = ASKED[planted]
    missing = walk.wave.missing.get(column, ())
    base = int((walk.wave.frame[column].notna() & ~walk.wave.frame[column].isin(missing)).sum())
    assert base == (everybody or base)
    counted = weighted(walk.wave, column, missing)
    expected = {answer: (pytest.approx(counted[label], abs=1e-9), base) for answer, label in called.items()}
    assert published(walk, item) == expected


def test_the_base_of_a_narrowed_question_are_those_who_are_asked(walk: Walk) -> None:
    women = int((walk.wave.frame["Kjønn"].map(walk.wave.labels["Kjønn"]) == "Kvinner").sum())
    assert 0 < women < len(walk.wave.frame)
    assert {base for _, base in published(walk, "access_safer_treatment").values()} == {women}


def test_ticks_alone_are_shares_of_those_who_are_asked(walk: Walk) -> None:
    options = {
        "video": "q9_1",
        "physical": "q9_2",
        "phone": "q9_3",
        "text": "q9_4",
        "no_matter": "q9_5",
        "other": "q9_6",
        "dont_know": "q9_7",
    }
    frame = walk.wave.frame
    expected = {
        option: (pytest.approx(100 * frame["vekt"][frame[column] == 1].sum() / frame["vekt"].sum()), len(frame))
        for option, column in options.items()
    }
    assert published(walk, "preferred_gp_channel") == expected


def test_a_new_answer_of_a_background_question_is_a_group(walk: Walk) -> None:
    frame = walk.wave.frame
    group = frame[frame["utdanning"] == 5.0]
    found = walk.rows(
        f"""
        select respondents_n, weighted_pct
        from marts.fct_composition
        where survey = '{SURVEY}' and year = {YEAR} and breakdown = 'education' and group_key = 'doktorgrad'
        """
    )
    assert found == [(len(group), pytest.approx(100 * group["vekt"].sum() / frame["vekt"].sum()))]
    share = 100 * group["vekt"][group["q21"] == 2.0].sum() / group["vekt"].sum()
    assert published(walk, "want_more", "education", "doktorgrad")["yes"] == (pytest.approx(share), len(group))


def test_series_break_where_shares_or_the_asked_are_others_and_nowhere_else(walk: Walk) -> None:
    status = pd.DataFrame(
        walk.rows(
            f"""
            select item, indicator, obs_status
            from marts.fct_indicators
            inner join marts.dim_indicator using (survey, indicator)
            where survey = '{SURVEY}' and year = {YEAR} and breakdown = 'total' and basis = 'as_published'
            """
        ),
        columns=["item", "indicator", "obs_status"],
    )
    broken = status[status["obs_status"] == "B"]
    assert set(broken["item"]) == {"access_safer_treatment", "hospital_visit_replaceable"}
    doubtful = status[status["obs_status"] == "D"]
    assert set(doubtful["item"]) == {"other_doctor_ok"}
    renamed = status[status["item"] == "helsenorge_nps"]
    assert len(renamed)
    assert not set(renamed["obs_status"]) & {"B", "D"}
    gone = status[(status["item"] == "digital_can_replace_visits") & (status["obs_status"] != "M")]
    assert gone.empty


def test_the_document_says_which_year_is_next(walk: Walk) -> None:
    """The made wave is the one after the newest: with another shipped wave, the document moves on too."""
    assert max(int(row["year"]) for row in rows("waves") if row["survey"] == SURVEY) == YEAR - 1
    assert any(f"--year {YEAR}" in command for command in walk.codes)
