"""What each column of the codebook holds: `docs/codebook.md`, written from its schema.

`python -m helsemonitor.documents.codebook` writes the document.
"""

from helsemonitor.codebook.schema import Field, Table, tables
from helsemonitor.settings import PROJECT_DIR

DOCUMENT = PROJECT_DIR / "docs" / "codebook.md"
HEAD = """\
# Codebook

One table per file of `seeds/codebook` and `seeds/published`, written by `make docs` from
[the schema](../helsemonitor/codebook/datapackage.json), a Frictionless data package that editors read, too. Required
files must be there, optional ones count as empty where they are not, and a house file is the project's own unless a
survey brings one. A column that may be absent counts as empty. What is checked beyond cells stands in
[the list of checks](checks.md).
"""


def _must(field: Field) -> str:
    if field.constraints.get("required"):
        return "filled"
    return "may be absent" if field.optional else "may be empty"


def _allowed(field: Field) -> str:
    words = field.constraints.get("enum")
    if words:
        return ", ".join(f"`{word}`" for word in words)
    bounds = {"from": field.constraints.get("minimum"), "to": field.constraints.get("maximum")}
    return " ".join(f"{word} {bound}" for word, bound in bounds.items() if bound is not None)


def _refers(table: Table, field: Field) -> str:
    return ", ".join(f"`{reference.table}`" for reference in table.references if reference.fields[-1] == field.name)


def _section(table: Table) -> str:
    lines = [
        f"## {table.name}\n",
        f"{table.description} A row is named by {', '.join(f'`{name}`' for name in table.key)}. ({table.presence})\n",
        "| column | type | must be | values | refers to | holds | for example |",
        "|---|---|---|---|---|---|---|",
    ]
    for field in table.fields:
        kind = f"list of {field.type}s" if field.separator else field.type
        cells = [f"`{field.name}`", kind, _must(field), _allowed(field), _refers(table, field), field.description]
        cells.append(f"`{field.example}`")
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|').replace('<', '&lt;') for cell in cells)} |")
    return "\n".join(lines)


def document() -> str:
    """Text of the document."""
    return "\n\n".join([HEAD.rstrip(), *(_section(table) for table in tables().values())]) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
