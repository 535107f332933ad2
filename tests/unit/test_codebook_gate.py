"""The gate of the codebook, file by file and column by column: the schema's every constraint, forms, and references."""

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from frictionless import Resource, Schema

from helsemonitor.codebook.gate import read_codebook, write_codebook
from helsemonitor.codebook.schema import Field, Table, tables
from helsemonitor.errors import DataRefused
from helsemonitor.settings import PROJECT_DIR, Settings

CYCLISTS = PROJECT_DIR / "tests" / "fixtures" / "cyclists"
HOUSE = PROJECT_DIR / "seeds"
# A row that is right, for the files that the fixture leaves without rows.
FILLED = {
    "comparisons": "c,Noe,Something,cyclists,helmet,cyclists,mood_good,,",
    "figures": "r,f,cyclists,rides,,sex,,bar,Noe,Something",
    "left_out": "cyclists,age_group,_outside,,,children are not asked",
    "published_results": (
        "p,r,cyclists,2021,f,rides,pct,yes,sex,f,5,percent,100,table,yes,rides,yes,answered,,,as printed,,group"
    ),
    "published_exceptions": "p,value,p,it contradicts itself",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A copy of the fixture in which every file has a row."""
    seeds = Path(shutil.copytree(CYCLISTS, tmp_path / "seeds"))
    for name, row in FILLED.items():
        path = seeds / tables()[name].folder / f"{name}.csv"
        path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + f"\n{row}\n", encoding="utf-8")
    return Settings(PROJECT_DIR, seeds, tmp_path / "build")


def path_of(settings: Settings, table: Table) -> Path:
    return settings.seeds_dir / table.folder / f"{table.name}.csv"


def records(settings: Settings, table: Table) -> list[list[str]]:
    """Header and rows of a file, all columns of the schema in its order."""
    with path_of(settings, table).open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    return [list(table.names), *([row.get(name) or "" for name in table.names] for row in found)]


def saved(rows: list[list[str]], separator: str = ",", end: str = "\n") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(rows)
    return text.getvalue()


def write(settings: Settings, table: Table, rows: list[list[str]]) -> None:
    path_of(settings, table).write_text(saved(rows), encoding="utf-8")


def put(settings: Settings, table: Table, column: str, cell: str) -> None:
    """Write a cell into the first row of a file."""
    rows = records(settings, table)
    rows[1][table.names.index(column)] = cell
    write(settings, table, rows)


def refusal(settings: Settings) -> tuple[str, ...]:
    with pytest.raises(DataRefused) as refused:
        read_codebook(settings)
    return refused.value.sentences


def said(settings: Settings, *words: str) -> None:
    sentences = refusal(settings)
    assert any(all(word in sentence for word in words) for sentence in sentences), sentences


def written(settings: Settings, folder: Path) -> dict[str, bytes]:
    write_codebook(read_codebook(settings), folder)
    return {path.name: path.read_bytes() for path in folder.rglob("*.csv")}


def where(name: str, wanted: Callable[[Field], bool]) -> list[Field]:
    return [field for field in tables()[name].fields if wanted(field)]


def put_all(settings: Settings, name: str, cells: dict[str, str]) -> tuple[str, ...]:
    """Write cells into the first row of a file, and give what the gate says."""
    for column, cell in cells.items():
        put(settings, tables()[name], column, cell)
    return refusal(settings)


def has(sentences: tuple[str, ...], *words: str) -> bool:
    return any(all(word in sentence for word in words) for sentence in sentences)


def test_the_copy_in_which_every_file_has_a_row_is_sound(settings: Settings) -> None:
    assert all(read_codebook(settings).rows(name) for name in tables())


@pytest.mark.parametrize("name", tables())
def test_required_cells_are_blank(settings: Settings, name: str) -> None:
    """All but the first, then the first: a row without any cell is no row."""
    first, *rest = where(name, lambda field: bool(field.constraints.get("required")))
    row = records(settings, tables()[name])[1]
    sentences = put_all(settings, name, {field.name: " \u00a0" for field in rest}) if rest else ()
    for field in rest:
        put(settings, tables()[name], field.name, row[tables()[name].names.index(field.name)])
    put(settings, tables()[name], first.name, "")
    sentences += refusal(settings)
    for field in (first, *rest):
        assert has(sentences, f"{name}.csv line 2: column {field.name} is blank; write "), field.name


@pytest.mark.parametrize("name", tables())
def test_a_word_is_none_of_the_words(settings: Settings, name: str) -> None:
    fields = where(name, lambda field: "enum" in field.constraints)
    for change in (lambda word: word + "x", str.upper, lambda word: "?") if fields else ():
        cells = {field.name: change(field.constraints["enum"][0]) for field in fields}
        sentences = put_all(settings, name, cells)
        for field in fields:
            place = f"{name}.csv line 2: column {field.name} is '{cells[field.name]}'; write "
            assert has(sentences, place, *field.constraints["enum"]), field.name


WRONG = {
    "integer": ("2021.5", "1e3", "to", "1.2.3", "2021-01-01", "#REF!"),
    "number": ("1.234,5", "inf", "nan", "1e-3", "ti", "5 %"),
    "date": ("01/02/2021", "2021-13-01", "30.02.2021", "44197", "1. januar", "2021-01"),
    "boolean": ("yes", "x", "2", "ja", "-1", "t"),
}
WRITE = {"integer": "a whole number", "number": "a number with", "date": "a date as", "boolean": "true or false"}


@pytest.mark.parametrize("name", tables())
def test_a_cell_is_not_of_its_type(settings: Settings, name: str) -> None:
    fields = where(name, lambda field: field.type != "string")
    for number in range(6) if fields else ():
        sentences = put_all(settings, name, {field.name: WRONG[field.type][number] for field in fields})
        for field in fields:
            cell = WRONG[field.type][number]
            assert has(sentences, f"{name}.csv line 2: column {field.name} is '{cell}'; write {WRITE[field.type]}")


@pytest.mark.parametrize("name", tables())
def test_a_number_lies_outside(settings: Settings, name: str) -> None:
    for end, step in (("minimum", -1), ("maximum", 1)):
        fields = where(name, lambda field, end=end: end in field.constraints)
        cells = {field.name: str(field.constraints[end] + step) for field in fields}
        sentences = put_all(settings, name, cells) if fields else ()
        for field in fields:
            place = f"{name}.csv line 2: column {field.name} is '{cells[field.name]}'; write a number from "
            assert has(sentences, place + str(field.constraints["minimum"]))


@pytest.mark.parametrize("name", tables())
def test_an_id_is_no_id(settings: Settings, name: str) -> None:
    fields = where(name, lambda field: "pattern" in field.constraints)
    sentences = put_all(settings, name, {field.name: "_|" for field in fields}) if fields else ()
    for field in fields:
        assert has(sentences, f"{name}.csv line 2: column {field.name} is '_|'; write "), field.name


@pytest.mark.parametrize("name", tables())
def test_a_list_has_a_hole_or_a_name_twice(settings: Settings, name: str) -> None:
    fields = where(name, lambda field: bool(field.separator))
    for cell, fault in (("a||b", "has a blank between two bars"), ("a| b |b", "names b twice")) if fields else ():
        sentences = put_all(settings, name, {field.name: cell for field in fields})
        for field in fields:
            assert has(sentences, f"{name}.csv line 2: column {field.name} {fault}")


@pytest.mark.parametrize("name", tables())
def test_a_row_stands_twice(settings: Settings, name: str) -> None:
    table = tables()[name]
    rows = records(settings, table)
    write(settings, table, [*rows, rows[1]])
    said(settings, f"{name}.csv line {len(rows) + 1}: another row has the same {table.key[0]} '{rows[1][0]}'")


REFERENCES = [
    (name, reference.fields[-1], reference.table) for name, table in tables().items() for reference in table.references
]


@pytest.mark.parametrize(("name", "column", "other"), REFERENCES)
def test_a_reference_leads_nowhere(settings: Settings, name: str, column: str, other: str) -> None:
    put(settings, tables()[name], column, "77")
    said(settings, f"{name}.csv line 2: column {column} names '77'", f"{other}.csv does not have")


@pytest.mark.parametrize("name", tables())
def test_every_column_has_an_example_that_its_schema_takes(name: str) -> None:
    """A row made of the examples, as Frictionless reads it."""
    table = tables()[name]
    row = [field.example for field in table.fields]
    assert all(row)
    fields = [{**field, "name": field["name"]} for field in table.descriptor["schema"]["fields"]]
    resource = Resource(data=[list(table.names), row], schema=Schema.from_descriptor({"fields": fields}))
    assert resource.validate().flatten(["fieldName", "message"]) == []


def test_references_are_to_files_and_columns_that_exist() -> None:
    for table in tables().values():
        for reference in table.references:
            assert set(reference.fields) <= set(table.names)
            assert set(reference.targets) <= set(tables()[reference.table].names)
            assert len(reference.fields) == len(reference.targets)


@pytest.mark.parametrize("name", tables())
def test_columns_are_gone_or_misspelt(settings: Settings, name: str) -> None:
    table = tables()[name]
    rows = records(settings, table)
    misspelt = [[rows[0][0], *(f"{column}r" for column in rows[0][1:])], *rows[1:]]
    write(settings, table, misspelt)
    sentences = refusal(settings)
    for field in table.fields[1:]:
        near = "perhaps " if len(field.name) > 3 else ""
        assert has(sentences, f"{name}.csv: column '{field.name}r' is not known", near)
    needed = [field.name for field in table.fields[1:] if not field.optional]
    assert has(sentences, f"{name}.csv has no column {', '.join(needed)}; restore its header row")


def test_a_column_that_may_be_absent_counts_as_empty(settings: Settings) -> None:
    table = tables()["items"]
    place = table.names.index("theme")
    write(settings, table, [row[:place] + row[place + 1 :] for row in records(settings, table)])
    assert {row["theme"] for row in read_codebook(settings).rows("items")} == {""}


@pytest.mark.parametrize("name", [name for name, table in tables().items() if table.presence == "required"])
def test_a_required_file_is_gone(settings: Settings, name: str) -> None:
    path_of(settings, tables()[name]).unlink()
    said(settings, f"{name}.csv is not there; restore it")


@pytest.mark.parametrize("name", [name for name, table in tables().items() if table.presence != "optional"])
def test_a_file_that_needs_rows_has_a_header_only(settings: Settings, name: str) -> None:
    """A noise table without a row would publish profile open without noise."""
    table = tables()[name]
    write(settings, table, records(settings, table)[:1])
    said(settings, f"{name}.csv", "no wave" if name == "waves" else "has no row below its header; restore")


def foreign(table: Table, rows: list[list[str]]) -> list[list[str]]:
    """Rows as a Norwegian spreadsheet shows them: decimal commas, day before month, truth in capitals."""
    shown = [rows[0]]
    for row in rows[1:]:
        cells = []
        for field, cell in zip(table.fields, row, strict=True):
            if field.type == "number":
                cell = cell.replace(".", ",")
            if field.type == "date" and cell:
                cell = ".".join(reversed(cell.split("-")))
            if field.type == "boolean":
                cell = {"true": "SANN", "false": "FALSE"}[cell]
            cells.append(cell)
        shown.append(cells)
    return shown


@pytest.mark.parametrize("name", tables())
def test_the_form_of_a_file_does_not_matter(settings: Settings, tmp_path: Path, name: str) -> None:
    table = tables()[name]
    expected = written(settings, tmp_path / "expected")
    rows = records(settings, table)
    wide = [[*row, "", ""] for row in [*foreign(table, rows), [""] * len(table.names)]]
    turned = [row[::-1] for row in rows]
    forms = [
        saved(foreign(table, rows), ";", "\r\n").encode("cp1252"),
        saved(wide, "\t", "\r\n").encode("utf-16"),
        b"\xef\xbb\xbf" + saved(wide, ";").encode(),
        ("sep=;\r\n" + saved(turned, ";", "\r\n")).encode(),
        saved([[f" {cell} " for cell in row] for row in rows]).encode(),
    ]
    for number, content in enumerate(forms):
        path_of(settings, table).write_bytes(content)
        assert written(settings, tmp_path / str(number)) == expected, number


@pytest.mark.parametrize("name", tables())
def test_a_file_that_is_spoilt_is_named(settings: Settings, name: str) -> None:
    table = tables()[name]
    rows = records(settings, table)
    content = saved(rows).encode()
    letters = [list(row) for row in rows]
    letters[1][-1] = "blåbær på øy"
    other = saved(letters)
    spoilt = [
        b"",
        b"\xef\xbb\xbf",
        b"\r\n\r\n",
        b"PK\x03\x04" + content,
        b"\xd0\xcf\x11\xe0" + content,
        content[: content.rstrip().rfind(b",")],
        content + b'"never closed,',
        content.replace(b",", b"\x00,", 1),
        other.encode("mac-roman"),
        other.encode("cp865"),
        other.encode().decode("cp1252").encode(),
    ]
    for bytes_ in spoilt:
        path_of(settings, table).write_bytes(bytes_)
        assert all(f"{name}.csv" in sentence for sentence in refusal(settings)), bytes_[:20]


@pytest.mark.parametrize(("wrong", "meant"), [("item.csv", "items.csv"), ("routing.CSV.txt", ""), ("Waves.xlsx", "")])
def test_a_file_of_another_name_is_pointed_out(settings: Settings, wrong: str, meant: str) -> None:
    (settings.codebook_dir / wrong).write_text("a,b\n", encoding="utf-8")
    said(settings, wrong, f"perhaps {meant}" if meant else "no table of the codebook has this name")


def test_what_a_fixture_can_do_without_may_be_absent(settings: Settings) -> None:
    shutil.rmtree(settings.seeds_dir / "published")
    left = {"surveys", "waves", "items", "answers", "code_lists", "columns", "breakdowns"}
    for name, table in tables().items():
        if name not in left and table.folder == "codebook":
            path_of(settings, table).unlink()
    # Without clauses there is no derived item, without the register no difference between waves.
    items, columns_, lists = (tables()[name] for name in ("items", "columns", "code_lists"))
    write(settings, items, [row for row in records(settings, items) if row[1] not in ("any_gear", "mood", "sat")])
    kept = [row for row in records(settings, columns_) if row[4] not in ("mood", "sat")]
    write(settings, columns_, kept)
    used = {row[6] for row in kept}
    write(settings, lists, [row for row in records(settings, lists) if row[0] in {*used, "code_list"}])
    answers = tables()["answers"]
    write(settings, answers, [row for row in records(settings, answers) if row[0] not in ("mood", "sat")])
    book = read_codebook(settings)
    assert book.rows("indicators") == book.rows("changes") == book.rows("routing") == ()
