"""Why a dbt build failed, in words: the sentences of the models of checks, or the test and the place that it names."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from helsemonitor.artifacts import MANIFEST, RESULTS, read_json_or_none
from helsemonitor.errors import DataRefused
from helsemonitor.redaction import redact_file, redact_results, without_values
from helsemonitor.settings import Settings

# dbt tests of the models of checks: one fails on findings that refuse, the other warns of notes.
NOTING_TEST = "states_notes"
FINDING_TESTS = {"states_no_problem": "refuse", NOTING_TEST: "note"}
# The dbt test that holds several rules at once, and what its query says of a broken one: rule, columns, rows.
RULES_TEST = "sound_rows"
Rule = tuple[str, str, int]
# What DuckDB says of a cell of a seed that does not fit the type of its column.
UNREAD_VALUE = re.compile(r"""Could not convert string ["'](.*?)["'] to '?([A-Z]+)""")
UNREAD_COLUMN = re.compile(r'converting column "(.+?)"')
UNREAD_LINE = re.compile(r"CSV Error on Line: (\d+)")


class BuildError(RuntimeError):
    """The warehouse could not be built for a reason that is not in the data."""


def stated_problems(settings: Settings, tables: Sequence[str], severity: str) -> list[str]:
    """Sentences of the findings of a severity, `refuse` or `note`, in tables of checks."""
    import duckdb

    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return [
            sentence
            for table in tables
            for (sentence,) in connection.execute(
                f"select sentence from {table} where severity = ? order by all", [severity]
            ).fetchall()
        ]


def broken_rules(settings: Settings, query: str) -> list[Rule]:
    """Rules that the rows of a table break, by the query of its test `sound_rows`."""
    import duckdb

    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def _test_sentence(node: Mapping[str, Any], manifest: Mapping[str, Any], failures: int, column: str | None) -> str:
    tested = manifest["nodes"].get(node.get("attached_node") or "") or next(
        (manifest["nodes"][name] for name in node["depends_on"]["nodes"] if name in manifest["nodes"]), None
    )
    place = f" of {tested['schema']}.{tested['name']}" if tested else ""
    told = "" if not column else f", columns {column}," if "," in column else f", column {column},"
    rows = "1 row that breaks" if failures == 1 else f"{failures} rows that break"
    meaning = f" {node['description']}" if node.get("description") else ""
    return (
        f"The test {node['name']}{place}{told} finds {rows} it "
        f"({node['original_file_path']}); compare the codebook and the wave files that feed it.{meaning}"
    )


def _test_sentences(
    row: Mapping[str, Any], manifest: Mapping[str, Any], broken: Callable[[str], Sequence[Rule]]
) -> Iterator[str]:
    """What a failed test found; of one that holds several rules, each rule that is broken."""
    node = manifest["nodes"][row["unique_id"]]
    failures, query = int(row.get("failures") or 0), row.get("compiled_code")
    if (node.get("test_metadata") or {}).get("name") == RULES_TEST and query:
        for rule, columns, row_n in broken(query):
            yield _test_sentence({**node, "name": rule}, manifest, row_n, columns)
    else:
        yield _test_sentence(node, manifest, failures, node.get("column_name"))


def stating_models(results: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any], status: str) -> list[str]:
    """Tables whose rows are sentences and whose test ended with a status, `fail` or `warn`."""
    tests = [manifest["nodes"][row["unique_id"]] for row in results if row["status"] == status]
    stating = [node for node in tests if (node.get("test_metadata") or {}).get("name") in FINDING_TESTS]
    models = [manifest["nodes"][node["attached_node"]] for node in stating]
    return [f"{model['schema']}.{model['name']}" for model in models]


def noting_models(manifest: Mapping[str, Any]) -> list[str]:
    """Tables whose rows may be notes, as a test of theirs says."""
    tests = [
        node for node in manifest["nodes"].values() if (node.get("test_metadata") or {}).get("name") == NOTING_TEST
    ]
    models = [manifest["nodes"][node["attached_node"]] for node in tests]
    return sorted(f"{model['schema']}.{model['name']}" for model in models)


def _unread_cell(row: Mapping[str, Any], manifest: Mapping[str, Any]) -> str | None:
    """What to mend in a seed whose cell does not fit the type of its column; None for any other error."""
    message = row.get("message") or ""
    value, column = UNREAD_VALUE.search(message), UNREAD_COLUMN.search(message)
    if not row["unique_id"].startswith("seed.") or not value or not column:
        return None
    line = UNREAD_LINE.search(message)
    place = f" line {line[1]}" if line else ""
    return (
        f"{manifest['nodes'][row['unique_id']]['original_file_path']}{place}: {column[1]} is '{value[1]}', which is no "
        f"{value[2].lower()}; correct the cell."
    )


def explain_failure(
    results: Sequence[Mapping[str, Any]],
    manifest: Mapping[str, Any],
    problems: Callable[[Sequence[str]], list[str]],
    broken: Callable[[str], Sequence[Rule]],
) -> DataRefused | BuildError:
    """Say why a build failed.

    Models whose rows are sentences come first: where there are any, whatever else failed follows from them.

    Args:
        results: `results` of dbt's run_results.json.
        manifest: dbt's manifest.json.
        problems: Reads the sentences of the named tables; called only for tables whose test failed in this run.
        broken: Reads the broken rules of a test of several; called only for tests that failed in this run.

    Returns:
        The exception to raise.
    """
    failed = [row for row in results if row["status"] == "fail"]
    stating = stating_models(results, manifest, "fail")
    if stating:
        return DataRefused(problems(stating))
    errors = [row for row in results if row["status"] in ("error", "runtime error")]
    unread = [sentence for row in errors if (sentence := _unread_cell(row, manifest))]
    if unread and len(unread) == len(errors):
        return DataRefused(unread)
    if errors:
        texts = [f"{row['unique_id']}: {without_values(row.get('message') or 'no message')}" for row in errors]
        return BuildError("dbt could not build everything:\n" + "\n".join(texts))
    if failed:
        return DataRefused(sentence for row in failed for sentence in _test_sentences(row, manifest, broken))
    return BuildError("dbt ended with an error and names no step; see its log.")


def explain_build(settings: Settings, target_dir: Path, said: str) -> DataRefused | BuildError:
    """Say why the build with these artifacts failed.

    Args:
        settings: Folders of the project.
        target_dir: Folder of the build's artifacts.
        said: What dbt itself said, for a failure before its first step.

    Returns:
        The exception to raise.
    """
    results, manifest = read_json_or_none(target_dir / RESULTS), read_json_or_none(target_dir / MANIFEST)
    # Both are read by people who may not see a respondent.
    redact_file(settings.logs_dir / "dbt.log")
    redact_results(target_dir / RESULTS)
    if not results or not manifest:
        return BuildError(f"dbt could not start to build: {without_values(said)}")
    return explain_failure(
        results["results"],
        manifest,
        lambda tables: stated_problems(settings, tables, "refuse"),
        lambda query: broken_rules(settings, query),
    )
