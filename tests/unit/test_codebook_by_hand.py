"""Small codebooks with their findings worked out by hand: what is said in full, and what is sound and passes."""

import csv
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from helsemonitor.codebook.gate import read_codebook
from helsemonitor.codebook.schema import tables
from helsemonitor.errors import DataRefused
from helsemonitor.settings import PROJECT_DIR, Settings

CYCLISTS = PROJECT_DIR / "tests" / "fixtures" / "cyclists"
MEND = "and no change is registered for 2022; add a row that says what changed and what it breaks, or correct the "


def judged(folder: Path, added: Mapping[str, Sequence[str]]) -> list[str]:
    """What the gate says of the fixture with rows added, cells in the order of the schema; the folder left out."""
    seeds = Path(shutil.copytree(CYCLISTS, folder / "seeds"))
    for name, rows in added.items():
        path = seeds / tables()[name].folder / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            before = list(csv.DictReader(file))
        names = tables()[name].names
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows([*before, *(dict(zip(names, row.split(","), strict=False)) for row in rows)])
    try:
        read_codebook(Settings(PROJECT_DIR, seeds, folder / "build"))
    except DataRefused as refusal:
        return [sentence.replace(f"{seeds}/", "") for sentence in refusal.sentences]
    return []


RENAMED = {
    "items": [f"cyclists,{item},,single,view,,{item},{item}" for item in ("q", "r", "t", "same")],
    "answers": ["view,agree,Enig,Agree,1,substantive", "view,dont_know,Vet ikke,Don't know,2,dont_know"],
    "code_lists": [
        "old,1,agree,Enig", "old,2,dont_know,Vet ikke",
        "new,1,agree,Enig", "new,2,dont_know,Vet ikke / ikke relevant",
        "shifted,7,agree,Enig", "shifted,9,dont_know,Vet ikke / ikke relevant",
    ],
    "columns": [
        *(f"cyclists,x{item},2021,2021,{item},,old" for item in "qrt"),
        *(f"cyclists,x{item},2022,,{item},,new" for item in "qrt"),
        "cyclists,xs,2021,2021,same,,new", "cyclists,xs,2022,,same,,shifted",
    ],
    "changes": [
        "h1,cyclists,mood|r,2022,,option_relabelled,none,,,,,,Nytt navn.",
        "h2,cyclists,t,2021,,option_relabelled,none,,,,,,Nytt navn.",
        "h3,cyclists,*,2022,,context_event,none,,,,,,Pandemi.",
    ],
}  # fmt: skip


def test_a_renamed_dont_know_needs_a_row_in_the_register(tmp_path: Path) -> None:
    """Only r has a change of its own in 2022: t's is of another year, an event is none, codes may move."""
    assert judged(tmp_path, RENAMED) == [
        f"codebook/changes.csv: the answers of item {item} of cyclists differ between 2021 and 2022 (1 new: dont_know "
        f'"Vet ikke / ikke relevant"; 1 gone: dont_know "Vet ikke"), {MEND}code list.'
        for item in ("q", "t")
    ]


def test_a_renamed_answer_that_is_registered_passes(tmp_path: Path) -> None:
    changes = ["h1,cyclists,q|r|t,2022,,option_relabelled,none,,,,,,Nytt navn."]
    assert judged(tmp_path, RENAMED | {"changes": changes}) == []


def test_swapped_answers_contradict_their_labels(tmp_path: Path) -> None:
    """Low and high are swapped, and their labels give both away. A label of digits only may move."""
    sentences = judged(
        tmp_path,
        {
            "items": ["cyclists,q,,single,level,,Q,Q"],
            "answers": [
                "level,low,Lav,,1,substantive",
                "level,high,Høy,,2,substantive",
                "level,top,3,,3,substantive",
            ],
            "code_lists": ["swapped,1,high,Lav", "swapped,2,low,Høy", "swapped,3,top,1"],
            "columns": ["cyclists,xq,2021,,q,,swapped"],
        },
    )
    assert sentences
    assert all('of list swapped is labelled "Lav"' in said or 'labelled "Høy"' in said for said in sentences)
    assert any("code 1" in said and "means high, but that label means low" in said for said in sentences)
    assert any("code 2" in said and "means low, but that label means high" in said for said in sentences)


