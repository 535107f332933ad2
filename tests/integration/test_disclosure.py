"""Profile `open`, attacked: linear programming from what is released alone, against the counts that are withheld.

The attacker knows every released cell of the marts, the codebook and the method. For a table (answers of an item by the
groups of a breakdown) the unknown is the joint distribution of answers, groups and the groups of a second breakdown;
all released cells of the three two-way tables and of the total bind it.
"""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import coo_array

ROOT = Path(__file__).parents[2]
MIN_CELL = 3
MIN_BASE = 30
REST = "_rest"

Cells = dict[tuple[str, str, str], int]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse of the shipped seeds in profile `open`, read-only; only its schema marts is released."""
    build = tmp_path_factory.mktemp("open")
    command = [sys.executable, "-m", "dbt.cli.main", "build", "--exclude-resource-type", "unit_test"]
    command += ["--vars", "{disclosure: open}", "--target-path", str(build / "target"), "--log-path", str(build)]
    environment = os.environ | {"HELSEMONITOR_SEEDS": str(ROOT / "seeds"), "HELSEMONITOR_BUILD": str(build)}
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert result.returncode == 0, result.stdout[-4000:]
    with duckdb.connect(str(build / "warehouse.duckdb"), read_only=True) as connection:
        yield connection


def cells_of(connection: duckdb.DuckDBPyConnection, table: str, survey: str, year: int, item: str) -> Cells:
    """Counts of an item by (breakdown, group, answer) on the published basis."""
    rows = connection.execute(
        f"select breakdown, group_key, answer, n from {table}"
        " where survey = ? and year = ? and item = ? and basis = 'as_published'",
        [survey, year, item],
    ).fetchall()
    return {(breakdown, group, answer): n for breakdown, group, answer, n in rows}


def groups_of(cells: Cells, breakdown: str) -> list[str]:
    """Groups of a breakdown that any cell names, in order."""
    return sorted({group for name, group, _ in cells if name == breakdown})


class Attack:
    """Bounds on counts of answers by groups, given released cells.

    Args:
        answers: Answers of the item, as its questionnaire lists them.
        groups: Groups of the attacked breakdown; a rest is added for those in none.
        others: Groups of the second breakdown; a rest is added.
    """

    def __init__(self, answers: list[str], groups: list[str], others: list[str]) -> None:
        self.axes = (answers, [*groups, REST], [*others, REST])
        self.shape = tuple(len(axis) for axis in self.axes)
        self._rows: list[np.ndarray] = []
        self._totals: list[float] = []

    def _members(self, answer: str | None, group: str | None, other: str | None) -> np.ndarray:
        picks = [
            range(len(axis)) if name is None else [axis.index(name)]
            for axis, name in zip(self.axes, (answer, group, other), strict=True)
        ]
        return np.array([np.ravel_multi_index(place, self.shape) for place in itertools.product(*picks)])

    def learn(self, total: int, answer: str | None = None, group: str | None = None, other: str | None = None) -> None:
        """Take in a released count; None means summed over."""
        self._rows.append(self._members(answer, group, other))
        self._totals.append(float(total))

    def bounds(self, answer: str, group: str) -> tuple[float, float]:
        """Smallest and largest count of an answer in a group that agrees with everything learnt."""
        matrix = coo_array(
            (
                np.ones(sum(map(len, self._rows))),
                (np.repeat(np.arange(len(self._rows)), [len(row) for row in self._rows]), np.concatenate(self._rows)),
            ),
            shape=(len(self._rows), int(np.prod(self.shape))),
        ).tocsr()
        aim = np.zeros(matrix.shape[1])
        aim[self._members(answer, group, None)] = 1.0
        ends = []
        for sign in (1.0, -1.0):
            solved = linprog(sign * aim, A_eq=matrix, b_eq=np.array(self._totals), bounds=(0, None), method="highs")
            assert solved.status == 0, solved.message
            ends.append(sign * solved.fun)
        return ends[0], ends[1]


def attack(
    released: Cells, answers: list[str], breakdown: str, groups: list[str], second: str, others: list[str]
) -> Attack:
    """An attacker who has learnt all released cells of an item in two breakdowns."""
    attacker = Attack(answers, groups, others)
    for (name, group, answer), n in released.items():
        wanted = None if answer == "_base" else answer
        if name == "total":
            attacker.learn(n, answer=wanted)
        elif name == breakdown:
            attacker.learn(n, answer=wanted, group=group)
        elif name == second:
            attacker.learn(n, answer=wanted, other=group)
    # An answer that a released base does not show has nobody in it.
    for name, group in {(name, group) for name, group, answer in released if answer == "_base"}:
        shown = {answer for place, key, answer in released if (place, key) == (name, group)}
        for answer in answers:
            if answer not in shown and ("total", "total", answer) in released:
                if name == breakdown:
                    attacker.learn(0, answer=answer, group=group)
                elif name == second:
                    attacker.learn(0, answer=answer, other=group)
    return attacker


def width_of_withheld(truth: Cells, released: Cells, breakdown: str, second: str) -> Mapping[tuple[str, str], float]:
    """Width of the attacker's interval for every withheld count of a table whose answer anybody gave."""
    answers = sorted({answer for name, _, answer in truth if name == "total" and answer != "_base"})
    attacker = attack(released, answers, breakdown, groups_of(truth, breakdown), second, groups_of(truth, second))
    widths = {}
    for group, answer in itertools.product(groups_of(truth, breakdown), answers):
        if (breakdown, group, "_base") in released and ("total", "total", answer) in released:
            continue
        low, high = attacker.bounds(answer, group)
        widths[group, answer] = high - low
    return widths


