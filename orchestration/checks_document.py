"""Every check of the road as a table: `docs/checks.md`, written from the checks themselves.

`python -m orchestration.checks_document` writes the document.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from expectations.door import door_suites
from expectations.suites import Suite, columns_suite, mart_suites, respondents_suite
from helsemonitor.codebook import Wave
from helsemonitor.codebook.rules import all_rules
from helsemonitor.codebook.schema import tables
from helsemonitor.limits import LIMITS, Limit, read_limits
from helsemonitor.settings import PROJECT_DIR, Settings

DOCUMENT = PROJECT_DIR / "docs" / "checks.md"
HEAD = """\
# Checks

Every check between a file and a release, in the order of the road: what it holds, where it lives, whether it refuses or
notes, and the rows of `codebook/limits.csv` that it reads. Written by `make docs` from the checks themselves.
"""
# Constraints of the schema in words, with the columns that have them counted.
CONSTRAINTS = {
    "required": "A cell that must be filled is filled.",
    "enum": "A cell holds one of the words that its column allows.",
    "pattern": "An id has the form that file names and lists need.",
    "minimum": "A number is not below the smallest that its column allows.",
    "maximum": "A number is not above the largest that its column allows.",
}
FILES = {
    "delimited": "A file is text in a certain encoding, with a certain separator, paired quotation marks, one header "
    "and "
    "as many cells in a row as in it.",
    "codebook/reading": "A codebook file has the columns of its schema, and cells of their types.",
    "codebook/gate": "Every file of the codebook's folder is one that is read; a misspelt name would count as absent.",
    "codebook/waves": "Every wave has a file name of its own, and there is one wave at least.",
    "raw_files": "Numbers and codes of a raw file are written in one form, or in one that is certain.",
}
PLACES = {
    "place": "The build folder can take what a run writes, and nothing else lies in the way.",
    "space": "The disk has room for a release.",
    "lock": "Nobody else is writing, and no program holds the warehouse open.",
    "record_keys": "The secret of the record keys is one.",
    "releases": "A mart has no column of a single respondent, and a release holds the marts of the project and no "
    "others.",
}
# Limits that an expectation reads, by words of its finding or by the name of its suite.
EXPECTATION_LIMITS = {
    "of the sum of all weights": ("weight_share", "weight_ratio"),
    "do not lie": ("number_low", "number_high"),
    "sum to neither": ("allocation_sum",),
    "weighted_bases": ("weighted_base", "weighted_base_smallest"),
    "reconciliation": ("print_gap",),
    "drift": ("drift", "drift_sd", "drift_se", "drift_break", "drift_break_sd", "drift_base_smallest"),
    "scales": ("turned",),
    "leads them past it": ("outside_share",),
    "leads past it": ("outside_share",),
    "of universe": ("outside_share",),
    "respondents asked": ("blank_share",),
    "door_drift": ("drift", "drift_se", "drift_break", "drift_base_smallest"),
    "door_scales": ("turned",),
}


@dataclass(frozen=True)
class Check:
    """One check.

    Args:
        name: Its name, one of a kind.
        holds: What it holds, in a sentence.
        home: File that it lives in.
        severity: refuse or note.
        limits: Limits that it reads.
    """

    name: str
    holds: str
    home: str
    severity: str = "refuse"
    limits: tuple[str, ...] = ()


def place_checks() -> Iterator[Check]:
    """Checks of the place, before the first stage, and of what leaves it."""
    for module, holds in PLACES.items():
        yield Check(f"place:{module}", holds, f"helsemonitor/{module}.py")


def codebook_checks() -> Iterator[Check]:
    """Checks of the codebook's gate: files, cells, keys, references, sense."""
    for module, holds in FILES.items():
        yield Check(f"file:{module.split('/')[-1]}", holds, f"helsemonitor/{module}.py")
    schema = "helsemonitor/codebook/datapackage.json"
    counted = Counter(name for table in tables().values() for field in table.fields for name in field.constraints)
    for name, holds in CONSTRAINTS.items():
        yield Check(f"schema:{name}", f"{holds} ({counted[name]} columns)", schema)
    references = sum(len(table.references) for table in tables().values())
    yield Check("schema:key", f"No two rows of a file have the same key. ({len(tables())} files)", schema)
    yield Check("schema:reference", f"What a cell names stands in the other file. ({references} references)", schema)
    for rule in all_rules():
        home = f"{rule.home.replace('.', '/')}.py"
        yield Check(rule.name, rule.holds, home)


def _suite_checks(suite: Suite, label: str, home: str = "expectations/suites.py") -> Iterator[Check]:
    for number, expectation in enumerate(suite.expectations, start=1):
        finding = re.sub(r"\{([a-z_]+)[^}]*\}", r"<\1>", expectation.finding)
        words = next((words for words in EXPECTATION_LIMITS if words in finding or words == label), "")
        yield Check(
            f"{label}:{number}",
            f"Refused where {finding}.",
            home,
            limits=EXPECTATION_LIMITS.get(words, ()),
        )


def door_checks(limits: tuple[Limit, ...]) -> Iterator[Check]:
    """Expectations of a delivered file, before it is a raw file."""
    wave = Wave("survey", 1, 1000, "id", "weights", "")
    yield Check("door:raw", "A delivered file passes the suites of the raw gate, see below.", "expectations/door.py")
    for suite in door_suites(wave, "delivered file", "columns.csv", limits).values():
        yield from _suite_checks(suite, suite.name, "expectations/door.py")


