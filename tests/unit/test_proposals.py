"""What is proposed of a delivered wave, case by case: each made-up next wave of a small survey differs in one thing.

The rows that are expected are written by hand. Every proposal, accepted, leaves a codebook that passes its gate.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.gate import faults, read_codebook, read_unjudged
from helsemonitor.codebook.schema import tables
from helsemonitor.codebook.waves import Wave
from helsemonitor.errors import DataRefused
from helsemonitor.landing.comparison import compare
from helsemonitor.landing.formats import read_delivery
from helsemonitor.landing.keeping import land_file
from helsemonitor.proposals import review, store
from helsemonitor.proposals.edits import edited, make
from helsemonitor.proposals.propose import propose
from helsemonitor.proposals.store import Proposal
from helsemonitor.settings import PROJECT_DIR, Settings
from orchestration.landing import Landing, land, summary

CYCLISTS = PROJECT_DIR / "tests" / "fixtures" / "cyclists"
# What SPSS says of the newest wave, whose codes are letters.
TEXTS = {"s3": "Kjønn", "a": "Alder", "ride": "Syklet siste måned", "mood": "Byen er god å sykle i"}
LABELS = {
    "s3": {"F": "Kvinne", "M": "Mann"},
    "ride": {"Y": "Ja", "N": "Nei"},
    "mood": {"A": "Helt uenig", "B": "Uenig", "X": "Verken eller", "C": "Enig", "D": "Helt enig"},
}
NUMBERS = ("wgt", "a", "sat2023", "m1", "m2", "m3", "m9", "al1", "al2", "al3")


@dataclass
class Delivered:
    """A wave of the small survey on its way.

    Args:
        frame: Its cells as text; empty where blank.
        texts: Column -> text of its question, for SPSS.
        labels: Column -> code -> label, for SPSS.
        missing: Column -> codes that the file declares missing, for SPSS.
    """

    frame: pd.DataFrame
    texts: dict[str, str] = field(default_factory=lambda: dict(TEXTS))
    labels: dict[str, dict[object, str]] = field(
        default_factory=lambda: {name: dict(of) for name, of in LABELS.items()}
    )
    missing: dict[str, list[object]] = field(default_factory=dict)

    def rename(self, before: str, now: str) -> None:
        """Call a column otherwise, with its labels."""
        self.frame = self.frame.rename(columns={before: now})
        self.texts.pop(before, None)
        if before in self.labels:
            self.labels[now] = self.labels.pop(before)

    def drop(self, *columns: str) -> None:
        """Leave columns out."""
        self.frame = self.frame.drop(columns=list(columns))
        for column in columns:
            self.texts.pop(column, None), self.labels.pop(column, None)

    def recode(self, column: str, codes: Mapping[str, str]) -> None:
        """Write other codes for some."""
        self.frame[column] = self.frame[column].map(lambda cell: codes.get(cell, cell))

    def give(self, column: str, code: str, times: int) -> None:
        """Let the first who answered give a code."""
        answered = self.frame.index[self.frame[column] != ""][:times]
        assert len(answered) == times
        self.frame.loc[answered, column] = code

    def insert(self, column: str, cells: Sequence[str], before: str, text: str = "") -> None:
        """Add a column before another one; the cells are repeated to the last respondent."""
        number = len(self.frame)
        repeated = [cells[place % len(cells)] for place in range(number)]
        self.frame.insert(list(self.frame).index(before), column, repeated)
        if text:
            self.texts[column] = text

    def only(self, column: str, routing: str, code: str) -> None:
        """Ask a question only of those who gave one answer of another."""
        self.frame[column] = self.frame[column].where(self.frame[routing] == code, "")

    def write(self, path: Path) -> Path:
        """Write it in the format that the name ends in."""
        if path.suffix == ".csv":
            self.frame.to_csv(path, index=False)
            return path
        frame = self.frame.copy()
        for column in frame:
            if column != "rid" and frame[column].str.fullmatch(r"|-?[0-9.]+").all():
                frame[column] = pd.to_numeric(frame[column])
        pyreadstat.write_sav(
            frame,
            path,
            column_labels={name: text for name, text in self.texts.items() if name in frame},
            variable_value_labels={name: of for name, of in self.labels.items() if name in frame},
            missing_ranges=self.missing,
        )
        return path


def newest(year: int = 2023) -> Delivered:
    """A wave of the small survey as it was."""
    path = CYCLISTS / "raw" / f"cyclists_{year}.csv"
    return Delivered(pd.read_csv(path, dtype=str, keep_default_na=False))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A copy of the small survey, its newest wave of 2023."""
    seeds = Path(shutil.copytree(CYCLISTS, tmp_path / "home" / "seeds"))
    return Settings(PROJECT_DIR, seeds, tmp_path / "build")


@dataclass(frozen=True)
class Proposed:
    """What was proposed, and the codebook with all of it accepted."""

    wave: Wave
    proposals: dict[str, Proposal]
    book: Codebook

    @property
    def faults(self) -> list[str]:
        """Why the codebook would not be built upon."""
        return faults(self.book)


def proposed_of(settings: Settings, delivered: Delivered, ending: str = "csv", year: int = 2024) -> Proposed:
    """Proposals of a delivery that did not land."""
    path = delivered.write(settings.seeds_dir.parent / f"delivered.{ending}")
    book = read_codebook(settings)
    comparison = compare(settings, read_delivery(path), "cyclists", year, None, book)
    wave, proposals = propose(book, comparison, "cyclists", year)
    edits = [edit for proposal in proposals for edit in proposal.edits]
    return Proposed(wave, {proposal.name: proposal for proposal in proposals}, edited(book, edits))


def _cells(cells: Mapping[str, str]) -> str:
    return " ".join(
        f"{name}={cell}"
        for name, cell in cells.items()
        if cell and name not in ("survey", "description_no", "description_en")
    )


def lines(proposal: Proposal) -> list[str]:
    """The rows of a proposal, a line each: what a new one holds, or what is other in one that stands."""
    said = []
    for edit in proposal.edits:
        if edit.before is None:
            said.append(f"+ {edit.table}: {_cells(edit.after or {})}")
        elif edit.after is None:
            said.append(f"- {edit.table}: {_cells(edit.before)}")
        else:
            key = " ".join(edit.before[name] for name in tables()[edit.table].key if edit.before[name])
            other = {name: cell or "blank" for name, cell in edit.after.items() if cell != edit.before[name]}
            said.append(f"~ {edit.table} ({key.removeprefix('cyclists ')}): {_cells(other)}")
    return said


WAVE = (
    "+ waves: year=2024 respondents=310 respondent_column=rid weight_column=wgt source=delivered status=provisional "
    "reviewed=yes"
)


def change(item: str, change_type: str, impact: str = "none", breaks: str = "", items: str = "") -> str:
    """The line of a new entry of the register."""
    told = f" breaks={breaks}" if breaks else ""
    return (
        f"+ changes: change_id=c1_2024_{item}_{change_type} items={items or item} year=2024 change_type={change_type} "
        f"assessed_impact={impact}{told}"
    )


def code_rows(name: str, **answers: str) -> list[str]:
    """The lines of a code list: code -> answer and label with a slash between."""
    found = []
    for code, meant in answers.items():
        answer, _, label = meant.partition("/")
        found.append(_line_of_code(name, code.removeprefix("c"), answer, label))
    return found


def _line_of_code(name: str, code: str, answer: str, label: str) -> str:
    return f"+ code_lists: code_list={name} code={code} answer={answer}" + (f" label={label}" if label else "")


@pytest.mark.parametrize("ending", ["csv", "sav"])
def test_a_wave_like_the_last_one_is_one_row(settings: Settings, ending: str) -> None:
    found = proposed_of(settings, newest(), ending)
    assert {name: lines(proposal) for name, proposal in found.proposals.items()} == {"wave": [WAVE]}
    assert (found.wave.wave_id, found.wave.status) == ("cyclists_2024", "provisional")
    assert found.faults == []