def test_a_range_may_end_as_the_next_begins(tmp_path: Path) -> None:
    added = {
        "columns": ["cyclists,c,2021,2021,,,,,an old name", "cyclists,c,2022,,,,,,a new name"],
    }
    assert judged(tmp_path, added) == []


def test_two_rows_of_one_clause_hold_in_one_wave(tmp_path: Path) -> None:
    """Clause 1 has a second row from 2022 on, so both hold in 2022 and in 2023; clause 2 stands beside it."""
    sentences = judged(
        tmp_path,
        {
            "derivations": [
                "cyclists,any_gear,yes,1,2022,,gear,any,helmet",
                "cyclists,any_gear,yes,2,2022,,gear,any,light",
            ]
        },
    )
    crossing = [said for said in sentences if "has two rows that hold in" in said]
    assert [said.split(" has two rows that hold in ")[1][:4] for said in crossing] == ["2022", "2023"]
    assert all("codebook/derivations.csv line 4: item any_gear, answer yes, clause 1" in said for said in crossing)


@pytest.mark.parametrize(
    ("items", "kind", "words"),
    [
        ("mood|qq", "wording", "names item qq, which items.csv does not have"),
        ("qqq", "context_event", "names item qqq, which items.csv does not have"),
        ("*", "wording", "names all items (*); only a context_event may"),
        ("", "wording", "column items is blank"),
        ("*", "context_event", ""),
    ],
)
def test_items_of_a_change(tmp_path: Path, items: str, kind: str, words: str) -> None:
    sentences = judged(tmp_path, {"changes": [f"h1,cyclists,{items},2022,,{kind},none,,,,,,Noe."]})
    assert [words in said for said in sentences] == ([True] if words else [])


def test_printed_groups_of_a_cross(tmp_path: Path) -> None:
    """Women and old are groups, so their cross is; elderly is none. A number without a base stands on no group."""
    printed = "{0},r,cyclists,2021,f,rides,pct,yes,{1},{2},5,percent,,table,yes,rides,yes,{3}"
    rows = [("a", "sex_x_age", "f__old", "answered"), ("b", "none", "none", "none")]
    good = [printed.format(*row) for row in rows]
    assert judged(tmp_path / "good", {"published_results": good}) == []
    bad = [*good, printed.format("c", "sex_x_age", "f__elderly", "answered")]
    (said,) = judged(tmp_path / "bad", {"published_results": bad})
    assert "1 numbers of published_results.csv stand on group elderly of breakdown age_group of cyclists" in said


def test_a_printed_change_begins_before_it_ends(tmp_path: Path) -> None:
    row = "a,r,cyclists,2022,f,rides,pp_change,yes,sex,f,5,percent,,table,yes,rides,yes,answered,,2023"
    (said,) = judged(tmp_path, {"published_results": [row]})
    assert "published_results.csv line 2: number a is a change from 2023 to 2022; write the earlier year" in said


def test_an_exception_names_numbers_that_are_there(tmp_path: Path) -> None:
    row = "p1,r,cyclists,2022,f,rides,pct,yes,sex,f,5,percent,,table,yes,rides,yes,answered"
    added = {"published_results": [row], "published_exceptions": ["p1,,p1|p9,they differ"]}
    (said,) = judged(tmp_path, added)
    assert "published_exceptions.csv line 2: column conflicts_with names 'p9', which" in said


def test_a_survey_misspelt_in_a_printed_number(tmp_path: Path) -> None:
    """A survey that the codebook has not at all, such as `external`, has nothing to be held against."""
    row = "p1,r,{0},2022,f,rides,pct,yes,sex,f,5,percent,,table,yes,rides,yes,answered"
    (said,) = judged(tmp_path / "near", {"published_results": [row.format("cyclist")]})
    assert "survey cyclist has no wave (perhaps cyclists)" in said
    assert judged(tmp_path / "far", {"published_results": [row.format("external")]}) == []


def test_groups_of_different_waves_may_share_a_label(tmp_path: Path) -> None:
    added = {
        "breakdowns": ["cyclists,age_old,a,age,,1,,2021,2021,Viken,,1", "cyclists,age_old,b,age,,1,,2022,,Viken,,1"]
    }
    assert judged(tmp_path, added) == []
