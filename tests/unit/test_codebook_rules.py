"""Every rule of the codebook fails on a mistake of its kind, in a sentence that names file, line and what to write."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from helsemonitor.codebook.gate import read_codebook, write_codebook
from helsemonitor.codebook.rules import all_rules
from helsemonitor.codebook.schema import tables
from helsemonitor.errors import DataRefused
from helsemonitor.settings import PROJECT_DIR, Settings

CYCLISTS = PROJECT_DIR / "tests" / "fixtures" / "cyclists"


class Book:
    """A copy of the fixture's codebook whose rows can be changed."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(folder, Path(shutil.copytree(CYCLISTS, folder / "seeds")), folder / "build")

    def path(self, table: str) -> Path:
        return self.settings.seeds_dir / tables()[table].folder / f"{table}.csv"

    def _rows(self, table: str) -> list[dict[str, str]]:
        with self.path(table).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def _write(self, table: str, rows: list[dict[str, str]]) -> None:
        with self.path(table).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, tables()[table].names, lineterminator="\n", restval="")
            writer.writeheader()
            writer.writerows(rows)

    def set(self, table: str, line: int, **cells: str) -> "Book":
        """Change cells of the row on a line of the file."""
        rows = self._rows(table)
        rows[line - 2] |= cells
        self._write(table, rows)
        return self

    def set_all(self, table: str, **cells: str) -> "Book":
        """Change cells of all rows."""
        self._write(table, [row | cells for row in self._rows(table)])
        return self

    def add(self, table: str, **cells: str) -> "Book":
        """Add a row of the survey."""
        survey = {"survey": "cyclists"} if "survey" in tables()[table].names else {}
        self._write(table, [*self._rows(table), survey | cells])
        return self

    def drop(self, table: str, **cells: str) -> "Book":
        """Take out the rows with these cells."""
        rows = self._rows(table)
        kept = [row for row in rows if any(row[column] != cell for column, cell in cells.items())]
        assert len(kept) < len(rows)
        self._write(table, kept)
        return self

    def sentences(self) -> tuple[str, ...]:
        """Why the codebook is refused."""
        with pytest.raises(DataRefused) as refusal:
            read_codebook(self.settings)
        return refusal.value.sentences


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


def label(**cells: str) -> dict[str, str]:
    return {"label_no": "Noe", "label_en": "Something", **cells}