Plant = Callable[[Delivered], object]


def renamed(wave: Delivered) -> None:
    wave.rename("mood", "stemning")


def boxes_with_another_option(wave: Delivered) -> None:
    wave.drop("m2")
    wave.insert("m10", "10010", before="al1", text="Utstyr: Refleks")


def a_question_less(wave: Delivered) -> None:
    wave.drop("sat2023")


def ticks_only(wave: Delivered) -> None:
    for column in ("m1", "m2", "m3", "m9"):
        wave.recode(column, {"0": ""})


def ticks_of_riders(wave: Delivered) -> None:
    for column in ("m1", "m2", "m3", "m9"):
        wave.only(column, "ride", "Y")
    ticks_only(wave)


def asked_of_riders(wave: Delivered) -> None:
    wave.only("sat2023", "ride", "Y")


def two_asked_of_riders(wave: Delivered) -> None:
    for column in ("sat2023", "al1", "al2", "al3"):
        wave.only(column, "ride", "Y")


def asked_of_all(wave: Delivered) -> None:
    wave.frame["mood"] = ["ABXCD"[place % 5] for place in range(310)]


def asked_of_women(wave: Delivered) -> None:
    asked_of_all(wave)
    wave.only("mood", "s3", "F")


def many_give_another(wave: Delivered) -> None:
    wave.give("mood", "E", 25)


def a_number(wave: Delivered) -> None:
    wave.insert("km", [str(number) for number in range(97)], before="mood", text="Kilometer i uken")


def open_text(wave: Delivered) -> None:
    wave.insert("hvorfor", [f"fordi {number} ganger er nok" for number in range(200)], before="mood")


def scale_turned(wave: Delivered) -> None:
    turned = {str(number): str(10 - number) for number in range(11)}
    wave.recode("sat2023", turned)
    wave.labels["sat2023"] = {int(turned[str(number)]): str(number) for number in range(11)} | {99: "Vet ikke"}


def codes_moved(wave: Delivered) -> None:
    wave.recode("mood", {"X": "C", "C": "D", "D": "E"})
    wave.labels["mood"] = {"A": "Helt uenig", "B": "Uenig", "C": "Verken eller", "D": "Enig", "E": "Helt enig"}


def codes_of_a_routing_question_moved(wave: Delivered) -> None:
    """Who rode is 2 now: those whom this routes to another question are asked it as before."""
    wave.recode("ride", {"Y": "2", "N": "3"})
    wave.labels["ride"] = {2: "Ja", 3: "Nei"}


def another_answer(wave: Delivered) -> None:
    wave.give("mood", "E", 20)
    wave.labels["mood"]["E"] = "Vet ikke"


def another_group(wave: Delivered) -> None:
    wave.give("s3", "O", 20)
    wave.labels["s3"]["O"] = "Annet"


def an_answer_that_derived_items_do_not_have(wave: Delivered) -> None:
    wave.give("ride", "U", 20)
    wave.labels["ride"]["U"] = "Usikker"


def other_words(wave: Delivered) -> None:
    wave.labels["ride"]["Y"] = "Ja, minst en gang"


def words_at_the_ends(wave: Delivered) -> None:
    wave.labels["sat2023"] = {0: "Ikke sannsynlig", 10: "Svært sannsynlig", 99: "Vet ikke"}


def a_scale_with_words_at_its_ends(wave: Delivered) -> None:
    wave.insert("trygg", [*map(str, range(11)), "99"], before="mood", text="Hvor trygg?")
    wave.labels["trygg"] = {0: "Utrygg", 10: "Trygg"}


def no_answer_of_a_scale(wave: Delivered) -> None:
    wave.give("sat2023", "98", 15)
    wave.labels["sat2023"] = {number: str(number) for number in range(11)} | {99: "Vet ikke"}
    wave.missing["sat2023"] = [98]


def no_answer_of_a_number(wave: Delivered) -> None:
    wave.give("a", "999", 15)
    wave.missing["a"] = [999]


def not_asked_for_a_number(wave: Delivered) -> None:
    no_answer_of_a_number(wave)
    wave.labels["a"] = {999: "Ikke spurt"}


def a_question_with_known_answers(wave: Delivered) -> None:
    wave.insert("vinter", "YNN", before="mood", text="Sykler du om vinteren?")
    wave.labels["vinter"] = {"Y": "Ja", "N": "Nei"}


def a_question_with_known_answers_and_other_codes(wave: Delivered) -> None:
    wave.insert("vinter", "122", before="mood", text="Sykler du om vinteren?")
    wave.labels["vinter"] = {1: "Ja", 2: "Nei"}


def a_question_of_riders(wave: Delivered) -> None:
    a_question_with_known_answers(wave)
    wave.only("vinter", "ride", "Y")


def a_question_like_another(wave: Delivered) -> None:
    wave.insert("vei", "ABXCD", before="sat2023", text="Veiene er gode")
    wave.labels["vei"] = dict(LABELS["mood"])


def a_set_of_boxes(wave: Delivered) -> None:
    for column, cells, text in (("w1", "100", "Regn"), ("w2", "0110", "Snø"), ("w3", "01010", "Vind")):
        wave.insert(column, cells, before="mood", text=f"Sykler i: {text}")


def an_allocation(wave: Delivered) -> None:
    points = [7 * number % 101 for number in range(101)]
    for column, cells, text in (("t1", points, "Arbeid"), ("t2", [100 - point for point in points], "Fritid")):
        wave.insert(column, [str(cell) for cell in cells], before="al1", text=f"Formål: {text}")


def columns_moved(before: str, now: str, said: str, *new: str) -> list[str]:
    """The lines of a column whose row ends, and of the one that goes on."""
    return [f"~ columns ({before}): year_to=2023", f"+ columns: column_name={now} year_from=2024 {said}", *new]


