"""Constraints and keys of the codebook, judged by Frictionless; references of lists, judged here."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import product
from typing import TYPE_CHECKING

from helsemonitor.codebook.reading import Row, Rows, shown_cell, suggestion
from helsemonitor.codebook.schema import Field, Reference, tables

if TYPE_CHECKING:
    from frictionless import Schema
    from frictionless.errors import RowError as Error

# Of one column of one file more sentences than these say no more.
SHOWN_FAULTS = 10


def _wanted(field: Field) -> str:
    limits = field.constraints
    if "enum" in limits:
        words = [str(word) for word in limits["enum"]]
        choice = f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
        return choice if limits.get("required") else f"{choice}, or nothing"
    if "pattern" in limits:
        return f"an id; {field.description[0].lower()}{field.description[1:].rstrip('.')}"
    if "minimum" in limits and "maximum" in limits:
        return f"a number from {limits['minimum']} to {limits['maximum']}"
    if "minimum" in limits:
        return f"a number from {limits['minimum']} up"
    return f"a value; {field.description[0].lower()}{field.description[1:].rstrip('.')}"


def _sentence(read: Rows, error: "Error") -> str:
    # Row 1 is the header.
    row = read.rows[error.row_number - 2]
    if error.type == "primary-key":
        key = ", ".join(f"{name} {shown_cell(row[name])}" for name in read.table.key)
        return f"{row.place}: another row has the same {key}; keep one."
    field = next(field for field in read.table.fields if field.name == error.field_name)
    cell = row[field.name]
    words = [str(word) for word in field.constraints.get("enum", [])]
    said = f"is {shown_cell(cell)}" if cell else "is blank"
    return f"{row.place}: column {field.name} {said}; write {_wanted(field)}{suggestion(cell, words)}."


@cache
def _schema(table: str) -> "Schema":
    """A table's columns and key, without its references: those of lists are judged here, all in one way."""
    from frictionless import Schema

    schema = tables()[table].descriptor["schema"]
    return Schema.from_descriptor({"fields": schema["fields"], "primaryKey": schema["primaryKey"]})


@lru_cache(maxsize=256)
def _errors(table: str, rows: tuple[tuple[str, ...], ...]) -> "tuple[Error, ...]":
    """What Frictionless finds in a table's rows; it is asked once where the same file is read several times."""
    from frictionless import Checklist, Resource

    content = [list(tables()[table].names), *([cell or None for cell in row] for row in rows)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        resource = Resource(data=content, schema=_schema(table))
        report = resource.validate(Checklist(skip_errors=["blank-row"]), limit_errors=1000)
    return tuple(report.task.errors)


def broken_constraints(reads: Sequence[Rows]) -> list[str]:
    """Hold files against the types, constraints and primary keys of the schema.

    Args:
        reads: The files, read.

    Returns:
        One sentence per cell or row that breaks a rule; of many in one column the first ones.
    """
    sentences: list[str] = []
    for read in reads:
        rows = tuple(tuple(row[name] for name in read.table.names) for row in read.rows)
        sentences += _first_of_each(read, _errors(read.table.name, rows) if rows else ())
    return sentences


def _first_of_each(read: Rows, errors: "Iterable[Error]") -> Iterator[str]:
    counted: dict[str, int] = {}
    for error in errors:
        column = getattr(error, "field_name", "") or "key"
        counted[column] = counted.get(column, 0) + 1
        if counted[column] <= SHOWN_FAULTS:
            yield _sentence(read, error)
    for column, number in counted.items():
        if number > SHOWN_FAULTS:
            yield f"{read.shown}: column {column} has {number - SHOWN_FAULTS} more cells with such a fault."


def _targets(row: Row, reference: Reference, fields: Sequence[Field]) -> Iterator[tuple[str, ...]]:
    """What a row refers to, a tuple per reference; nothing where the last column is blank."""
    if not row[reference.fields[-1]]:
        return
    separated = {field.name for field in fields if field.separator}
    cells = [row.parts(name) if name in separated else [row[name]] for name in reference.fields]
    yield from product(*cells)


def broken_references(reads: Sequence[Rows]) -> list[str]:
    """Follow every reference of the schema.

    Args:
        reads: All files, read.

    Returns:
        One sentence per value that leads nowhere, with the nearest one that does.
    """
    by_name = {read.table.name: read for read in reads}
    sentences = []
    for read in reads:
        for reference in read.table.references:
            known = {tuple(row[name] for name in reference.targets) for row in by_name[reference.table].rows}
            column = reference.fields[-1]
            for row in read.rows:
                for target in _targets(row, reference, read.table.fields):
                    if target not in known:
                        near = [key[-1] for key in known if key[:-1] == target[:-1]]
                        of = f" of {' '.join(target[:-1])}" if len(target) > 1 else ""
                        sentences.append(
                            f"{row.place}: column {column} names {shown_cell(target[-1])}{of}, which "
                            f"{by_name[reference.table].shown} does not have{suggestion(target[-1], near)}; correct "
                            "the name, or add the row."
                        )
    return sentences
