"""The one place that runs Great Expectations.

It is imported on first use, because that costs seconds. An exception inside a result is an error of the run: Great
Expectations reports it as a failed expectation and raises nothing, which would blame the data for a defect. Results say
counts; samples of values are switched off, so that neither a page nor a log shows a respondent.
"""

import logging
import string
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations import pages
from expectations.frames import Batch
from expectations.suites import Expectation, Suite
from helsemonitor.artifacts import remove

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.data_context import EphemeralDataContext

# More rows than this say no more than these do.
SENTENCES_SHOWN = 20
# How a missing value of any library is written.
MISSING = frozenset({"None", "nan", "<NA>", "NaT"})


class ExpectationError(RuntimeError):
    """An expectation could not be evaluated: a defect, not a finding about the data."""


@dataclass(frozen=True)
class Outcome:
    """What one suite found.

    Args:
        suite: Name of the suite.
        passed: Expectations that hold.
        sentences: One sentence per failing expectation, or per failing row of an aggregate.
        failed: Expectations that do not hold.
    """

    suite: str
    passed: int
    failed: int
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Gate:
    """What all suites of one gate found."""

    outcomes: tuple[Outcome, ...]
    seconds: float

    @property
    def passed(self) -> int:
        """Number of expectations that hold."""
        return sum(outcome.passed for outcome in self.outcomes)

    @property
    def sentences(self) -> tuple[str, ...]:
        """All findings, suite by suite."""
        return tuple(sentence for outcome in self.outcomes for sentence in outcome.sentences)


class _Words(string.Formatter):
    """Puts values into the text of a finding, whatever they are: a value that is missing is `no`."""

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> object:
        """A value by its name; nothing where the result has none."""
        return kwargs.get(str(key))

    def format_field(self, value: object, format_spec: str) -> str:
        """A value as text."""
        if str(value) in MISSING:
            return "no"
        try:
            return format(value, format_spec)
        except (TypeError, ValueError):
            return str(value)


def _said(finding: str, values: Mapping[str, Any]) -> str:
    return _Words().vformat(finding, (), values)


def _where(suite: Suite, row: Mapping[str, Any], column: str) -> str:
    parts = [f"survey {suite.survey}, year {suite.year}"] if suite.survey else []
    parts += [f"{key.replace('_', ' ')} {row[key]}" for key in suite.keys if key in row and key != "column_name"]
    if column and not suite.keys:
        parts.append(f"column {column}")
    return f"{suite.place} ({', '.join(parts)})" if parts else suite.place


def _row_sentences(suite: Suite, expectation: Expectation, frame: "pd.DataFrame", index: Sequence[Any]) -> list[str]:
    rows = frame.loc[list(index)].to_dict("records") or [{}]
    sentences = [
        f"{_where(suite, row, '')}: {_said(expectation.finding, row)}; {expectation.mend}."
        for row in rows[:SENTENCES_SHOWN]
    ]
    if len(rows) > SENTENCES_SHOWN:
        sentences.append(
            f"{suite.place}: {len(rows) - SENTENCES_SHOWN} more rows with the same finding are not listed."
        )
    return sentences


def _exceptions(info: Mapping[str, Any]) -> list[str]:
    """Messages of exceptions inside one result; Great Expectations nests them by metric in some cases."""
    if "raised_exception" in info:
        return [str(info.get("exception_message"))] if info["raised_exception"] else []
    return [message for part in info.values() if isinstance(part, dict) for message in _exceptions(part)]