# What is planted, the format, the proposals beside the wave's own, and their rows.
CASES: dict[str, tuple[Plant, str, dict[str, list[str]]]] = {
    "a column is called otherwise": (
        renamed,
        "csv",
        {"renamed": columns_moved("mood 2022", "stemning", "item=mood code_list=mood5")},
    ),
    "an answer more, with a label": (
        another_answer,
        "sav",
        {
            "mood": [
                "+ answers: answer_set=mood answer=vet_ikke label_no=Vet ikke sort_order=6 answer_kind=dont_know",
                *code_rows(
                    "mood5_2024",
                    A="bad/Helt uenig",
                    B="poor/Uenig",
                    X="mid/Verken eller",
                    C="good/Enig",
                    D="great/Helt enig",
                    E="vet_ikke/Vet ikke",
                ),
                *columns_moved("mood 2022", "mood", "item=mood code_list=mood5_2024"),
                change("mood", "option_added", "break", "share"),
            ]
        },
    ),
    "an answer more, without a label": (
        many_give_another,
        "csv",
        {
            "mood": [
                "+ answers: answer_set=mood answer=e label_no=E sort_order=6 answer_kind=substantive",
                *code_rows(
                    "mood5_2024",
                    A="bad/Helt uenig",
                    B="poor/Uenig",
                    X="mid/Verken eller",
                    C="good/Enig",
                    D="great/Helt enig",
                    E="e",
                ),
                *columns_moved("mood 2022", "mood", "item=mood code_list=mood5_2024"),
                change("mood", "option_added", "break", "share"),
            ]
        },
    ),
    "an answer more, of a set that derived items have": (
        an_answer_that_derived_items_do_not_have,
        "sav",
        {
            "rides": [
                "+ answers: answer_set=rides answer=yes label_no=Ja label_en=Yes sort_order=1 answer_kind=substantive",
                "+ answers: answer_set=rides answer=no label_no=Nei label_en=No sort_order=2 answer_kind=substantive",
                "~ items (rides): answer_set=rides",
                "+ answers: answer_set=rides answer=usikker label_no=Usikker sort_order=3 answer_kind=dont_know",
                *code_rows("yn_2024", Y="yes/Ja", N="no/Nei", U="usikker/Usikker"),
                *columns_moved("ride 2021", "ride", "item=rides code_list=yn_2024"),
                change("rides", "option_added", "break", "share"),
            ]
        },
    ),
    "a group more": (
        another_group,
        "sav",
        {
            "sex": [
                "+ answers: answer_set=sex answer=annet label_no=Annet sort_order=3 answer_kind=substantive",
                *code_rows("sex_2024", F="f/Kvinne", M="m/Mann", O="annet/Annet"),
                *columns_moved("s3 2023", "s3", "item=sex code_list=sex_2024"),
                "+ breakdowns: breakdown=sex group_key=annet source_item=sex answers=annet year_from=2024 "
                "label_no=Annet sort_order=3",
                change("sex", "option_added"),
            ]
        },
    ),
    "codes moved up": (
        codes_moved,
        "sav",
        {
            "mood": [
                *code_rows(
                    "mood5_2024",
                    A="bad/Helt uenig",
                    B="poor/Uenig",
                    C="mid/Verken eller",
                    D="good/Enig",
                    E="great/Helt enig",
                ),
                *columns_moved("mood 2022", "mood", "item=mood code_list=mood5_2024"),
                change("mood", "coding"),
            ]
        },
    ),
    "codes of a question moved that routes another one": (
        codes_of_a_routing_question_moved,
        "sav",
        {
            "rides": [
                *code_rows("yn_2024", c2="yes/Ja", c3="no/Nei"),
                *columns_moved("ride 2021", "ride", "item=rides code_list=yn_2024"),
                change("rides", "coding"),
            ]
        },
    ),
    "a scale turned round": (
        scale_turned,
        "sav",
        {
            "sat": [
                *code_rows("sat11_2024", **{f"c{code}": f"s{10 - code}/{10 - code}" for code in range(11)}),
                *code_rows("sat11_2024", c99="dont_know/Vet ikke"),
                *columns_moved("sat2023 2023", "sat2023", "item=sat code_list=sat11_2024"),
                change("sat", "coding"),
            ]
        },
    ),
    "an answer in other words": (
        other_words,
        "sav",
        {
            "rides": [
                *code_rows("yn_2024", Y="yes/Ja, minst en gang", N="no/Nei"),
                *columns_moved("ride 2021", "ride", "item=rides code_list=yn_2024"),
                change("rides", "option_relabelled"),
            ]
        },
    ),
    "words at the ends of a scale": (
        words_at_the_ends,
        "sav",
        {
            "sat": [
                *code_rows("sat11_2024", c0="s0/Ikke sannsynlig"),
                *code_rows("sat11_2024", **{f"c{code}": f"s{code}/{code}" for code in range(1, 10)}),
                *code_rows("sat11_2024", c10="s10/Svært sannsynlig", c99="dont_know/Vet ikke"),
                *columns_moved("sat2023 2023", "sat2023", "item=sat code_list=sat11_2024"),
                change("sat", "option_relabelled"),
            ]
        },
    ),
    "a new scale with words at its ends": (
        a_scale_with_words_at_its_ends,
        "sav",
        {
            "hvor_trygg": [
                "+ items: item=hvor_trygg type=scale answer_set=hvor_trygg label_no=Hvor trygg?",
                *(
                    f"+ answers: answer_set=hvor_trygg answer={answer} label_no={label} sort_order={code + 1} "
                    f"answer_kind=substantive numeric_value={code}"
                    for code, (answer, label) in enumerate(
                        (
                            ("utrygg", "Utrygg"),
                            *((f"answer_{code}", str(code)) for code in range(1, 10)),
                            ("trygg", "Trygg"),
                        )
                    )
                ),
                *code_rows("hvor_trygg", c0="utrygg/Utrygg"),
                *code_rows("hvor_trygg", **{f"c{code}": f"answer_{code}" for code in range(1, 10)}),
                *code_rows("hvor_trygg", c10="trygg/Trygg", c99="_no_answer"),
                "+ columns: column_name=trygg year_from=2024 item=hvor_trygg code_list=hvor_trygg",
            ]
        },
    ),
    "a code for no answer in a scale": (
        no_answer_of_a_scale,
        "sav",
        {
            "sat": [
                *code_rows("sat11_2024", **{f"c{code}": f"s{code}/{code}" for code in range(11)}),
                *code_rows("sat11_2024", c99="dont_know/Vet ikke", c98="_no_answer"),
                *columns_moved("sat2023 2023", "sat2023", "item=sat code_list=sat11_2024"),
                change("sat", "coding"),
            ]
        },
    ),
    "a code for no answer in a number": (
        no_answer_of_a_number,
        "sav",
        {
            "age": [
                *code_rows("age_missing", c999="_no_answer"),
                *columns_moved("a 2021", "a", "item=age code_list=age_missing"),
                change("age", "coding"),
            ]
        },
    ),
    "a code for not asked in a number": (
        not_asked_for_a_number,
        "sav",
        {
            "age": [
                *code_rows("age_missing", c999="_not_asked/Ikke spurt"),
                *columns_moved("a 2021", "a", "item=age code_list=age_missing"),
                change("age", "coding"),
            ]
        },
    ),
    "ticks only": (
        ticks_only,
        "csv",
        {
            "gear": [
                line
                for column, option in (("m1", "helmet"), ("m2", "light"), ("m3", "bell"), ("m9", "none"))
                for line in columns_moved(
                    f"{column} 2021",
                    column,
                    f"item=gear option={option} code_list=selected blank_means=not_selected",
                )
            ]
            + [change("gear", "coding")]
        },
    ),
    "ticks only, of fewer": (
        ticks_of_riders,
        "csv",
        {
            "gear": [
                line
                for column, option in (("m1", "helmet"), ("m2", "light"), ("m3", "bell"), ("m9", "none"))
                for line in columns_moved(
                    f"{column} 2021",
                    column,
                    f"item=gear option={option} code_list=selected blank_means=not_selected",
                )
            ]
            + [
                "+ routing: item=gear year_from=2024 universe=riders",
                change("gear", "coding"),
                change("gear", "filter_narrowed", "break", "share"),
            ]
        },
    ),
    "a box more and one gone": (
        boxes_with_another_option,
        "sav",
        {
            "gear": [
                "~ columns (m2 2021): year_to=2023",
                "+ answers: answer_set=gear answer=refleks label_no=Refleks sort_order=5 answer_kind=substantive",
                "+ columns: column_name=m10 year_from=2024 item=gear option=refleks code_list=selected",
                change("gear", "option_added", "possible"),
                change("gear", "option_removed", "possible"),
            ]
        },
    ),
    "a question gone": (a_question_less, "csv", {"sat": ["~ columns (sat2023 2023): year_to=2023"]}),
    "asked of fewer": (
        asked_of_riders,
        "csv",
        {
            "sat": [
                "+ routing: item=sat year_from=2024 universe=riders",
                change("sat", "filter_narrowed", "break", "nps|mean"),
            ]
        },
    ),
    "two asked of the same fewer": (
        two_asked_of_riders,
        "csv",
        {
            "sat": [
                "+ routing: item=sat year_from=2024 universe=riders",
                "+ routing: item=split year_from=2024 universe=riders",
                change("sat", "filter_narrowed", "break", "nps|mean", items="sat|split"),
            ]
        },
    ),
    "asked of everybody": (
        asked_of_all,
        "csv",
        {
            "mood": [
                "~ routing (mood 2023): year_to=2023",
                change("mood", "filter_widened", "break", "share|net|position_share"),
            ]
        },
    ),
    "asked of others": (
        asked_of_women,
        "csv",
        {
            "mood": [
                "+ universes: universe=sex_f clause=1 item=sex operator=any answers=f",
                "~ routing (mood 2023): year_to=2023",
                "+ routing: item=mood year_from=2024 universe=sex_f",
                change("mood", "filter_question_changed", "break", "share|net|position_share"),
            ]
        },
    ),
    "a new question of yes and no": (
        a_question_with_known_answers,
        "sav",
        {
            "sykler_du_om_vinteren": [
                "+ items: item=sykler_du_om_vinteren type=single answer_set=yes_no label_no=Sykler du om vinteren?",
                "+ columns: column_name=vinter year_from=2024 item=sykler_du_om_vinteren code_list=yn",
            ]
        },
    ),
    "a new question of yes and no, coded otherwise": (
        a_question_with_known_answers_and_other_codes,
        "sav",
        {
            "sykler_du_om_vinteren": [
                "+ items: item=sykler_du_om_vinteren type=single answer_set=yes_no label_no=Sykler du om vinteren?",
                *code_rows("yes_no", c1="yes/Ja", c2="no/Nei"),
                "+ columns: column_name=vinter year_from=2024 item=sykler_du_om_vinteren code_list=yes_no",
            ]
        },
    ),
    "a new question of some": (
        a_question_of_riders,
        "sav",
        {
            "sykler_du_om_vinteren": [
                "+ items: item=sykler_du_om_vinteren type=single answer_set=yes_no label_no=Sykler du om vinteren?",
                "+ columns: column_name=vinter year_from=2024 item=sykler_du_om_vinteren code_list=yn",
                "+ routing: item=sykler_du_om_vinteren year_from=2024 universe=riders",
            ]
        },
    ),
    "a new question like another": (
        a_question_like_another,
        "sav",
        {
            "veiene_er_gode": [
                "+ items: item=veiene_er_gode type=single answer_set=mood label_no=Veiene er gode",
                "+ columns: column_name=vei year_from=2024 item=veiene_er_gode code_list=mood5",
                "+ indicators: indicator=veiene_er_gode_good item=veiene_er_gode kind=share answers=good|great "
                "denominator=answered unit=percent direction=higher_better label_no=Veiene er gode: good",
                "+ indicators: indicator=veiene_er_gode_good_net item=veiene_er_gode kind=net answers=good|great "
                "negative_answers=bad|poor denominator=answered unit=percentage_points direction=higher_better "
                "label_no=Veiene er gode: good net",
                "+ indicators: indicator=veiene_er_gode_good_position item=veiene_er_gode kind=position_share "
                "answers=good|great negative_answers=bad|poor denominator=position unit=percent "
                "direction=higher_better label_no=Veiene er gode: good position",
            ]
        },
    ),
    "a new number": (
        a_number,
        "sav",
        {
            "kilometer_i_uken": [
                "+ items: item=kilometer_i_uken type=number label_no=Kilometer i uken",
                "+ columns: column_name=km year_from=2024 item=kilometer_i_uken",
                "+ indicators: indicator=kilometer_i_uken_mean item=kilometer_i_uken kind=mean denominator=answered "
                "unit=number direction=neutral label_no=Kilometer i uken",
            ]
        },
    ),
    "a new open text": (
        open_text,
        "csv",
        {
            "left_out_hvorfor": [
                "+ columns: column_name=hvorfor year_from=2024 "
                "ignored_reason=open text is never read into the warehouse"
            ]
        },
    ),
    "a new set of boxes": (
        a_set_of_boxes,
        "sav",
        {
            "sykler_i": [
                "+ items: item=sykler_i type=multi answer_set=sykler_i label_no=Sykler i",
                *(
                    line
                    for place, (column, option, label) in enumerate(
                        (("w1", "regn", "Regn"), ("w2", "sno", "Snø"), ("w3", "vind", "Vind")), start=1
                    )
                    for line in (
                        f"+ answers: answer_set=sykler_i answer={option} label_no={label} sort_order={place} "
                        "answer_kind=substantive",
                        f"+ columns: column_name={column} year_from=2024 item=sykler_i option={option} "
                        "code_list=selected",
                    )
                ),
                *(
                    f"+ indicators: indicator=sykler_i_{option} item=sykler_i kind=share answers={option} "
                    f"denominator=answered unit=percent direction=neutral label_no=Sykler i: {label}"
                    for option, label in (("regn", "Regn"), ("sno", "Snø"), ("vind", "Vind"))
                ),
            ]
        },
    ),
    "a new allocation": (
        an_allocation,
        "sav",
        {
            "formal": [
                "+ items: item=formal type=allocation answer_set=formal label_no=Formål",
                "+ answers: answer_set=formal answer=arbeid label_no=Arbeid sort_order=1 answer_kind=substantive",
                "+ columns: column_name=t1 year_from=2024 item=formal option=arbeid",
                "+ answers: answer_set=formal answer=fritid label_no=Fritid sort_order=2 answer_kind=substantive",
                "+ columns: column_name=t2 year_from=2024 item=formal option=fritid",
                "+ indicators: indicator=formal_arbeid_mean item=formal kind=mean answers=arbeid denominator=answered "
                "unit=points direction=neutral label_no=Formål: Arbeid",
                "+ indicators: indicator=formal_fritid_mean item=formal kind=mean answers=fritid denominator=answered "
                "unit=points direction=neutral label_no=Formål: Fritid",
            ]
        },
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_proposed_of_one_difference(settings: Settings, case: str) -> None:
    plant, ending, expected = CASES[case]
    wave = newest()
    plant(wave)
    found = proposed_of(settings, wave, ending)
    assert {name: lines(proposal) for name, proposal in found.proposals.items()} == {"wave": [WAVE], **expected}
    assert found.faults == []


def test_a_box_that_is_called_otherwise_says_which_option_it_was(settings: Settings) -> None:
    wave = newest()
    wave.rename("m3", "m4")
    found = proposed_of(settings, wave)
    assert lines(found.proposals["renamed"]) == columns_moved(
        "m3 2021", "m4", "item=gear option=bell code_list=selected"
    )
    assert found.proposals["renamed"].evidence[0].startswith("m4 was m3, gear (bell): likeness")


def test_a_new_box_is_shown_with_what_was_given(settings: Settings) -> None:
    wave = newest()
    wave.insert("m10", "10010", before="al1")
    gear = proposed_of(settings, wave).proposals["gear"]
    assert gear.title == "new option (gear)"
    # Of 310, two in five.
    assert gear.evidence == ("m10: 310 of 310 answered: 0 186 times, 1 124 times",)


@pytest.mark.parametrize(("column", "labels"), [("sat2023", {99: "Vet ikke"}), ("mood", {"A": "Helt uenig"})])
def test_labels_that_the_file_lacks_are_those_of_the_codebook(
    settings: Settings, column: str, labels: dict[object, str]
) -> None:
    wave = newest()
    wave.labels[column] = labels
    assert list(proposed_of(settings, wave, "sav").proposals) == ["wave"]


def test_a_new_box_is_called_by_what_is_its_own_in_its_text(settings: Settings) -> None:
    wave = newest()
    for column, option in (("m1", "Hjelm"), ("m2", "Lys"), ("m3", "Bjelle"), ("m9", "Ingen")):
        wave.texts[column] = f"Hva bruker du? - {option}"
    wave.insert("m10", "10010", before="al1", text="Hva bruker du? - Refleks")
    assert lines(proposed_of(settings, wave, "sav").proposals["gear"])[0] == (
        "+ answers: answer_set=gear answer=refleks label_no=Refleks sort_order=5 answer_kind=substantive"
    )


def test_what_is_done_to_the_series_is_said(settings: Settings) -> None:
    wave = newest()
    asked_of_riders(wave)
    ticks_only(wave)
    found = proposed_of(settings, wave).proposals
    assert found["sat"].effect == "The series of sat_nps, sat_mean break in 2024."
    assert found["gear"].effect == "helmet goes on into 2024 without a break."
    wave = newest()
    many_give_another(wave)
    mood = proposed_of(settings, wave).proposals["mood"]
    assert mood.effect == "The series of mood_good break in 2024; mood_good_net, mood_good_position go on."


def without_indicators_of(settings: Settings, item: str) -> None:
    path = settings.codebook_dir / "indicators.csv"
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if f",{item}," not in line]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")


def several_moods(wave: Delivered) -> None:
    """Boxes for what was one question, its answers in the texts; one in seven and more ticks two."""
    mood = list(wave.frame["mood"])
    wave.drop("mood")
    for place, (code, label) in enumerate(LABELS["mood"].items()):
        ticked = [cell and str(int(cell == code or row % (7 + place) == 0)) for row, cell in enumerate(mood)]
        wave.insert(f"st{place + 1}", ticked, before="sat2023", text=f"Byen: {label}")


MULTIPLE = [
    "~ columns (mood 2022): year_to=2023",
    "~ items (mood): type=multi",
    *(
        f"+ columns: column_name=st{place} year_from=2024 item=mood option={option} code_list=selected"
        for place, option in enumerate(("bad", "poor", "mid", "good", "great"), start=1)
    ),
    change("mood", "single_to_multiple", "break", "share"),
]


def test_a_question_of_one_answer_that_became_boxes(settings: Settings) -> None:
    without_indicators_of(settings, "mood")
    wave = newest()
    several_moods(wave)
    found = proposed_of(settings, wave, "sav")
    assert {name: lines(proposal) for name, proposal in found.proposals.items()} == {"wave": [WAVE], "mood": MULTIPLE}
    assert found.faults == []


def test_a_question_whose_indicators_need_one_answer_is_another_one_as_boxes(settings: Settings) -> None:
    """A net of agreement has no meaning where several answers may be given: the old question ends, a new one begins."""
    wave = newest()
    several_moods(wave)
    found = proposed_of(settings, wave, "sav")
    assert lines(found.proposals["mood"]) == ["~ columns (mood 2022): year_to=2023"]
    (new,) = [name for name in found.proposals if name not in ("wave", "mood")]
    assert [line for line in lines(found.proposals[new]) if line.startswith("+ items")]
    assert found.faults == []


def paused(settings: Settings) -> None:
    """The newest wave did not ask whether people would recommend riding; those before did."""
    path = settings.raw_dir / "cyclists_2023.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.drop(columns="sat2023").to_csv(path, index=False)
    by_hand(settings, "columns", "cyclists,sat2023,2023,,sat,,sat11,,\n", "")


@pytest.mark.parametrize("is_reworded", [False, True])
def test_a_question_that_paused_is_itself_again(settings: Settings, is_reworded: bool) -> None:
    """Told by its text, whatever its column is called; one answer in other words is a change since it was asked."""
    wave = newest()
    wave.frame = wave.frame.rename(columns={"sat2023": "q7"})
    wave.texts["q7"] = "Vil anbefale sykling?"
    wave.labels["q7"] = {
        **{step: str(step) for step in range(11)},
        99: "Har ingen mening" if is_reworded else "Vet ikke",
    }
    paused(settings)
    found = proposed_of(settings, wave, "sav")
    assert list(found.proposals) == ["wave", "sat"]
    assert found.proposals["sat"].title == "question asked again (sat)"
    rows = lines(found.proposals["sat"])
    if is_reworded:
        assert rows[-2:] == [
            "+ columns: column_name=q7 year_from=2024 item=sat code_list=sat11_2024",
            change("sat", "option_relabelled"),
        ]
    else:
        assert rows == ["+ columns: column_name=q7 year_from=2024 item=sat code_list=sat11"]
    assert found.faults == []


def test_a_routing_question_that_is_gone_is_left_to_a_person(settings: Settings) -> None:
    wave = newest()
    wave.drop("ride")
    found = proposed_of(settings, wave)
    assert lines(found.proposals["rides"]) == ["~ columns (ride 2021): year_to=2023"]
    (sentence,) = found.faults
    assert "item mood is routed by universe riders" in sentence


def test_a_question_whose_routing_question_gave_way_to_a_new_one_is_routed_by_that(settings: Settings) -> None:
    """Who rode is asked in another way: 1 and 2 are those who did."""
    wave = newest()
    rides = ["3" if cell == "N" else "12"[row % 2] for row, cell in enumerate(wave.frame["ride"])]
    wave.drop("ride")
    wave.insert("turer", rides, before="a", text="Hvor mange turer?")
    wave.labels["turer"] = {1: "Noen", 2: "Mange", 3: "Ingen"}
    found = proposed_of(settings, wave, "sav")
    assert list(found.proposals) == ["wave", "mood", "rides", "hvor_mange_turer"]
    assert found.proposals["mood"].title == "asked of others (mood)"
    assert lines(found.proposals["mood"]) == [
        "+ universes: universe=hvor_mange_turer_noen_mange clause=1 item=hvor_mange_turer operator=any "
        "answers=noen|mange",
        "~ routing (mood 2023): year_to=2023",
        "+ routing: item=mood year_from=2024 universe=hvor_mange_turer_noen_mange",
        change("mood", "filter_question_changed", "break", "share|net|position_share"),
    ]
    assert found.faults == []


def accepted(settings: Settings, found: Proposed) -> None:
    """Write the rows into the files."""
    make(settings, [edit for proposal in found.proposals.values() for edit in proposal.edits])


def test_a_question_in_other_words_where_both_waves_had_texts(settings: Settings) -> None:
    first = proposed_of(settings, newest(), "sav")
    accepted(settings, first)
    land_file(settings, read_delivery(settings.seeds_dir.parent / "delivered.sav"), first.wave, replaces=False)
    wave = newest()
    wave.texts["ride"] = "Har du syklet den siste måneden?"
    found = proposed_of(settings, wave, "sav", 2025)
    assert {name: lines(proposal) for name, proposal in found.proposals.items() if name != "wave"} == {
        "rides": [
            "+ changes: change_id=c1_2025_rides_wording items=rides year=2025 change_type=wording "
            "assessed_impact=possible"
        ]
    }
    assert found.proposals["rides"].evidence == (
        'ride: question in other words, "Syklet siste måned" is now "Har du syklet den siste måneden?"',
    )
    assert found.faults == []


def test_a_wave_older_than_all_others_has_rows_that_end_with_it(settings: Settings) -> None:
    wave = newest(2021)
    wave.rename("mood", "humor")
    found = proposed_of(settings, wave, year=2020)
    boxes = (("m1", "helmet"), ("m2", "light"), ("m3", "bell"), ("m9", "none"))
    channels = (("al1", "bike"), ("al2", "walk"), ("al3", "car"))
    assert lines(found.proposals["renamed"]) == [
        "+ columns: column_name=s1 year_to=2020 item=sex code_list=sex",
        "+ columns: column_name=a year_to=2020 item=age",
        "+ columns: column_name=ride year_to=2020 item=rides code_list=yn",
        "+ columns: column_name=humor year_to=2020 item=mood code_list=mood4",
        "+ columns: column_name=sat2021 year_to=2020 item=sat code_list=sat5",
        *(
            f"+ columns: column_name={name} year_to=2020 item=gear option={option} code_list=selected"
            for name, option in boxes
        ),
        *(f"+ columns: column_name={name} year_to=2020 item=split option={option}" for name, option in channels),
    ]
    assert set(found.proposals) == {"wave", "renamed"}
    assert found.faults == []


@pytest.fixture
def with_a_gap(settings: Settings) -> Settings:
    """The small survey with its last wave one year later, so that one may come between."""
    for path in settings.codebook_dir.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        # Twice, since cells that follow each other share a comma.
        path.write_text(text.replace(",2023,", ",2024,").replace(",2023,", ",2024,"), encoding="utf-8")
    (settings.raw_dir / "cyclists_2023.csv").rename(settings.raw_dir / "cyclists_2024.csv")
    return settings


def test_filters_and_derived_items_of_a_later_wave_hold_in_an_older_one(settings: Settings) -> None:
    """From 2021 on: a filter, a derived item, groups of sex and an answer in none. The wave of 2020 has them too."""
    by_hand(
        settings, "routing", "cyclists,mood,2023,,riders\n", "cyclists,mood,2023,,riders\ncyclists,sat,2021,,riders\n"
    )
    for answer in ("yes", "no"):
        by_hand(settings, "derivations", f"any_gear,{answer},1,,,gear", f"any_gear,{answer},1,2021,,gear")
    by_hand(settings, "breakdowns", "cyclists,sex,f,sex,f,,,,,", "cyclists,sex,f,sex,f,,,2021,,")
    by_hand(settings, "breakdowns", "cyclists,sex,m,sex,m,,,,,Menn,Men,2,\n", "")
    path = settings.codebook_dir / "left_out.csv"
    path.write_text(path.read_text(encoding="utf-8") + "cyclists,sex,m,2021,,not counted here\n", encoding="utf-8")
    population = settings.codebook_dir / "population.csv"
    kept = [line for line in population.read_text(encoding="utf-8").splitlines() if ",sex," not in line]
    population.write_text("\n".join(kept) + "\n", encoding="utf-8")
    for year in (2021, 2022, 2023):
        wave = newest(year)
        wave.only(f"sat{year}", "ride", "Y")
        wave.frame.to_csv(settings.raw_dir / f"cyclists_{year}.csv", index=False)
    wave = newest(2021)
    wave.only("sat2021", "ride", "Y")
    found = proposed_of(settings, wave, year=2020)
    assert list(found.proposals) == ["wave", "ranges", "renamed"]
    assert lines(found.proposals["ranges"]) == [
        "~ derivations (any_gear yes 1 2021): year_from=blank",
        "~ derivations (any_gear no 1 2021): year_from=blank",
        "~ routing (sat 2021): year_from=blank",
        "~ breakdowns (sex f 2021): year_from=blank",
        "~ left_out (sex m 2021): year_from=blank",
    ]
    assert not [line for line in lines(found.proposals["renamed"]) if "columns" not in line]
    assert found.faults == []


def test_a_filter_that_ended_with_the_wave_before_holds_in_one_between(with_a_gap: Settings) -> None:
    old = "cyclists,mood,2024,,riders\n"
    by_hand(with_a_gap, "routing", old, f"{old}cyclists,sat,,2022,riders\n")
    by_hand(
        with_a_gap,
        "changes",
        "c1,cyclists,mood",
        "c4,cyclists,sat,2024,,filter_widened,break,share|mean|nps,,,,,Alle.,All.,,\nc1,cyclists,mood",
    )
    wave = newest(2022)
    wave.only("sat2022", "ride", "Y")
    wave.frame.to_csv(with_a_gap.raw_dir / "cyclists_2022.csv", index=False)
    found = proposed_of(with_a_gap, wave, year=2023)
    assert list(found.proposals) == ["wave", "ranges", "renamed"]
    assert lines(found.proposals["ranges"]) == ["~ routing (sat): year_to=2023"]
    assert found.faults == []


def test_a_wave_between_two_others_has_rows_of_its_own(with_a_gap: Settings) -> None:
    """It is like the wave before; whatever holds in both neighbours goes around it."""
    wave = newest(2022)
    wave.rename("ride", "syklet")
    found = proposed_of(with_a_gap, wave, year=2023)
    assert lines(found.proposals["renamed"]) == [
        "+ columns: column_name=s2 year_from=2023 year_to=2023 item=sex code_list=sex",
        "~ columns (ride 2021): year_to=2022",
        "+ columns: column_name=ride year_from=2024 item=rides code_list=yn",
        "+ columns: column_name=syklet year_from=2023 year_to=2023 item=rides code_list=yn",
        "+ columns: column_name=sat2022 year_from=2023 year_to=2023 item=sat code_list=sat11",
    ]
    assert set(found.proposals) == {"wave", "renamed"}
    assert found.faults == []


# What a person decides.


@pytest.fixture
def waiting(settings: Settings) -> store.Proposed:
    """Proposals that wait: the wave, an answer more in the scale, and a new question of yes and no."""
    wave = newest()
    another_answer(wave)
    a_question_with_known_answers_and_other_codes(wave)
    found = proposed_of(settings, wave, "sav")
    waiting = store.Proposed("cyclists", 2024, found.wave.wave_id, "0" * 64, tuple(found.proposals.values()))
    store.save(settings, waiting)
    assert [proposal.name for proposal in waiting.waiting] == ["wave", "mood", "sykler_du_om_vinteren"]
    return waiting


def by_hand(settings: Settings, table: str, old: str, new: str) -> None:
    """Write something else into a file of the codebook, as with an editor."""
    path = settings.codebook_dir / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def codebook(settings: Settings) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(settings.codebook_dir.glob("*.csv"))}