# Rule -> a mistake, and words of the sentence that is said about it. Lines are those of the fixture's files.
MISTAKES: dict[str, tuple[Callable[[Book], object], tuple[str, ...]]] = {
    "unreviewed": (lambda book: book.set("waves", 3, reviewed="no"), ("waves.csv line 3", "2022", "write yes")),
    "unused_survey": (
        lambda book: book.add("surveys", survey="walkers", title_en="W", inference_scope="population"),
        ("surveys.csv line 3", "walkers has no wave"),
    ),
    "dates_turned_round": (
        lambda book: book.set("waves", 2, fieldwork_start="2021-02-20"),
        ("waves.csv line 2", "begins on 2021-02-20 and ends on 2021-01-20", "turn"),
    ),
    "id_is_weight": (lambda book: book.set("waves", 2, weight_column="rid"), ("line 2", "rid", "id and as weight")),
    "range_turned_round": (
        lambda book: book.set("columns", 3, year_from="2023", year_to="2022"),
        ("columns.csv line 3", "begins in 2023", "ends in 2022", "turn it round"),
    ),
    "crossing_ranges": (
        lambda book: book.set("columns", 7, year_to="2022"),
        ("columns.csv line 8", "column_name mood of cyclists", "two rows that hold in 2022", "year_to"),
    ),
    "idle_range": (
        lambda book: book.set("routing", 2, year_from="2203"),
        ("routing.csv line 2", "2203-", "item mood", "no declared wave"),
    ),
    "answers_of_the_type": (
        lambda book: book.set("items", 3, answer_set="sex"),
        ("items.csv line 3", "age is of type number", "no answers", "sex"),
    ),
    "unlabelled": (
        lambda book: book.set("items", 4, label_no="", label_en=""),
        ("items.csv line 4", "label_no and label_en are both blank"),
    ),
    "unused": (
        lambda book: book.add("items", item="idle", type="single", answer_set="yes_no", **label()),
        ("items.csv line 10", "nothing uses cyclists idle"),
    ),
    "contradicting_label": (
        lambda book: book.set("code_lists", 4, label="Nei"),
        ("code_lists.csv line 4", 'code Y of list yn is labelled "Nei" and means yes', "means no in"),
    ),
    "boxes_are_boxes": (
        lambda book: book.add("code_lists", code_list="selected", code="7", answer="helmet", label="Hjelm"),
        ("code_lists.csv", "selected mixes boxes", "helmet", "two lists"),
    ),
    "mapped_or_ignored": (
        lambda book: book.set("columns", 6, item="", code_list=""),
        ("columns.csv line 6", "ride has no item and no ignored_reason"),
    ),
    "id_or_weight_mapped": (
        lambda book: book.add("columns", column_name="wgt", item="split", option="bike"),
        ("wgt is mapped to split", "names it as weight_column"),
    ),
    "option_fits_type": (
        lambda book: book.set("columns", 6, option="yes"),
        ("columns.csv line 6", "names option yes", "rides is of type single"),
    ),
    "list_fits_item": (
        lambda book: book.set("columns", 6, code_list="mood4"),
        ("columns.csv line 6", "mood4", "code A means bad", "must mean an answer of item rides"),
    ),
    "blank_means_one_thing": (
        lambda book: book.set("columns", 12, blank_means="not_selected"),
        ("boxes of item gear of cyclists 2021 do not agree on blank_means"),
    ),
    "answers_of_clauses": (
        lambda book: book.set("universes", 2, answers="yess"),
        ("universes.csv line 2", "names yess", "no answer of item rides", "perhaps yes"),
    ),
    "clauses_over_answers": (
        lambda book: book.set("universes", 2, item="age"),
        ("universes.csv line 2", "names age", "type number"),
    ),
    "derived_once": (
        lambda book: book.set("derivations", 2, source_item="any_gear", answers="yes"),
        ("derivations.csv line 2", "any_gear is derived from any_gear", "a circle"),
    ),
    "underived": (
        lambda book: book.drop("derivations", answer="no"),
        ("derivations.csv line 2", "no clause gives its answer no"),
    ),
    "routing_in_a_circle": (
        lambda book: (
            book.add("universes", universe="content", clause="1", item="mood", operator="any", answers="good")
            .add("routing", item="rides", year_from="2023", universe="content")
        ),
        ("routing.csv", "2023", "circle"),
    ),
    "routed_by_what_was_asked": (
        lambda book: book.set("columns", 6, year_to="2022"),
        ("routing.csv line 2", "mood is routed by universe riders", "rides", "2023 did not ask"),
    ),
    "whole_sample": (
        lambda book: book.drop("breakdowns", breakdown="total"),
        ("breakdowns.csv", "whole sample of cyclists", "breakdown total and group_key total"),
    ),
    "group_is_made_of_something": (
        lambda book: book.set("breakdowns", 5, min_value="90"),
        ("breakdowns.csv line 5", "min_value 90 is above max_value 39"),
    ),
    "answers_of_groups": (
        lambda book: book.set("breakdowns", 3, answers="ff"),
        ("breakdowns.csv line 3", "names ff", "no answer of item sex"),
    ),
    "breakdown_says_one_thing": (
        lambda book: book.set("breakdowns", 4, serves="rides"),
        ("breakdowns.csv line 4", "serves of sex is 'rides' and ''"),
    ),
    "crosses_cross": (
        lambda book: book.set("crosses", 3, dimension="3"),
        ("crosses.csv", "dimensions of cross sex_x_age", "1, 3"),
    ),
    "breakdowns_that_are_there": (
        lambda book: book.add(
            "figures", report="r", figure="fig 1", item="rides", breakdown="sexx", chart_type="bar", title_no="F"
        ),
        ("figures.csv line 2", "shows breakdown sexx", "perhaps sex"),
    ),
    "printed_groups": (
        lambda book: book.add(
            "published_results", result_id="p1", report="r", year="2021", figure="fig 1", item="rides", measure="pct",
            answer="yes", breakdown="sex", group_key="x", value="5", unit="%", source_kind="table", weighted="yes",
            denominator="answered",
        ),
        ("breakdowns.csv", "1 numbers", "group x of breakdown sex"),
    ),
    "population_is_whole": (
        lambda book: book.drop("population", year="2022", group_key="f"),
        ("population.csv", "shares of sex of cyclists 2022 add up to 58.0 %"),
    ),
    "kinds_make_sense": (
        lambda book: book.set("kinds", 2, goes_with="single:everybody:some"),
        ("kinds.csv line 2", "'single:everybody:some'", "answered, substantive, position"),
    ),
    "kind_fits": (
        lambda book: book.set("indicators", 7, answers="helmet|light"),
        ("indicators.csv line 7", "names 2 answers", "exactly one answer", "derivations.csv"),
    ),
    "answers_of_indicators": (
        lambda book: book.set("indicators", 3, negative_answers="bad|good"),
        ("indicators.csv line 3", "counts good for and against"),
    ),
    "answers_in_the_base": (
        lambda book: book.set("indicators", 5, answers="s9|dont_know"),
        ("indicators.csv line 5", "counts dont_know", "not in its base"),
    ),
    "numbers_for_a_mean": (
        lambda book: book.set("answers", 12, numeric_value=""),
        ("answers.csv line 12", "base of the mean sat_mean", "no numeric_value"),
    ),
    "comparisons_compare_like": (
        lambda book: book.add(
            "comparisons", comparison="c", survey_a="cyclists", indicator_a="helmet", survey_b="cyclists",
            indicator_b="mood_good_net", **label(),
        ),
        ("comparisons.csv line 2", "share in percent against a net in percentage_points"),
    ),
    "change_of_something": (
        lambda book: book.set("changes", 2, items="mood|moood"),
        ("changes.csv line 2", "names item moood", "perhaps mood"),
    ),
    "change_between_waves": (
        lambda book: book.set("changes", 4, year="2030"),
        ("changes.csv line 4", "takes effect in 2030", "no wave"),
    ),
    "break_breaks_something": (
        lambda book: book.set("changes", 4, breaks=""),
        ("changes.csv line 4", "judged a break and breaks nothing"),
    ),
    "unaffected_but_reachable": (
        lambda book: book.set("changes", 4, unaffected_indicators="helmet"),
        ("changes.csv line 4", "does not reach indicator helmet", "gear"),
    ),
    "unregistered_answers": (
        lambda book: book.set("changes", 2, items="sat"),
        ("changes.csv", "answers of item mood", "2021 and 2022", '1 new: mid "Verken eller"; 0 gone: none'),
    ),
    "unregistered_filter": (
        lambda book: book.set("changes", 3, change_type="wording"),
        ("changes.csv", "who is asked item mood", "2022 and 2023", "everybody and universe riders"),
    ),
    "unregistered_derivation": (
        lambda book: book.set("derivations", 2, year_to="2022").add(
            "derivations", item="any_gear", answer="yes", clause="1", year_from="2023", source_item="gear",
            operator="any", answers="helmet|light|bell|none",
        ),
        ("changes.csv", "any_gear of cyclists is derived otherwise in 2023 than in 2022"),
    ),
    "missing_limit": (
        lambda book: book.drop("limits", check_name="small_base"),
        ("limits.csv", "no row for small_base of survey '*'"),
    ),
    "limit_of_something": (
        lambda book: book.add(
            "limits", survey="cyclists", check_name="blank_share", name="mod", value="20", unit="%", since="2030-01-01",
            reason="why",
        ),
        ("limits.csv", "blank_share is for mod", "perhaps mood"),
    ),
    "noise_is_whole": (
        lambda book: book.set("perturbation", 2, cell_key_to="700"),
        ("perturbation.csv", "cell keys of count class 1 do not cover 0 to 999"),
    ),
    "waves_in_order": (
        lambda book: book.set("waves", 2, fieldwork_start="2022-05-01", fieldwork_end="2022-06-01"),
        ("waves.csv line 3", "2022 begins on 2022-01-01, before that of 2021 on 2022-05-01", "waves.csv line 2"),
    ),
    "labelled_alike": (
        lambda book: book.set("breakdowns", 4, label_en="Women"),
        ("breakdowns.csv line 4", 'label_en of group_key m of sex is "Women", as that of f', "breakdowns.csv line 3"),
    ),
    "figure_of_one_thing": (
        lambda book: book.add(
            "figures", report="r", figure="fig 1", item="rides", indicator="helmet", breakdown="sex", chart_type="bar",
            title_no="F",
        ),
        ("figures.csv line 2", "indicator helmet and item rides", "is of item gear"),
    ),
    "printed_items": (
        lambda book: book.add(
            "published_results", result_id="p1", report="r", year="2021", figure="fig 1", item="rides", measure="pct",
            answer="yes", breakdown="sex", group_key="f", value="5", unit="%", source_kind="table", weighted="yes",
            denominator="answered", items="ridess",
        ),
        ("published_results.csv line 2", "p1 stands on item ridess", "perhaps rides"),
    ),
}  # fmt: skip