TABLES = [
    ("innbygger", 2025, "digital_easier_contact", "county", "age_group"),
    ("innbygger", 2025, "digital_easier_contact", "age_group", "education"),
    ("innbygger", 2025, "overall_satisfaction", "education", "region_stable"),
    ("innbygger", 2025, "sharing_scope", "centrality", "sex"),
    ("innbygger", 2025, "want_more", "county", "centrality"),
    ("innbygger", 2025, "other_doctor_ok", "long_term_condition", "age_group"),
    ("innbygger", 2024, "easy_services", "education", "age_group"),
    ("innbygger", 2023, "trust_integrity", "centrality", "age_group"),
    ("helsepersonell", 2024, "ehr_efficiency", "profession", "age_group"),
    ("helsepersonell", 2024, "overall_satisfaction", "county", "profession"),
    ("helsepersonell", 2024, "training_12m", "target_group", "age_group"),
    ("helsepersonell", 2024, "use_patient_video", "profession", "health_region"),
    ("helsepersonell", 2022, "digital_easier_contact", "profession", "county"),
    ("helsepersonell", 2019, "use_colleague_phone", "profession", "age_group"),
]


@pytest.mark.parametrize(("survey", "year", "item", "breakdown", "second"), TABLES)
def test_no_withheld_count_is_bounded_narrowly(
    opened: duckdb.DuckDBPyConnection, survey: str, year: int, item: str, breakdown: str, second: str
) -> None:
    """Every withheld count keeps an interval of at least the smallest cell."""
    truth = cells_of(opened, "intermediate.int_cells", survey, year, item)
    released = cells_of(opened, "marts.fct_cells", survey, year, item)
    totals = {answer: n for (name, _, answer), n in truth.items() if name == "total"}
    widths = width_of_withheld(truth, released, breakdown, second)
    narrow = {place: width for place, width in widths.items() if width < MIN_CELL - 1e-6 and totals[place[1]] > 0}
    # A count below the smallest cell is never a known zero; a true zero may become known where a whole row is zero.
    narrow = {place: width for place, width in narrow.items() if truth.get((breakdown, *place), 0) > 0}
    assert not narrow


def test_the_attack_has_teeth() -> None:
    """With only the unsafe group withheld, the total gives its counts back: the attack must find them."""
    truth: Cells = {}
    counts = {"a": {"yes": 40, "no": 60}, "b": {"yes": 50, "no": 50}, "c": {"yes": 2, "no": 38}}
    for group, answers in counts.items():
        truth |= {("place", group, answer): n for answer, n in answers.items()}
        truth["place", group, "_base"] = sum(answers.values())
    for answer in ("yes", "no"):
        truth["total", "total", answer] = sum(answers[answer] for answers in counts.values())
    truth["total", "total", "_base"] = 240
    everybody = attack({}, ["no", "yes"], "place", ["a", "b", "c"], "none", [])
    everybody.learn(0, group=REST)
    careless = {place: n for place, n in truth.items() if place[1] != "c"}
    for (name, group, answer), n in careless.items():
        everybody.learn(n, answer=None if answer == "_base" else answer, group=group if name == "place" else None)
    assert everybody.bounds("yes", "c") == (pytest.approx(2), pytest.approx(2))