def test_what_is_accepted_stands_in_the_files_and_no_other_row_has_changed(
    settings: Settings, waiting: store.Proposed
) -> None:
    before = {name: text.decode().splitlines() for name, text in codebook(settings).items()}
    left = waiting
    for proposal in waiting.waiting:
        left = review.accept(settings, left, proposal.name)
    assert left.waiting == ()
    assert faults(read_unjudged(settings)) == []
    assert dict(left.decided) == dict.fromkeys(("wave", "mood", "sykler_du_om_vinteren"), "accepted")
    assert store.read(settings, store.path_of(settings, _wave())) == left
    now = {name: text.decode().splitlines() for name, text in codebook(settings).items()}
    come = {name: [line for line in now[name] if line not in before[name]] for name in now}
    gone = {name: [line for line in before[name] if line not in now[name]] for name in now}
    assert {name: rows for name, rows in gone.items() if rows} == {"columns.csv": ["cyclists,mood,2022,,mood,,mood5,,"]}
    assert come["answers.csv"] == ["mood,vet_ikke,Vet ikke,,6,dont_know,"]
    assert come["columns.csv"] == [
        "cyclists,mood,2022,2023,mood,,mood5,,",
        "cyclists,mood,2024,,mood,,mood5_2024,,",
        "cyclists,vinter,2024,,sykler_du_om_vinteren,,yes_no,,",
    ]
    # The answer stands with those of its set, not at the end of the file.
    place = now["answers.csv"].index("mood,vet_ikke,Vet ikke,,6,dont_know,")
    assert now["answers.csv"][place - 1].startswith("mood,great,")