def test_every_rule_has_a_mistake() -> None:
    assert set(MISTAKES) == {rule.name for rule in all_rules()}


@pytest.mark.parametrize("rule", sorted(MISTAKES))
def test_a_mistake_is_refused_in_a_sentence(book: Book, rule: str) -> None:
    mistake, words = MISTAKES[rule]
    mistake(book)
    sentences = book.sentences()
    assert any(all(word in sentence for word in words) for sentence in sentences), sentences


def test_the_sound_codebook_passes_every_rule(book: Book) -> None:
    found = read_codebook(book.settings)
    assert [sentence for rule in all_rules() for sentence in rule.judge(found)] == []


@pytest.mark.parametrize(
    ("table", "line", "cells", "words"),
    [
        ("answers", 4, {"answer_kind": ""}, ["answers.csv line 4: column answer_kind is blank; write substantive"]),
        ("answers", 4, {"answer_kind": "substantiv"}, ["is 'substantiv'", "perhaps substantive"]),
        ("changes", 2, {"change_type": "option_add"}, ["changes.csv line 2", "'option_add'", "perhaps option_added"]),
        ("changes", 2, {"assessed_impact": "braek"}, ["assessed_impact is 'braek'", "none, possible, likely or break"]),
        ("changes", 2, {"breaks": "shares"}, ["column breaks names 'shares'", "kinds.csv", "perhaps share"]),
        ("changes", 2, {"unaffected_indicators": "mood_god"}, ["'mood_god' of cyclists", "perhaps mood_good"]),
        ("changes", 2, {"items": "mood||sat"}, ["column items has a blank between two bars"]),
        ("changes", 2, {"items": "mood|mood"}, ["column items names mood twice"]),
        ("indicators", 2, {"direction": "up"}, ["direction is 'up'", "higher_better, lower_better or neutral"]),
        ("indicators", 2, {"denominator": ""}, ["denominator is blank", "answered, substantive or position"]),
        ("indicators", 2, {"kind": "ratio"}, ["'ratio'", "kinds.csv does not have"]),
        ("waves", 2, {"status": "Final"}, ["status is 'Final'", "provisional or final", "perhaps final"]),
        ("waves", 2, {"respondents": "mange"}, ["respondents is 'mange'; write a whole number"]),
        ("waves", 2, {"respondents": "-3"}, ["respondents is '-3'; write a number from 1 up"]),
        ("waves", 2, {"fieldwork_start": "31.02.2021"}, ["fieldwork_start is '31.02.2021'; write a date"]),
        ("waves", 2, {"sha256": "abc"}, ["sha256 is 'abc'"]),
        ("waves", 3, {"year": "2021"}, ["another row has the same survey 'cyclists', year '2021'"]),
        ("answers", 6, {"numeric_value": "nan"}, ["numeric_value is 'nan'; write a number with a decimal point"]),
        ("items", 2, {"type": "rhyme"}, ["items.csv line 2: column type names 'rhyme'", "item_types.csv"]),
        ("columns", 6, {"code_list": "yx"}, ["columns.csv line 6: column code_list names 'yx'"]),
        ("crosses", 2, {"source_breakdown": "sexx"}, ["crosses.csv line 2", "'sexx' of cyclists", "perhaps sex"]),
        ("routing", 2, {"universe": "ridders"}, ["routing.csv line 2", "'ridders' of cyclists", "perhaps riders"]),
        ("derivations", 2, {"operator": "all"}, ["operator is 'all'; write any or none"]),
        ("items", 2, {"item": "_sex"}, ["items.csv line 2: column item is '_sex'; write an id"]),
    ],
)  # fmt: skip
def test_a_cell_that_breaks_the_schema(
    book: Book, table: str, line: int, cells: dict[str, str], words: list[str]
) -> None:
    book.set(table, line, **cells)
    sentences = book.sentences()
    assert any(all(word in sentence for word in words) for sentence in sentences), sentences