def test_released_tables_hold_no_small_count(opened: duckdb.DuckDBPyConnection) -> None:
    """No cell of 1 or 2 and no base below 30 in any mart that has counts."""
    small = opened.execute(
        "select count(*) from marts.fct_cells where n > 0 and n < 3 or (answer = '_base' and n < 30)"
    ).fetchone()
    assert small == (0,)
    for mart in ("fct_answer_shares", "fct_indicators", "fct_group_differences"):
        assert opened.execute(f"select count(*) from marts.{mart} where base_n < {MIN_BASE}").fetchone() == (0,), mart
    rare = "answer_n > 0 and answer_n < 3"
    assert opened.execute(f"select count(*) from marts.fct_answer_shares where {rare}").fetchone() == (0,)
    # The size of a group is a count, not a base; blanks are not protected.
    sizes = "group_key != '_no_answer' and respondents_n < 3"
    assert opened.execute(f"select count(*) from marts.fct_composition where {sizes}").fetchone() == (0,)


DIFFERENCES = {
    # General practitioners are doctors, so what is left of the doctors is a group of its own.
    "a group minus one that it contains": """
        with sizes as (
            select survey, year, breakdown, group_key, count(*) as n from intermediate.int_groups group by all
        ),
        contained as (
            select
                survey, year, parts.breakdown, parts.group_key, wholes.breakdown as whole, wholes.group_key as whole_key
            from intermediate.int_groups as parts
            inner join intermediate.int_groups as wholes using (survey, year, respondent_no)
            inner join sizes on (sizes.survey, sizes.year, sizes.breakdown, sizes.group_key)
                = (parts.survey, parts.year, parts.breakdown, parts.group_key)
            where wholes.breakdown not in ('total', parts.breakdown)
            group by all
            having count(*) = any_value(sizes.n)
        )
        select count(*) from contained
        inner join marts.fct_cells as wholes
            on (wholes.survey, wholes.year, wholes.breakdown, wholes.group_key)
            = (contained.survey, contained.year, contained.whole, contained.whole_key)
        inner join marts.fct_cells as bases
            on (bases.survey, bases.year, bases.breakdown, bases.group_key, bases.item, bases.basis)
            = (contained.survey, contained.year, contained.breakdown, contained.group_key, wholes.item, wholes.basis)
            and bases.answer = '_base'
        left join marts.fct_cells as parts
            on (parts.survey, parts.year, parts.breakdown, parts.group_key, parts.item, parts.basis, parts.answer)
            = (bases.survey, bases.year, bases.breakdown, bases.group_key, bases.item, bases.basis, wholes.answer)
        where wholes.n - coalesce(parts.n, 0) between 1 and 2
    """,
    "whoever had contact minus one kind of contact": """
        select count(*) from marts.fct_cells as wholes
        inner join marts.fct_cells as parts using (survey, year, breakdown, group_key, basis)
        where basis = 'as_published' and wholes.n - parts.n between 1 and 2 and (
            (wholes.item, wholes.answer, parts.item, parts.answer) = ('contact_any', 'yes', 'contact_physical', 'yes')
            or (wholes.item, wholes.answer, parts.item) = ('last_visit_any_digital', 'yes', 'last_visit_replaceable')
            and parts.answer not in ('_base', 'none', 'dont_know')
            or (wholes.item, wholes.answer, parts.item, parts.answer)
            = ('has_child_under_16', 'yes', 'caring_role', 'child_only')
        )
    """,
    "who was asked about a doctor minus those who met one": """
        select count(*) from marts.fct_cells as wholes
        inner join marts.fct_cells as parts using (survey, year, breakdown, group_key, basis)
        where wholes.item = 'gp_visit_replaceable' and wholes.answer = '_base' and wholes.n - parts.n between 1 and 2
            and (parts.item, parts.answer) = ('contact_services', 'gp_physical')
    """,
    "a health region minus its counties": """
        select count(*) from (
            select year, item, answer, breakdown, region, any_value(n) as region_n, sum(county_n) as named_n from (
                select regions.year, parts.answer, regions.breakdown, regions.group_key, regions.n, parts.n as county_n,
                    regions.answer as region, parts.item
                from marts.fct_cells as regions
                inner join marts.fct_cells as parts using (survey, year, basis)
                where regions.item = 'health_region' and parts.breakdown = 'county' and regions.group_key = parts.answer
                    and parts.item in ('education', 'centrality', 'age_group', 'sex') and regions.breakdown = parts.item
                    and (year, parts.group_key, regions.answer) in (
                        select (counties.year, counties.group_key, regions.group_key)
                        from intermediate.int_groups as counties
                        inner join intermediate.int_groups as regions using (survey, year, respondent_no)
                        where counties.breakdown = 'county' and regions.breakdown = 'health_region'
                    )
            ) group by all
        ) where region_n - named_n between 1 and 2
    """,
    "those in no group of a breakdown": """
        select count(*) from (
            select survey, year, item, answer, basis, sum(n) as shown from marts.fct_cells
            where breakdown != 'total' and answer in ('_base', '_value')
            group by survey, year, item, answer, basis, breakdown
        ) as groups
        inner join marts.fct_cells as totals using (survey, year, item, answer, basis)
        where totals.breakdown = 'total' and totals.n - shown between 1 and 29
    """,
    "the points of one person": """
        with places as (
            select survey, year, item, answer, basis, sum_wx, sum_wx2 from marts.fct_cells
            where survey = 'helsepersonell' and item = 'preferred_channel' and answer != '_base'
            union all
            select survey, year, item, answer, basis, totals.sum_wx - groups.sum_wx, totals.sum_wx2 - groups.sum_wx2
            from marts.fct_cells as totals
            inner join (
                select survey, year, item, answer, basis, breakdown, sum(sum_wx) as sum_wx, sum(sum_wx2) as sum_wx2
                from marts.fct_cells where breakdown != 'total'
                group by survey, year, item, answer, basis, breakdown
            ) as groups using (survey, year, item, answer, basis)
            where totals.breakdown = 'total' and survey = 'helsepersonell' and item = 'preferred_channel'
                and answer != '_base'
        )
        select count(*) from places where sum_wx > 0 and sum_wx * sum_wx = sum_wx2
    """,
    "a total minus the groups shown": """
        select count(*) from (
            select survey, year, item, answer, basis, sum(n) as shown from marts.fct_cells
            where breakdown != 'total' group by survey, year, item, answer, basis, breakdown
        ) as groups
        inner join marts.fct_cells as totals using (survey, year, item, answer, basis)
        where totals.breakdown = 'total' and totals.n - shown between 1 and 2
    """,
    "one basis minus the other": """
        select count(*) from marts.fct_cells as a
        inner join marts.fct_cells as b using (survey, year, item, answer, breakdown, group_key)
        where a.basis = 'as_published' and b.basis = 'like_for_like' and a.n - b.n between 1 and 2
    """,
    "the staff of hospital trusts minus the regions": """
        select count(*) from (
            select survey, year, item, answer, basis, sum(n) as shown from marts.fct_cells
            where breakdown = 'health_region' group by all
        ) as regions
        inner join marts.fct_cells as trusts using (survey, year, item, answer, basis)
        where trusts.breakdown = 'target_group' and trusts.group_key = 'hospital_trust' and n - shown between 1 and 2
    """,
    "a region minus its trusts": """
        select count(*) from marts.fct_cells as regions
        inner join marts.fct_cells as trusts using (survey, year, breakdown, group_key, basis)
        where regions.item = 'health_region' and trusts.item = 'health_trust' and trusts.answer = '_base'
            and (survey, year) in (
                select (survey, year) from intermediate.int_withheld_answers where item = 'health_trust'
            )
    """,
    "the size of a group minus the base of a routed item that all answered": """
        select count(*) from marts.fct_composition as sizes
        inner join marts.fct_cells as cells using (survey, year, breakdown, group_key)
        where cells.answer = '_base' and cells.basis = 'as_published' and sizes.respondents_n - cells.n between 1 and 2
            and (survey, year, item) in (
                select (survey, year, item) from marts.fct_response_states where state = 'not_applicable'
            )
            and (survey, year, item) not in (
                select (survey, year, item) from marts.fct_response_states where state = 'no_answer'
            )
    """,
}


