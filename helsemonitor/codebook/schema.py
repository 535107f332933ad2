"""The schema of the codebook: `datapackage.json`, a Frictionless data package, as values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATAPACKAGE = Path(__file__).with_name("datapackage.json")


@dataclass(frozen=True)
class Field:
    """One column of a codebook file.

    Args:
        name: Name of the column.
        type: Type in Table Schema: string, integer, number, boolean or date.
        description: What it holds.
        example: A cell of it, as it stands in a file.
        constraints: Constraints of Table Schema (required, enum, pattern, minimum, maximum).
        optional: Whether the column may be absent from a file; it counts as empty then.
        separator: What stands between several values of a cell; empty where a cell has one.
        dbt_type: Type of the column in the warehouse; text where it is empty.
    """

    name: str
    type: str
    description: str
    example: str
    constraints: Mapping[str, Any]
    optional: bool
    separator: str
    dbt_type: str


@dataclass(frozen=True)
class Reference:
    """Columns whose values must stand in another file.

    Args:
        fields: The columns; a row where the last of them is blank refers to nothing, one with several values to each.
        table: The other file's table.
        targets: Its columns, in the same order.
    """

    fields: tuple[str, ...]
    table: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One file of the codebook, or of the published results.

    Args:
        name: Name of the file without `.csv`, of dbt's seed and of the table in the warehouse.
        folder: Folder under the seeds, `codebook` or `published`.
        description: What a row is.
        presence: required, optional (counts as empty) or house (the project's own stands in).
        fields: Its columns, in order.
        key: Columns that name a row.
        references: What its columns refer to.
        descriptor: The table's part of the data package.
    """

    name: str
    folder: str
    description: str
    presence: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    references: tuple[Reference, ...]
    descriptor: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(field.name for field in self.fields)


def _field(found: Mapping[str, Any]) -> Field:
    return Field(
        name=found["name"],
        type=found["type"],
        description=found["description"],
        example=found["example"],
        constraints=found.get("constraints", {}),
        optional=found.get("optional", False),
        separator=found.get("separator", ""),
        dbt_type=found.get("dbtType", ""),
    )


def _reference(found: Mapping[str, Any]) -> Reference:
    target = found["reference"]
    return Reference(tuple(found["fields"]), target["resource"], tuple(target["fields"]))


def _table(found: Mapping[str, Any]) -> Table:
    schema = found["schema"]
    return Table(
        name=found["name"],
        folder=found["path"].split("/")[0],
        description=found["description"],
        presence=found["presence"],
        fields=tuple(_field(field) for field in schema["fields"]),
        key=tuple(schema["primaryKey"]),
        references=tuple(_reference(key) for key in [*schema.get("foreignKeys", []), *found.get("references", [])]),
        descriptor=found,
    )


@cache
def tables() -> Mapping[str, Table]:
    """The tables of the codebook and of the published results, by name."""
    package = json.loads(DATAPACKAGE.read_text(encoding="utf-8"))
    return {found["name"]: _table(found) for found in package["resources"]}