def _wave() -> Wave:
    return Wave("cyclists", 2024, 310, "rid", "wgt", "", "", "provisional")


def test_a_proposal_is_decided_once(settings: Settings, waiting: store.Proposed) -> None:
    left = review.reject(settings, review.accept(settings, waiting, "wave"), "mood")
    before = codebook(settings)
    for name, words in (("wave", "wave was accepted before"), ("mood", "mood was rejected before")):
        with pytest.raises(DataRefused, match=words):
            review.accept(settings, left, name)
    with pytest.raises(DataRefused, match="modo is no proposal of cyclists_2024; these wait: sykler_du_om_vinteren"):
        review.reject(settings, left, "modo")
    assert codebook(settings) == before


def test_edits_that_were_made_in_part_are_made_again_without_harm(settings: Settings, waiting: store.Proposed) -> None:
    """As when the run ended between two files, or after the last one and before it was remembered."""
    edits = waiting.edits
    make(settings, [edit for edit in edits if edit.table in ("answers", "columns")])
    make(settings, edits)
    once = codebook(settings)
    make(settings, edits)
    assert codebook(settings) == once
    left = review.accept(settings, waiting, "mood")
    assert codebook(settings) == once
    assert left.decided == {"wave": "accepted", "mood": "accepted"}


def test_what_is_rejected_goes_nowhere(settings: Settings, waiting: store.Proposed) -> None:
    before = codebook(settings)
    left = review.reject(settings, waiting, "mood")
    assert codebook(settings) == before
    assert [proposal.name for proposal in left.waiting] == ["wave", "sykler_du_om_vinteren"]
    assert left.decided == {"mood": "rejected"}
    assert review.find(settings) == [left]