@pytest.mark.parametrize("attack_by", DIFFERENCES)
def test_no_difference_of_released_tables_is_a_handful(opened: duckdb.DuckDBPyConnection, attack_by: str) -> None:
    """Subtractions that gave counts of one or two back before the tables were tied together."""
    assert opened.execute(DIFFERENCES[attack_by]).fetchone() == (0,)


def test_no_table_stands_twice(opened: duckdb.DuckDBPyConnection) -> None:
    """An item by the groups of another one is the same table as that one by the groups of the first."""
    twice = opened.execute("""
        with sources as (select distinct survey, breakdown, source_item from codebook.breakdowns),
        tables as (
            select distinct cells.survey, cells.year, cells.item, sources.source_item
            from marts.fct_cells as cells inner join sources using (survey, breakdown)
        )
        select count(*) from tables as one inner join tables as other
            on (one.survey, one.year, one.item, one.source_item)
            = (other.survey, other.year, other.source_item, other.item)
    """).fetchone()
    assert twice == (0,)


def test_crosses_leave_no_trace(opened: duckdb.DuckDBPyConnection) -> None:
    """A row for a cross, even without a number, says that somebody is in it."""
    tables = opened.execute(
        "select table_name from information_schema.columns where table_schema = 'marts' and column_name = 'breakdown'"
    ).fetchall()
    assert len(tables) > 8
    crosses = "select distinct breakdown from codebook.crosses"
    for (table,) in tables:
        if table in {"dim_figure", "fct_reconciliation", "v_published_results"}:  # They list what the reports print.
            continue
        assert opened.execute(f"select count(*) from marts.{table} where breakdown in ({crosses})").fetchone() == (
            0,
        ), table


