"""One row or cell broken at random: the same numbers come out, or the run is refused in a sentence. Nothing else."""

import os
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fast_road import Outcome, fast_road
from tests.integration.breakages import BREAKAGES, Files
from tests.integration.made_survey import YEARS, Plan, codebook, raw, write_survey

# Of 31 ways and six surveys; `BROKEN_EXAMPLES=560` tries more.
EXAMPLES = int(os.environ.get("BROKEN_EXAMPLES", "60"))
# What must not change without a word, by what a row stands for.
NUMBERS = {
    "fct_indicators": "select survey, indicator, year, breakdown, group_key, basis, value, base_n, se",
    "fct_answer_shares": "select survey, item, answer, year, breakdown, group_key, basis, share_pct, base_n, answer_n",
    "fct_composition": "select survey, year, breakdown, group_key, respondents_n, pct_of_respondents, pct_of_answered",
    "fct_indicator_changes": (
        "select survey, series_type, coalesce(indicator, item || ':' || answer), breakdown, group_key, basis, "
        "year_from, year_to, change, comparable, p_value"
    ),
}
KEYS = {"fct_indicators": 6, "fct_answer_shares": 7, "fct_composition": 4, "fct_indicator_changes": 8}
# What the raw gate looks at beside the raw files.
RAW_GATE_READS = ("waves", "items", "columns", "code_lists", "item_types", "limits")
LEAVING_OUT = ("row_gone", "file_gone")
RENAMING = ("misspelt_word", "other_case")
PLANS = [
    Plan(seed, answers, weighted, routed, midpoint, declared)
    for seed, (answers, weighted, routed, midpoint, declared) in enumerate(
        [
            (2, True, True, True, True),
            (3, False, False, False, False),
            (4, True, False, True, False),
            (3, False, True, False, True),
            (2, True, False, False, False),
            (4, False, True, True, False),
        ]
    )
]
counted: Counter[str] = Counter()


def numbers(outcome: Outcome) -> dict[tuple[object, ...], tuple[object, ...]]:
    """Every number of the marts by what it stands for."""
    found = {}
    for table, query in NUMBERS.items():
        for row in outcome.rows(f"{query} from marts.{table}"):
            found[table, *row[: KEYS[table]]] = tuple(
                round(value, 9) if isinstance(value, float) else value for value in row[KEYS[table] :]
            )
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broken")


@cache
def sound(plan: Plan, folder: Path) -> tuple[Path, dict[tuple[object, ...], tuple[object, ...]]]:
    """A made survey that nobody broke: its folder and its numbers."""
    home = folder / f"plan_{plan.seed}"
    write_survey(plan, home / "seeds")
    outcome = fast_road(home / "seeds", home / "build")
    assert outcome.sentences == ()
    return home, numbers(outcome)


def _touches_raw_gate(name: str) -> bool:
    return name.startswith("fugl_") or name in RAW_GATE_READS


@pytest.fixture(scope="module", autouse=True)
def told() -> Iterator[None]:
    """Say at the end what was tried and what became of it."""
    yield
    print(f"\n{counted['refused'] + counted['same']} broken: {dict(sorted(counted.items()))}")


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    plan=st.sampled_from(PLANS),
    way=st.sampled_from(sorted(BREAKAGES)),
    dice=st.integers(min_value=0, max_value=2**32),
)
def test_a_broken_survey_gives_the_same_numbers_or_a_sentence(folder: Path, plan: Plan, way: str, dice: int) -> None:
    home, expected = sound(plan, folder)
    luck = random.Random(dice)
    seeds, build = folder / "seeds", folder / "build"
    for place in (seeds, build):
        shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(home / "seeds", seeds)
    files = Files(seeds, codebook(plan), {f"fugl_{year}": raw(plan, year) for year in YEARS})
    # As they lie on disk, with the checksums.
    for name in files.codebook:
        files.codebook[name] = _read(files.path(name))
    names = sorted([*files.codebook, *files.raw, *files.raw])
    luck.shuffle(names)
    # A way that does not go with one file goes with another, but for ways that need weights or a checksum.
    name = next((name for name in names if BREAKAGES[way](files, name, luck)), "")
    if not name:
        counted["not applicable"] += 1
        return

    touched = _touches_raw_gate(name)
    if not touched:
        shutil.copytree(home / "build" / "gated_seeds", build / "gated_seeds")
    try:
        outcome = fast_road(seeds, build, raw_gate=touched)
    except Exception as error:
        raise AssertionError(f"{way} of {name} ended in {type(error).__name__}: {error}") from error

    if outcome.sentences:
        counted["refused"] += 1
        counted[f"{way} refused"] += 1
        for sentence in outcome.sentences:
            assert re.search(r"\w+\.csv|marts\.\w+", sentence), (way, name, sentence)
            assert "Traceback" not in sentence, sentence
            assert "x@y.no" not in sentence, sentence
        return
    counted["same"] += 1
    counted[f"{way} same"] += 1
    found = numbers(outcome)
    differing = {
        key: (expected[key], value) for key, value in found.items() if key in expected and expected[key] != value
    }
    assert not differing, (way, name, list(differing.items())[:3])
    if way in RENAMING:
        # A misspelt id that nothing else names is another id for the same numbers.
        assert sorted(map(repr, found.values())) == sorted(map(repr, expected.values())), (way, name)
    elif way not in LEAVING_OUT:
        assert found.keys() == expected.keys(), (way, name)


def _read(path: Path) -> list[dict[str, str]]:
    with duckdb.connect() as connection:
        read = connection.execute(
            "from read_csv(?, header = true, all_varchar = true, delim = ',', quote = '\"', nullstr = '\\0')",
            [str(path)],
        )
        names = [column[0] for column in read.description]
        return [dict(zip(names, (cell or "" for cell in row), strict=True)) for row in read.fetchall()]
