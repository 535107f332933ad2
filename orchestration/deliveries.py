"""What `helsemonitor diff` says of a delivered file: on the terminal, as CSV and as a page."""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from helsemonitor.landing.comparison import Comparison
from helsemonitor.landing.difference import Difference
from helsemonitor.settings import Settings
from orchestration.reporters import spaced

if TYPE_CHECKING:
    from rich.table import Table

HEADER = ("difference", "column", "column before", "item", "evidence", "type of change")
# Of a longer name or evidence the beginning is shown; the CSV file has all of it.
LONGEST = 400
# A spreadsheet takes a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
caption { text-align: left; padding: 0 0 .75rem }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid #bbb }
td { overflow-wrap: anywhere }
</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
<table>
<caption>{{ summary }}</caption>
<thead><tr>{% for name in header %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody>
</table>
</main>
</body>
</html>
"""


def printable(text: str) -> str:
    """Text of a delivered file without what controls a terminal or a page, and without other lines."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def shown(text: str) -> str:
    """Text of a delivered file as a terminal and a page may show it: on one line, short, without what controls."""
    seen = printable(text)
    return seen if len(seen) <= LONGEST else f"{seen[:LONGEST]} ..."


def _names(columns: tuple[str, ...]) -> str:
    names = [shown(column) for column in columns]
    return ", ".join(names) if len(names) < 4 else f"{names[0]} ... {names[-1]} ({len(names)})"


def row(one: Difference) -> tuple[str, ...]:
    """A difference as the cells of a table, as `HEADER` names them."""
    return (one.name, _names(one.columns), _names(one.before), one.item, shown(one.evidence), one.change_type)


def title(comparison: Comparison) -> str:
    """What was compared."""
    return f"{shown(comparison.delivery.shown)} against {comparison.sibling.wave_id}"


def summary(comparison: Comparison) -> str:
    """How much is otherwise, in a sentence."""
    delivery, number = comparison.delivery, len(comparison.differences)
    size = f"{spaced(delivery.respondents)} respondents, {spaced(len(delivery.columns))} columns"
    if comparison.is_landed:
        size = f"This wave is landed already. {size}"
    if not number:
        return f"{size}; nothing differs from {comparison.sibling.wave_id} but the answers themselves."
    return f"{size}; {spaced(number)} difference{'s' if number > 1 else ''} from {comparison.sibling.wave_id}."


def as_table(comparison: Comparison) -> "Table":
    """The differences as a table of the terminal."""
    from rich.table import Table

    table = Table(box=None, title=title(comparison), title_justify="left", title_style="")
    for name in HEADER:
        table.add_column(name, overflow="fold")
    for one in comparison.differences:
        table.add_row(*row(one))
    return table


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def as_csv(comparison: Comparison) -> str:
    """The differences as CSV, a row each; a cell that a spreadsheet would compute has an apostrophe before it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for one in comparison.differences:
        cells = (one.kind, "|".join(one.columns), "|".join(one.before), one.item, one.evidence, one.change_type)
        writer.writerow([_safe(cell) for cell in cells])
    return text.getvalue()


def as_page(comparison: Comparison) -> str:
    """The differences as a page of HTML that needs nothing else."""
    from jinja2 import Environment

    template = Environment(autoescape=True).from_string(PAGE)
    rows = [row(one) for one in comparison.differences]
    return template.render(title=title(comparison), summary=summary(comparison), header=HEADER, rows=rows)


FORMATS = {".csv": as_csv, ".html": as_page}


def out_problem(settings: Settings, delivered: Path, out: Path) -> str:
    """Why the differences cannot be written to a file; empty where they can.

    Args:
        settings: Folders of the project.
        delivered: The delivered file.
        out: The file to write.
    """
    if out.suffix.lower() not in FORMATS:
        return f"--out writes {' or '.join(FORMATS)}; {out.name} is neither."
    if not out.parent.is_dir():
        return f"--out: there is no folder {out.parent}; make it, or name another."
    if out.exists() and not out.is_file():
        return f"--out: {out} is no ordinary file; name another."
    if out.exists() and delivered.exists() and out.samefile(delivered):
        return f"--out: {out} is the delivered file itself, which is never written; name another."
    if out.resolve().is_relative_to(settings.seeds_dir.resolve()):
        return f"--out: {out} lies among the seeds, where only waves and codebook lie; name another."
    return ""


def write(comparison: Comparison, path: Path) -> None:
    """Write the differences to a file in one step, in the format that its name says (`.csv` or `.html`)."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(FORMATS[path.suffix.lower()](comparison), encoding="utf-8", errors="replace")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def lines(comparison: Comparison) -> Iterator[str]:
    """The differences as lines of text, for a terminal that is none."""
    yield title(comparison)
    for one in comparison.differences:
        columns = _names(one.columns) or _names(one.before)
        before = f" (before: {_names(one.before)})" if one.before and one.columns and one.before != one.columns else ""
        item = f" [{one.item}]" if one.item else ""
        yield f"{one.name}: {columns or 'the file'}{before}{item}: {shown(one.evidence)}"
    yield summary(comparison)