def test_empty_groups_are_named_in_whole_tables_only(opened: duckdb.DuckDBPyConnection) -> None:
    """Beside withheld groups, a group known to be empty narrows the others down; its rows look like theirs."""
    assert opened.execute(
        "select count(*) from marts.fct_answer_shares where contains(obs_status_all, 'O') and base_n is null"
    ).fetchone() > (0,)
    mixed = opened.execute("""
        select count(*) from (
            select survey, year, item, breakdown from marts.fct_answer_shares group by all
            having bool_or(contains(obs_status_all, 'O')) and bool_or(contains(obs_status_all, 'Q'))
        )
    """).fetchone()
    assert mixed == (0,)


def test_no_weight_of_a_person_is_shown(opened: duckdb.DuckDBPyConnection) -> None:
    weights = "count(weight_min), count(weight_max), count(weight_cv)"
    smallest, largest, spread = opened.execute(f"select {weights} from marts.dim_wave").fetchone()
    assert (smallest, largest) == (0, 0)
    assert spread > 10


def test_sums_of_weights_are_no_fingerprints(opened: duckdb.DuckDBPyConnection) -> None:
    """Weights are almost unique: squares of exact sums tell who is in one cell and not in another."""
    names = ["sum_w", "sum_w2", "sum_wx", "sum_wx2", "sum_w2x", "sum_w2x2"]
    for name in names:
        fine = opened.execute(
            f"select count(*) from marts.fct_cells where abs({name} * 10 - round({name} * 10)) > 1e-4"
        )
        assert fine.fetchone() == (0,), name
    weighted = opened.execute(
        "select count(*) from marts.fct_cells where survey = 'innbygger' and sum_w != n"
    ).fetchone()
    assert weighted[0] > 10_000


def test_printed_numbers_of_withheld_places_are_left_out(opened: duckdb.DuckDBPyConnection) -> None:
    withheld, values, bases = opened.execute(
        "select count(*), count(published_value), count(published_n) from marts.fct_reconciliation"
        " where starts_with(reason, 'withheld')"
    ).fetchone()
    assert withheld > 100
    assert (values, bases) == (0, 0)
    seen = opened.execute(
        "select count(*) from marts.v_published_results"
        " where published_value is null and (published_n is not null or note is not null)"
    ).fetchone()
    assert seen == (0,)


def test_withheld_rows_say_so(opened: duckdb.DuckDBPyConnection) -> None:
    """Status Q, confidentiality C, a reason, and no number."""
    for mart, value in (("fct_indicators", "value"), ("fct_answer_shares", "share_pct")):
        rows = opened.execute(
            f"select count(*), count({value}), count(base_n), count(status_reason), bool_and(conf_status = 'C')"
            f" from marts.{mart} where contains(obs_status_all, 'Q')"
        ).fetchone()
        assert rows[0] > 1000
        assert rows[1:3] == (0, 0)
        assert rows[3] == rows[0]
        assert rows[4]


def test_something_is_left(opened: duckdb.DuckDBPyConnection) -> None:
    """Whole samples stay almost untouched, and most groups of the large breakdowns are still there."""
    kept = dict(
        opened.execute(
            "select breakdown, avg((value is not null)::int) from marts.fct_indicators"
            " where basis = 'as_published' and (value is not null or contains(obs_status_all, 'Q'))"
            " and breakdown in ('total', 'sex', 'age_group', 'target_group') group by breakdown"
        ).fetchall()
    )
    assert kept["total"] > 0.95
    assert min(kept.values()) > 0.5