def test_a_cell_is_set_in_all_rows_of_a_table_or_in_one(settings: Settings, waiting: store.Proposed) -> None:
    left = review.with_cell(settings, waiting, "mood", "changes.assessed_impact=possible")
    left = review.with_cell(settings, left, "mood", "code_lists[2].label=Nokså uenig = litt")
    assert lines(review.named(left, "mood"))[1:3] == code_rows(
        "mood5_2024", A="bad/Helt uenig", B="poor/Nokså uenig = litt"
    )
    assert lines(review.named(left, "mood"))[-1] == change("mood", "option_added", "possible", "share")
    without = review.named(review.with_cell(settings, left, "mood", "changes.breaks="), "mood")
    assert without.effect == "mood_good, mood_good_net, mood_good_position go on into 2024 without a break."
    store.save(settings, left)
    assert store.all_proposed(settings) == [left], "as it is saved"
    review.accept(settings, review.accept(settings, left, "wave"), "mood")
    assert faults(read_unjudged(settings)) == []


SETTINGS_REFUSED = {
    "mood": "mood is no setting; write table.column=cell",
    "items.label_no=x": "mood has no such row; it has rows of answers, code_lists, columns, changes",
    "code_lists[7].label=x": "mood has no such row",
    "code_lists[0].label=x": "mood has no such row",
    "changes.impact=x": "changes.csv has no column impact; it has change_id,",
    "changes.assessed_impact=huge": "assessed_impact",
    "answers.sort_order=second": "sort_order",
    "answers.answer=": "answer",
}