def raw_checks(limits: tuple[Limit, ...]) -> Iterator[Check]:
    """Expectations of a raw wave with one weight, one number and one allocation."""
    wave = Wave("survey", 1, 1000, "id", "weights", "")
    suite = respondents_suite(wave, "raw file", {"numbers": ("number", "numbers")}, ["allocations"], limits)
    yield Check(
        "declared_checksum",
        "The file of a final wave is the one whose checksum waves.csv holds; of a provisional one, a note says that "
        "it is not.",
        "expectations/gates.py",
        "refuse or note",
    )
    yield Check("undeclared_file", "Every raw file belongs to a declared wave.", "expectations/gates.py")
    yield from _suite_checks(suite, "raw")
    yield from _suite_checks(columns_suite(wave, "raw file"), "raw_columns")


def warehouse_checks() -> Iterator[Check]:
    """Findings of the models of checks, and dbt's tests."""
    folder = PROJECT_DIR / "models" / "checks"
    described = yaml.safe_load((folder / "_checks__models.yml").read_text(encoding="utf-8"))["models"]
    for model in described:
        path = folder / f"{model['name']}.sql"
        code = path.read_text(encoding="utf-8")
        meta = model["config"]["meta"]
        for name, holds in meta["checks"].items():
            limits = tuple(meta.get("limits", {}).get(name, ()))
            yield Check(name, holds, path.relative_to(PROJECT_DIR).as_posix(), _severity(code, name), limits)
    for path in sorted((PROJECT_DIR / "tests" / "data").glob("*.sql")):
        comment = " ".join(re.findall(r"^-- (.*)", path.read_text(encoding="utf-8"), re.MULTILINE))
        yield Check(path.stem, comment, path.relative_to(PROJECT_DIR).as_posix())
    yield from _generic_tests()


def _severity(code: str, name: str) -> str:
    """Severity that the SQL of a finding gives it."""
    found = re.search(rf"'{name}'(?:(?!union all).)*", code, re.DOTALL)
    text = found[0] if found else ""
    if "severity=severity" in text or "'note', 'refuse')" in text:
        return "refuse or note"
    return "note" if "severity='note'" in text or "'note' as severity" in text else "refuse"


def _generic_tests() -> Iterator[Check]:
    """The rules of the models' rows, each counted over the YAML files of the models."""
    described = {
        "unique_grain": "Rows of a table are one of a kind in their grain, which has no holes. ({} tables)",
        "filled": "A column is filled in every row, or in every row of a condition. ({} columns)",
        "words": "A column holds words of its list. ({} columns)",
        "relationships": "What a column names stands in the other table. ({} columns)",
    }
    counted: Counter[str] = Counter()
    for path in (PROJECT_DIR / "models").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            columns = model.get("columns", [])
            tests = [
                *model.get("data_tests", []),
                *(test for column in columns for test in column.get("data_tests", [])),
            ]
            for test in tests:
                counted.update(_rules(test))
    for name, holds in described.items():
        yield Check(f"dbt:{name}", holds.format(counted[name]), "models/**/*.yml")


def _rules(test: str | dict[str, Any]) -> Counter[str]:
    """Rules that a test of a model's YAML file holds, and of how many tables or columns."""
    name, said = (test, {}) if isinstance(test, str) else next(iter(test.items()))
    if name == "sound_rows":
        rules = said["arguments"]
        filled = len(rules.get("filled", [])) + len(rules.get("filled_where", {}))
        return Counter(unique_grain=1, filled=filled, words=len(rules.get("words", {})))
    return Counter({"not_null": "filled", "accepted_values": "words"}.get(name, name).split())


def mart_checks(limits: tuple[Limit, ...]) -> Iterator[Check]:
    """Expectations of the built marts."""
    for name, suite in mart_suites(limits).items():
        yield from _suite_checks(suite, name)


def calendar_checks() -> Iterator[Check]:
    """Checks that Dagster makes by the calendar."""
    yield Check(
        "wave_overdue",
        "No survey waits for a wave longer than its waves are usually apart, and the limit.",
        "orchestration/freshness.py",
        "note",
        ("wave_overdue",),
    )


def all_checks() -> dict[str, list[Check]]:
    """Stage of the road -> its checks."""
    limits = read_limits(Settings(PROJECT_DIR, PROJECT_DIR / "seeds", PROJECT_DIR / "build"))
    return {
        "The place": list(place_checks()),
        "Codebook gate": list(codebook_checks()),
        "The door": list(door_checks(limits)),
        "Raw gate": list(raw_checks(limits)),
        "Warehouse": list(warehouse_checks()),
        "Marts gate": list(mart_checks(limits)),
        "Calendar": list(calendar_checks()),
    }


def _line(check: Check) -> str:
    limits = ", ".join(f"`{name}`" for name in check.limits)
    holds = check.holds.replace("|", "\\|").replace("<", "&lt;")
    return f"| `{check.name}` | {holds} | `{check.home}` | {check.severity} | {limits} |"


def document() -> str:
    """Text of the document."""
    parts = [HEAD]
    for stage, checks in all_checks().items():
        parts += [
            f"## {stage}\n",
            "| check | holds | home | severity | limits |\n|---|---|---|---|---|",
            *(_line(check) for check in checks),
            "",
        ]
    read = sorted({name for checks in all_checks().values() for check in checks for name in check.limits})
    flags = ", ".join(f"`{name}`" for name in sorted(set(LIMITS) - set(read)))
    parts += [f"Limits of flags and of profile `open`, which refuse nothing: {flags}."]
    return "\n".join(parts) + "\n"


def main(path: Path = DOCUMENT) -> None:
    """Write the document."""
    path.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