def canonical(book: Book, folder: Path) -> dict[str, bytes]:
    """What dbt reads of a codebook, file by file."""
    write_codebook(read_codebook(book.settings), folder)
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*.csv"))}


def spreadsheet(content: str) -> str:
    """Text as a Norwegian spreadsheet saves it: semicolons, true in capitals, empty columns and rows at the ends."""
    rows = list(csv.reader(content.splitlines()))
    words = {"true": "SANN", "false": "USANN"}

    def cell(text: str) -> str:
        text = words.get(text, text)
        number = text.replace(".", ",") if text.replace(".", "", 1).isdecimal() else text
        return '"' + number.replace('"', '""') + '"' if set(number) & set(';"') else number

    lines = [";".join([*(cell(text) for text in row), "", ""]) for row in rows]
    return "\r\n".join([*lines, ";" * (len(rows[0]) + 1)]) + "\r\n"


FILES = sorted(path.stem for path in (CYCLISTS / "codebook").glob("*.csv"))


@pytest.mark.parametrize("table", FILES)
def test_a_file_from_a_spreadsheet_is_the_same_file(book: Book, tmp_path: Path, table: str) -> None:
    expected = canonical(book, tmp_path / "expected")
    content = book.path(table).read_text(encoding="utf-8")
    for number, bytes_ in enumerate(
        (
            spreadsheet(content).encode("cp1252"),
            content.replace("\n", "\r\n").encode("utf-16"),
            b"\xef\xbb\xbf" + content.encode(),
        )
    ):
        book.path(table).write_bytes(bytes_)
        assert canonical(book, tmp_path / str(number)) == expected


