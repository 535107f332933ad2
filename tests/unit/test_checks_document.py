"""The table of all checks."""

import re
from collections import Counter
from pathlib import Path

from helsemonitor.documents import codebook
from helsemonitor.limits import LIMITS
from orchestration.checks_document import DOCUMENT, all_checks, document

ROOT = Path(__file__).parents[2]


def test_the_document_is_fresh() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run `make docs`"


def test_the_document_of_the_codebook_is_fresh() -> None:
    assert codebook.DOCUMENT.read_text(encoding="utf-8") == codebook.document(), "run `make docs`"


def test_no_check_stands_twice_and_each_has_a_home() -> None:
    checks = [check for stage in all_checks().values() for check in stage]
    assert [name for name, count in Counter(check.name for check in checks).items() if count > 1] == []
    held = Counter(check.holds for check in checks if not check.name.startswith(("raw:", "dbt:")))
    assert [holds for holds, count in held.items() if count > 1] == []
    assert [check.home for check in checks if "*" not in check.home and not (ROOT / check.home).is_file()] == []


def test_every_finding_of_the_warehouse_is_in_the_table() -> None:
    """Names of findings as the SQL of the models writes them."""
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "models" / "checks").glob("chk_*.sql"))
    written = set(re.findall(r"finding\('(\w+)'", code)) | set(re.findall(r"'(\w+)' as check_name", code))
    assert written == {check.name for check in all_checks()["Warehouse"] if check.home.startswith("models/checks")}


def test_limits_in_the_table_are_limits() -> None:
    checks = [check for stage in all_checks().values() for check in stage]
    assert {name for check in checks for name in check.limits} <= set(LIMITS)