@pytest.mark.parametrize("setting", SETTINGS_REFUSED)
def test_a_setting_that_is_none_and_a_cell_that_the_schema_does_not_take(
    settings: Settings, waiting: store.Proposed, setting: str
) -> None:
    before = codebook(settings)
    with pytest.raises(DataRefused) as refused:
        review.with_cell(settings, waiting, "mood", setting)
    assert SETTINGS_REFUSED[setting] in " ".join(refused.value.sentences)
    assert store.all_proposed(settings) == [waiting]
    assert codebook(settings) == before


@pytest.mark.parametrize(
    ("setting", "column", "old", "new"),
    [
        ("items.item=winter", "item", "sykler_du_om_vinteren", "winter"),
        ("code_lists.code_list=yn12", "code_list", "yes_no", "yn12"),
    ],
)
def test_an_id_that_a_proposal_introduces_is_renamed_wherever_it_is_used(
    settings: Settings, waiting: store.Proposed, setting: str, column: str, old: str, new: str
) -> None:
    left = review.with_cell(settings, waiting, "sykler_du_om_vinteren", setting)
    before, now = (lines(review.named(of, "sykler_du_om_vinteren")) for of in (waiting, left))
    assert now == [line.replace(f"{column}={old}", f"{column}={new}") for line in before]
    assert any(f"{column}={old}" in line for line in before)
    for name in ("wave", "mood", "sykler_du_om_vinteren"):
        left = review.accept(settings, left, name)
    assert faults(read_unjudged(settings)) == []


def test_a_renamed_answer_is_so_in_its_own_set_only(settings: Settings) -> None:
    """Two proposals introduce an answer that is called alike, in two sets."""
    wave = newest()
    another_answer(wave)
    wave.insert("vinter", "123", before="mood", text="Sykler du om vinteren?")
    wave.labels["vinter"] = {1: "Av og til", 2: "Ofte", 3: "Vet ikke"}
    found = proposed_of(settings, wave, "sav")
    waiting = store.Proposed("cyclists", 2024, found.wave.wave_id, "0" * 64, tuple(found.proposals.values()))
    store.save(settings, waiting)
    left = review.with_cell(settings, waiting, "sykler_du_om_vinteren", "answers[3].answer=unsure")
    assert review.named(left, "mood") == review.named(waiting, "mood")
    said = lines(review.named(left, "sykler_du_om_vinteren"))
    assert said[1:7] == [
        *(
            f"+ answers: answer_set=sykler_du_om_vinteren answer={answer} label_no={label} sort_order={place} "
            f"answer_kind={kind}"
            for place, answer, label, kind in (
                (1, "av_og_til", "Av og til", "substantive"),
                (2, "ofte", "Ofte", "substantive"),
                (3, "unsure", "Vet ikke", "dont_know"),
            )
        ),
        *code_rows("sykler_du_om_vinteren", c1="av_og_til/Av og til", c2="ofte/Ofte", c3="unsure/Vet ikke"),
    ]
    for name in ("wave", "mood", "sykler_du_om_vinteren"):
        left = review.accept(settings, left, name)
    assert faults(read_unjudged(settings)) == []


def test_an_id_that_the_codebook_has_already_is_not_renamed_elsewhere(
    settings: Settings, waiting: store.Proposed
) -> None:
    """The new answer goes to another set; the set that it would have gone to is called as before."""
    left = review.with_cell(settings, waiting, "mood", "answers.answer_set=moods")
    assert [edit.after["answer_set"] for edit in review.named(left, "mood").edits if edit.table == "answers"] == [
        "moods"
    ]
    assert review.named(left, "sykler_du_om_vinteren") == review.named(waiting, "sykler_du_om_vinteren")
    left = review.with_cell(settings, waiting, "sykler_du_om_vinteren", "items.answer_set=yes_no_winter")
    assert lines(review.named(left, "mood")) == lines(review.named(waiting, "mood"))


def test_a_row_that_another_proposal_changes_once_more_may_be_edited(settings: Settings) -> None:
    """Two questions share their answers, and both have one more in the same place, so that the first one moves up."""
    gear = "cyclists,gear,6,multi,gear,use,Utstyr,Gear\n"
    by_hand(settings, "items", gear, f"{gear}cyclists,vei,8,single,mood,mood,Veiene er gode,The roads are good\n")
    bell = "cyclists,m3,2021,,gear,bell,selected,,\n"
    by_hand(settings, "columns", bell, f"{bell}cyclists,vei,2023,,vei,,mood5,,\n")
    wave = newest()
    wave.insert("vei", "ABXCDD", before="sat2023", text="Veiene er gode")
    wave.frame.to_csv(settings.raw_dir / "cyclists_2023.csv", index=False)
    wave.labels["vei"] = dict(LABELS["mood"])
    for column, label in (("mood", "Litt uenig"), ("vei", "Nokså uenig")):
        wave.give(column, "E", 20)
        wave.labels[column]["E"] = label
    found = proposed_of(settings, wave, "sav")
    assert found.faults == []
    waiting = store.Proposed("cyclists", 2024, found.wave.wave_id, "0" * 64, tuple(found.proposals.values()))
    store.save(settings, waiting)
    assert lines(review.named(waiting, "vei"))[0] == "~ answers (mood litt_uenig): sort_order=7"
    left = review.with_cell(settings, waiting, "mood", "answers.label_en=Disagree a little")
    left = review.with_cell(settings, left, "mood", "answers.answer=little")
    assert lines(review.named(left, "vei"))[0] == "~ answers (mood little): sort_order=7"
    for name in ("wave", "mood", "vei"):
        left = review.accept(settings, left, name)
    book = read_unjudged(settings)
    assert faults(book) == []
    little = book.answer_sets["mood"]["little"]
    assert (little["label_en"], little["sort_order"]) == ("Disagree a little", "7")


