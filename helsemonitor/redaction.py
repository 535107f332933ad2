"""Messages of the database without the values that it quotes: a value may be a respondent's."""

import json
import re
from pathlib import Path

HIDDEN = "(not shown)"
# Errors of DuckDB that are about values; the message goes to the end of the line.
ABOUT_VALUES = re.compile(r"((?:Conversion|Out of Range|Constraint|Invalid Input) Error: )([^\n]*)")
# The reader of CSV files shows the row; a line of it may hold line ends.
ROW = re.compile(r"(Original Line: ).*?(?=\n\s*(?:Expected |Possible |Value |Invalid |file = )|\Z)", re.DOTALL)
# What a text in a certain form should have been is shown once more on a line of its own.
FORM = re.compile(r"(according to format specifier [^\n]*\n)[^\n]*")
QUOTED = re.compile(r"""(?<!column )(?:"[^\n]*"|'[^\n]*')""")
BARE = re.compile(r"(?<=value )\S+|(?<=out of range: )[^\n]+|(?<![\w(])[-+]?\d[\d.-]{2,}|(?<= \()[-+]?\d[\d.]*")
PYTHON = re.compile(r"(could not convert string to float: |invalid literal for [^\n]*?: )[^\n]*", re.IGNORECASE)


def without_values(text: str) -> str:
    """A message with every value that it quotes taken out; names of tables and columns stay.

    Args:
        text: What the database, or Python, said.
    """
    text = ROW.sub(rf"\1{HIDDEN}", text)
    text = FORM.sub(rf"\1{HIDDEN}", text)
    text = PYTHON.sub(rf"\1{HIDDEN}", text)
    return ABOUT_VALUES.sub(lambda told: told[1] + BARE.sub(HIDDEN, QUOTED.sub(HIDDEN, told[2])), text)


def redact_file(path: Path) -> None:
    """Take quoted values out of a log; nothing happens where there is no such file."""
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    told = without_values(text)
    if told != text:
        path.write_text(told, encoding="utf-8")


def redact_results(path: Path) -> None:
    """Take quoted values out of the messages of dbt's run_results.json; nothing happens where it cannot be read."""
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for row in results.get("results", []):
        if row.get("message"):
            row["message"] = without_values(row["message"])
    path.write_text(json.dumps(results), encoding="utf-8")