def sentences_of(
    suite: Suite, expectation: Expectation, frame: "pd.DataFrame", success: bool, result: Mapping[str, Any]
) -> list[str]:
    """Turn one result into sentences.

    Args:
        suite: Suite of the expectation.
        expectation: The expectation.
        frame: Table that it looked at.
        success: Whether it holds.
        result: Detail of the result: counts, and for aggregates the index of the failing rows.

    Returns:
        Nothing where the expectation holds.
    """
    if success:
        return []
    if suite.keys:
        return _row_sentences(suite, expectation, frame, result.get("unexpected_index_list") or [])
    counts = {
        "count": result.get("unexpected_count"),
        # Blanks are no values; the expectation about blanks itself counts none as missing.
        "total": (result.get("element_count") or 0) - (result.get("missing_count") or 0),
        "observed": result.get("observed_value"),
    }
    return [f"{_where(suite, {}, expectation.column)}: {_said(expectation.finding, counts)}; {expectation.mend}."]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's own remarks off the terminal; dbt in the same process has let everything through."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logging.disable(before)


def import_great_expectations() -> None:
    """Import all of the library that a gate needs, ahead of time."""
    import great_expectations as gx
    from great_expectations.render.renderer import site_builder  # noqa: F401 - imported late otherwise

    _ = gx.expectations.ExpectColumnValuesToBeUnique


def _context(site: Path) -> "EphemeralDataContext":
    import great_expectations as gx
    from great_expectations.data_context.types import base

    # Everything in memory but the pages: the default would also make a folder for pages outside the build folder.
    config = base.DataContextConfig(
        store_backend_defaults=base.InMemoryStoreBackendDefaults(),
        data_docs_sites={
            "data_docs": {
                "class_name": "SiteBuilder",
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
                "show_how_to_buttons": False,
                "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site)},
            }
        },
        progress_bars=base.ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _validate(context: "EphemeralDataContext", batch: Batch) -> Outcome:
    import great_expectations as gx

    suite, frame = batch.suite, batch.frame
    built = [
        getattr(gx.expectations, expectation.kind)(**expectation.kwargs, meta={"place": number})
        for number, expectation in enumerate(suite.expectations)
    ]
    definition = gx.ValidationDefinition(
        name=suite.name,
        data=context.data_sources.add_pandas(suite.name)
        .add_dataframe_asset(suite.name)
        .add_batch_definition_whole_dataframe(suite.name),
        suite=context.suites.add(gx.ExpectationSuite(name=suite.name, expectations=built)),
    )
    # Rows of an aggregate may be named; respondents never: counts only, no sample of values.
    detail = {"result_format": "COMPLETE"} if suite.keys else {"result_format": "BASIC", "partial_unexpected_count": 0}
    results = context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": frame}, result_format=detail
    )
    sentences: list[str] = []
    failed = 0
    for found in results.results:
        expectation = suite.expectations[found.expectation_config.meta["place"]]
        broken = _exceptions(found.exception_info or {})
        if broken:
            raise ExpectationError(f"{suite.name}: {expectation.kind} on {suite.place} could not run: {broken[0]}")
        failed += not found.success
        sentences += sentences_of(suite, expectation, frame, bool(found.success), found.result)
    if len(results.results) != len(suite.expectations):
        raise ExpectationError(
            f"{suite.name}: {len(results.results)} results for {len(suite.expectations)} expectations"
        )
    return Outcome(suite.name, len(suite.expectations) - failed, failed, tuple(sentences))


def write_pages(context: "EphemeralDataContext", site: Path) -> None:
    """Write the pages of a gate's results, to be read without a network, and the page that leads to all gates."""
    context.build_data_docs()
    pages.make_offline(site)
    pages.write_index(site.parent)


def run(gate: str, batches: Sequence[Batch], docs_dir: Path) -> Gate:
    """Run the suites of one gate and write its pages.

    Args:
        gate: Name of the gate; its pages go to the folder of that name.
        batches: Suites with their tables.
        docs_dir: Folder of all pages.

    Returns:
        Counts and sentences of every suite, in the order given.

    Raises:
        ExpectationError: An expectation could not be evaluated.
    """
    started = time.perf_counter()
    site = docs_dir / gate
    remove(site)
    with _quiet():
        context = _context(site)
        outcomes = tuple(_validate(context, batch) for batch in batches)
        write_pages(context, site)
    return Gate(outcomes, time.perf_counter() - started)