@pytest.mark.parametrize("table", FILES)
def test_a_file_that_is_spoilt_is_refused_by_its_name(book: Book, table: str) -> None:
    content = book.path(table).read_bytes()
    filled = content.count(b"\n") > 1
    spoilt = [b"", b"PK\x03\x04" + content, content.replace(b",", b":"), b"x," + content]
    if filled:
        # Cut inside the last row.
        spoilt.append(content[: content.rstrip().rfind(b",")])
    for bytes_ in spoilt:
        book.path(table).write_bytes(bytes_)
        assert any(f"{table}.csv" in sentence for sentence in book.sentences())


def test_a_misspelt_file_is_no_absent_file(book: Book) -> None:
    book.path("changes").rename(book.path("changes").with_name("chnages.csv"))
    assert any("chnages.csv" in sentence and "perhaps changes.csv" in sentence for sentence in book.sentences())


def test_files_that_the_survey_does_not_need_may_be_absent(book: Book, tmp_path: Path) -> None:
    for table in ("comparisons", "figures", "kinds", "item_types", "perturbation", "limits", "population", "left_out"):
        book.path(table).unlink()
    shutil.rmtree(book.settings.seeds_dir / "published")
    found = read_codebook(book.settings)
    assert found.rows("figures") == ()
    assert {row["kind"] for row in found.rows("kinds")} >= {"share", "mean"}


def test_one_language_of_labels_stands_for_both(book: Book, tmp_path: Path) -> None:
    book.set_all("items", label_en="")
    text = canonical(book, tmp_path / "seeds")["items.csv"].decode()
    assert "Syklet siste måned,Syklet siste måned" in text


def test_the_shipped_codebook_passes_and_is_written_as_it_lies(tmp_path: Path) -> None:
    """The shipped seeds are what dbt reads by itself; the gate must not give it anything else."""
    settings = Settings(PROJECT_DIR, PROJECT_DIR / "seeds", tmp_path)
    write_codebook(read_codebook(settings), tmp_path)
    for path in tmp_path.rglob("*.csv"):
        assert path.read_bytes() == (settings.seeds_dir / path.relative_to(tmp_path)).read_bytes(), path.name


def test_the_schema_is_a_data_package() -> None:
    """Frictionless by itself, without the project's reading, finds the shipped codebook valid."""
    import json

    from frictionless import Package

    from helsemonitor.codebook.schema import DATAPACKAGE

    descriptor = json.loads(DATAPACKAGE.read_text(encoding="utf-8"))
    report = Package.from_descriptor(descriptor, basepath=str(PROJECT_DIR / "seeds")).validate()
    assert report.valid, report.flatten(["resource", "rowNumber", "fieldName", "message"])[:5]
