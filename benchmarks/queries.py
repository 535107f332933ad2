"""Questions of a dashboard: asked of the released marts, and of the microdata that a tool would read without them.

Each question is asked for every indicator in turn, as readers click through them. The microdata are what the models
know of each respondent, in the warehouse, with the same answers behind them.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

# Shares only: their question to the microdata fits one query.
INDICATORS = """
    select distinct indicator, item, answers from codebook.indicators as indicators
    where kind = 'share' and denominator = 'answered' order by indicator
"""
QUESTIONS = {
    "development of an indicator": (
        "select survey, year, value, ci_low, ci_high from marts.fct_indicators "
        "where indicator = '{indicator}' and breakdown = 'total' and basis = 'as_published' order by survey, year",
        "breakdown = 'total'",
    ),
    "newest wave by groups": (
        "select breakdown, group_key, value, base_n, obs_status from marts.fct_indicators "
        "where indicator = '{indicator}' and basis = 'as_published' and year = "
        "(select max(year) from marts.fct_indicators where indicator = '{indicator}') order by breakdown, group_key",
        "year = (select max(year) from responses)",
    ),
    "one breakdown through the years": (
        "select survey, year, group_key, value from marts.fct_indicators "
        "where indicator = '{indicator}' and breakdown = 'age_group' and basis = 'as_published' order by all",
        "breakdown = 'age_group'",
    ),
}
MICRODATA = """
    with
    responses as (
        select survey, year, respondent_no, weight from intermediate.int_responses
        where item = '{item}' and in_universe and has_answer
    ),
    positive as (
        select distinct survey, year, respondent_no, true as is_positive from intermediate.int_given_answers
        where item = '{item}' and answer in ({answers})
    ),
    members as (
        select survey, year, respondent_no, breakdown, group_key
        from intermediate.int_group_members
        inner join intermediate.int_wave_groups as groups using (survey, year, group_no)
        where groups.serves is null or list_contains(string_split(groups.serves, '|'), '{item}')
    )
    select survey, year, breakdown, group_key, count(*) as base_n,
        100 * sum(case when is_positive then weight else 0 end) / sum(weight) as value
    from responses inner join members using (survey, year, respondent_no)
    left join positive using (survey, year, respondent_no)
    where {where}
    group by survey, year, breakdown, group_key order by all
"""


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds."""
    return {"p50_ms": 1000 * statistics.median(seconds), "p95_ms": 1000 * statistics.quantiles(seconds, n=20)[-1]}


def timings(ask: Callable[[str], object], questions: list[str]) -> dict[str, float]:
    """Ask questions one after the other; the first is asked once before, so that the file is open."""
    ask(questions[0])
    seconds = []
    for question in questions:
        started = time.perf_counter()
        ask(question)
        seconds.append(time.perf_counter() - started)
    return percentiles(seconds)


def question_to_microdata(item: str, answers: str, where: str) -> str:
    """The query that a tool without the marts would send.

    Args:
        item: Item of the indicator.
        answers: Its answers, `|` between them.
        where: Which part of the result is shown.
    """
    listed = ", ".join(f"'{answer}'" for answer in answers.split("|"))
    return MICRODATA.format(item=item, answers=listed, where=where)


def differing(
    marts: duckdb.DuckDBPyConnection, microdata: duckdb.DuckDBPyConnection, indicators: list[tuple[str, str, str]]
) -> tuple[int, int]:
    """Values of the marts that the microdata give too, and how many of them are another number there."""
    compared = other = 0
    for indicator, item, answers in indicators:
        rows = marts.execute(
            "select survey, year, breakdown, group_key, value from marts.fct_indicators "
            "where indicator = ? and basis = 'as_published' and value is not null",
            [indicator],
        ).fetchall()
        values = {row[:4]: row[4] for row in rows}
        for *place, _, value in microdata.execute(question_to_microdata(item, answers, "true")).fetchall():
            if tuple(place) in values:
                compared += 1
                other += abs(float(value) - values[tuple(place)]) > 1e-9
    return compared, other


def measure(release: Path, warehouse: Path, most: int = 40) -> tuple[dict[str, Any], tuple[int, int]]:
    """Times of each question.

    Args:
        release: DuckDB file of the release.
        warehouse: The warehouse behind it.
        most: Indicators that are asked for.

    Returns:
        Question to `marts` and `microdata`, each with `p50_ms` and `p95_ms`; and values compared, and differing.
    """
    found: dict[str, Any] = {}
    with (
        duckdb.connect(str(release), read_only=True) as marts,
        duckdb.connect(str(warehouse), read_only=True) as microdata,
    ):
        rows = microdata.execute(INDICATORS).fetchall()
        indicators = rows[:: max(1, len(rows) // most)]
        for question, (of_marts, where) in QUESTIONS.items():
            short = [of_marts.format(indicator=indicator) for indicator, _, _ in indicators]
            long = [question_to_microdata(item, answers, where) for _, item, answers in indicators]
            found[question] = {
                "marts": timings(lambda text: marts.execute(text).fetchall(), short),
                "microdata": timings(lambda text: microdata.execute(text).fetchall(), long),
            }
        return found, differing(marts, microdata, indicators[::10])