def test_a_row_that_was_edited_by_hand_meanwhile_is_a_sentence(settings: Settings, waiting: store.Proposed) -> None:
    by_hand(settings, "columns", "cyclists,mood,2022,,mood,,mood5,,", "cyclists,mood,2022,,mood,,mood4,,")
    before = codebook(settings)
    with pytest.raises(DataRefused) as refused:
        review.accept(settings, waiting, "mood")
    (sentence,) = refused.value.sentences
    assert "columns.csv: the row of survey cyclists, column_name mood, year_from 2022 is not any more" in sentence
    assert codebook(settings) == before
    assert store.all_proposed(settings) == [waiting]


@pytest.mark.parametrize(
    "text",
    ["", "waiting: [", "- 1", "waiting: [{name: mood}]", "survey: cyclists\nwaiting: 3\n", "\x00", "waiting: null\n"],
)
def test_a_damaged_file_of_proposals_is_a_sentence(settings: Settings, waiting: store.Proposed, text: str) -> None:
    path = store.path_of(settings, _wave())
    path.write_text(text, encoding="utf-8")
    for read in (store.all_proposed, store.waiting_sentences, review.find):
        with pytest.raises(DataRefused, match=r"cyclists_2024\.yaml: the proposals cannot be read"):
            read(settings)


def test_a_file_of_proposals_with_an_unknown_table_is_a_sentence(settings: Settings, waiting: store.Proposed) -> None:
    path = store.path_of(settings, _wave())
    for old, new in (("table: answers", "table: anwsers"), ("label_no:", "lable_no:")):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(DataRefused, match="the proposals cannot be read"):
            store.all_proposed(settings)
        path.write_text(text, encoding="utf-8")


def test_proposals_are_read_as_they_were_saved(settings: Settings, waiting: store.Proposed) -> None:
    assert store.all_proposed(settings) == [waiting]
    (sentence,) = store.waiting_sentences(settings)
    assert sentence.startswith("cyclists_2024: 3 proposals wait for review (wave, mood, sykler_du_om_vinteren)")
    with pytest.raises(DataRefused, match="There are no proposals of cyclists_2023; there are of: cyclists_2024"):
        review.find(settings, "cyclists_2023")


# What landing does with proposals.


def landed(settings: Settings, wave: Delivered, ending: str = "csv", *, replaces: bool = False) -> Landing:
    path = wave.write(settings.seeds_dir.parent / f"delivered.{ending}")
    return land(settings, path, "cyclists", 2024, replaces)


def test_the_same_file_landed_again_keeps_what_was_decided(settings: Settings) -> None:
    wave = newest()
    renamed(wave)
    asked_of_riders(wave)
    first = landed(settings, wave)
    assert first.proposed is not None
    assert first.needed == ()
    assert [proposal.name for proposal in first.proposed.waiting] == ["wave", "renamed", "sat"]
    left = review.with_cell(settings, first.proposed, "sat", "changes.assessed_impact=likely")
    # Also in the middle of a review, when the wave itself was accepted.
    for name in ("", "wave", "renamed"):
        left = review.accept(settings, left, name) if name else left
        before = codebook(settings)
        again = landed(settings, wave)
        assert again.proposed == left
        assert store.all_proposed(settings) == [left]
        assert codebook(settings) == before
        assert not again.landed.is_new
    left = review.reject(settings, left, "sat")
    assert left.decided == {"wave": "accepted", "renamed": "accepted", "sat": "rejected"}
    # The review is over: what was rejected is proposed anew where somebody lands the file for that.
    again = landed(settings, wave)
    assert again.proposed is not None
    assert [proposal.name for proposal in again.proposed.waiting] == ["sat"]


def test_a_code_for_no_answer_that_is_known_is_no_change(settings: Settings) -> None:
    """Declared missing in two waves running: once a change, then none."""
    wave = newest()
    wave.labels["ride"] = {"Y": "Ja", "N": "Nei", "U": "Ubesvart"}
    wave.frame["ride"] = ["U" if row % 10 == 0 else cell for row, cell in enumerate(wave.frame["ride"])]
    wave.frame["mood"] = [
        "" if ride == "U" else cell for ride, cell in zip(wave.frame["ride"], wave.frame["mood"], strict=True)
    ]
    wave.missing = {"ride": ["U"]}
    first = landed(settings, wave, "sav").proposed
    assert first is not None
    for proposal in first.waiting:
        first = review.accept(settings, first, proposal.name) if proposal.name not in first.decided else first
    again = proposed_of(settings, wave, "sav", year=2025)
    assert list(again.proposals) == ["wave"]


def test_the_same_file_landed_after_an_edit_by_hand_is_proposed_anew(settings: Settings) -> None:
    """A row that a rename would close is another one now: what is said of it fits, and what was decided stays so."""
    wave = newest()
    renamed(wave)
    asked_of_riders(wave)
    first = landed(settings, wave)
    assert first.proposed is not None
    review.reject(settings, first.proposed, "sat")
    by_hand(
        settings,
        "columns",
        "cyclists,mood,2022,,mood,,mood5,,",
        "cyclists,mood,2022,2022,mood,,mood5,,\ncyclists,mood,2023,,mood,,mood5,,",
    )
    again = landed(settings, wave)
    assert again.proposed is not None
    assert dict(again.proposed.decided) == {"sat": "rejected"}
    assert [proposal.name for proposal in again.proposed.waiting] == ["wave", "renamed"]
    assert lines(again.proposed.waiting[1])[0] == "~ columns (mood 2023): year_to=2023"


def test_a_code_that_nobody_names_and_few_give_is_refused(settings: Settings) -> None:
    wave = newest()
    wave.give("mood", "Q", 2)
    before = codebook(settings)
    with pytest.raises(DataRefused) as refused:
        landed(settings, wave)
    assert "column mood): Q 2 times stand in no row of code list mood5" in refused.value.sentences[0]
    assert codebook(settings) == before
    assert not (settings.landing_dir / "proposed").exists()
    assert not (settings.raw_dir / "cyclists_2024.csv").exists()


def test_what_no_proposal_says_is_told_while_the_file_lands(settings: Settings) -> None:
    wave = newest()
    wave.drop("ride")
    found = landed(settings, wave)
    assert found.proposed is not None
    (sentence,) = found.needed
    assert "item mood is routed by universe riders" in sentence
    assert "Beside them the codebook needs:" in summary(settings, found)


def test_another_file_takes_the_place_of_one_that_waits(settings: Settings) -> None:
    wave = newest()
    asked_of_riders(wave)
    first = landed(settings, wave)
    assert first.proposed is not None
    review.accept(settings, first.proposed, "wave")
    ticks_only(wave)
    with pytest.raises(DataRefused, match="cyclists_2024 is landed already"):
        landed(settings, wave)
    again = landed(settings, wave, replaces=True)
    assert again.proposed is not None
    assert [proposal.name for proposal in again.proposed.waiting] == ["sat", "gear"]
    assert store.all_proposed(settings) == [again.proposed]
    left = again.proposed
    for name in ("sat", "gear"):
        left = review.accept(settings, left, name)
    assert faults(read_unjudged(settings)) == []
