"""Profile `open`: what its noise is, how little it costs, and what an attacker learns who knows method and release.

The truth is the private cube of the same build; the attacker has the released cells alone. What is learnt is stated as
a probability. Two rows are added to the breakdowns (under 50, 50 and over), which once gave single persons back.
"""

import csv
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from cell_key_perturbation.create_perturbed_table import create_perturbed_table
from scipy.optimize import linprog

from helsemonitor import perturbation
from helsemonitor.errors import PlaceUnfit
from helsemonitor.record_keys import ensure_record_key_secret
from helsemonitor.settings import Settings
from tests.integration.conftest import Refresh

ROOT = Path(__file__).parents[2]
CYCLISTS = ROOT / "tests" / "fixtures" / "cyclists"
SECRET = "0123456789abcdef" * 4
EXTRA = (
    "helsepersonell,age_halves,under_50,age,,0,49,2019,,Under 50 år,Under 50,1,\n"
    "helsepersonell,age_halves,50_plus,age,,50,120,2019,,50 år og eldre,50 and over,2,\n"
)
KEYS = ["survey", "year", "item", "answer", "breakdown", "group_key", "basis"]
PLACE = ["survey", "year", "item", "breakdown", "group_key", "basis"]
PSEUDO = ["_base", "_asked", "_valid", "_value", "_not_relevant", "_refused"]
Query = Callable[[str], pd.DataFrame]


def dbt(folder: Path, variables: str, *more: str) -> None:
    """Build the seeds of a folder into it."""
    command = [sys.executable, "-m", "dbt.cli.main", "build", "--exclude-resource-type", "unit_test", *more]
    command += ["--vars", variables, "--target-path", str(folder / "target"), "--log-path", str(folder)]
    environment = os.environ | {"HELSEMONITOR_SEEDS": str(folder / "seeds"), "HELSEMONITOR_BUILD": str(folder)}
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert result.returncode == 0, result.stdout[-4000:]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build folder of a warehouse in profile `open`."""
    folder = tmp_path_factory.mktemp("open")
    shutil.copytree(ROOT / "seeds", folder / "seeds")
    with (folder / "seeds" / "codebook" / "breakdowns.csv").open("a", encoding="utf-8") as file:
        file.write(EXTRA)
    (folder / "record_key.secret").write_text(SECRET, encoding="ascii")
    dbt(folder, "{disclosure: open}")
    return folder


@pytest.fixture(scope="module")
def query(build: Path) -> Iterator[Query]:
    with duckdb.connect(str(build / "warehouse.duckdb"), read_only=True) as connection:
        yield lambda sql: connection.execute(sql).df()


@pytest.fixture(scope="module")
def cells(query: Query) -> pd.DataFrame:
    """Every cell of the cube with its true and its released count; `shown` is 0 where no cell is released."""
    return query(f"""
        select {", ".join(KEYS)}, truth.n as true_n, truth.sum_key, truth.sum_w::double as true_w,
            coalesce(released.n, 0) as shown, released.sum_w as shown_w, released.conf_status,
            bases.n as true_base, open_bases.n as shown_base
        from intermediate.int_cells as truth
        left join intermediate.int_released_cells as released using ({", ".join(KEYS)})
        left join (select * exclude (answer) from intermediate.int_cells where answer = '_base') as bases
            using (survey, year, item, breakdown, group_key, basis)
        left join (select * exclude (answer) from intermediate.int_released_cells where answer = '_base') as open_bases
            using (survey, year, item, breakdown, group_key, basis)
    """)


def released_answers(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells of answers whose base is released."""
    return cells[~cells["answer"].isin(PSEUDO) & (cells["item"] != "_respondents") & (cells["shown_base"] >= 30)]


# --- the noise -------------------------------------------------------------------------------------------------------


def noise_table() -> dict[int, list[tuple[int, int]]]:
    """Class of a count -> (number of cell keys, noise), from the seed."""
    found: dict[int, list[tuple[int, int]]] = {}
    with (ROOT / "seeds" / "codebook" / "perturbation.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            keys = int(row["cell_key_to"]) - int(row["cell_key_from"]) + 1
            found.setdefault(int(row["count_class"]), []).append((keys, int(row["noise"])))
    return found


def test_the_noise_is_what_the_decision_says() -> None:
    table = noise_table()
    assert sorted(table) == list(range(1, 10))
    for count, rows in table.items():
        assert sum(keys for keys, _ in rows) == 1000
        assert sum(keys * noise for keys, noise in rows) == 0
        assert all(count + noise == 0 or count + noise >= 5 for _, noise in rows)
        variance = sum(keys * noise**2 for keys, noise in rows) / 1000
        if count >= 5:
            assert variance == pytest.approx(2, abs=0.02)
        assert variance <= 6
        assert max(abs(noise) for _, noise in rows) <= (4 if count >= 7 else 6)


def test_the_shipped_table_is_the_one_that_its_program_makes(tmp_path: Path) -> None:
    perturbation.write(tmp_path / "made.csv")
    shipped = (ROOT / "seeds" / "codebook" / "perturbation.csv").read_bytes()
    assert (tmp_path / "made.csv").read_bytes() == shipped


def test_the_secret_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path / "seeds", tmp_path / "build", "report")
    ensure_record_key_secret(settings)
    assert not settings.record_key_secret.exists()
    settings = Settings(tmp_path, tmp_path / "seeds", tmp_path / "build", "open")
    before = os.umask(0)
    try:
        ensure_record_key_secret(settings)
    finally:
        os.umask(before)
    text = settings.record_key_secret.read_text(encoding="ascii")
    assert settings.record_key_secret.stat().st_mode & 0o777 == 0o600
    assert len(text) == 64
    ensure_record_key_secret(settings)
    assert settings.record_key_secret.read_text(encoding="ascii") == text


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        (SECRET, 0o640, "may be read by others"),
        ("", 0o600, "does not hold the 64 hexadecimal digits"),
        (SECRET + "\n", 0o600, "does not hold the 64 hexadecimal digits"),
    ],
)
def test_a_secret_that_is_none_is_refused(tmp_path: Path, text: str, mode: int, words: str) -> None:
    settings = Settings(tmp_path, tmp_path / "seeds", tmp_path, "open")
    settings.record_key_secret.write_text(text, encoding="ascii")
    settings.record_key_secret.chmod(mode)
    with pytest.raises(PlaceUnfit, match=f"^record_key.secret {words}"):
        ensure_record_key_secret(settings)
    assert settings.record_key_secret.read_text(encoding="ascii") == text


def test_the_secret_is_in_no_artifact(build: Path) -> None:
    for path in build.rglob("*"):
        if path.is_file() and path.name not in {"record_key.secret", "warehouse.duckdb"}:
            assert SECRET.encode() not in path.read_bytes(), path


def record_key(survey: str, year: int, respondent: str) -> int:
    """Record key from its definition."""
    digest = hashlib.sha256(f"{SECRET}|{survey}|{year}|{respondent}".encode()).hexdigest()
    return int(digest[:12], 16) % 1000


@pytest.mark.parametrize(
    ("survey", "year", "item", "breakdown", "by"),
    [
        ("innbygger", 2025, "contact_services", "education", ["answer", "group_key"]),
        ("helsepersonell", 2024, "info_barriers", "profession", ["answer", "group_key"]),
        # The answers of a single-choice item are moved to add up to their base; the base is as the library has it.
        ("innbygger", 2025, "overall_satisfaction", "education", ["group_key"]),
        ("helsepersonell", 2024, "ehr_efficiency", "profession", ["group_key"]),
    ],
)
def test_a_statistics_office_releases_the_same_counts(
    query: Query, survey: str, year: int, item: str, breakdown: str, by: list[str]
) -> None:
    """The library of the Office for National Statistics, given the respondents, their keys and the table."""
    people = query(f"""
        select answers.answer, members.group_key, respondents.respondent_id
        from (
            from intermediate.int_counted_answers
            inner join intermediate.int_answer_keys using (survey, year, answer_no)
        ) as answers
        inner join (
            from intermediate.int_group_members inner join intermediate.int_wave_groups using (survey, year, group_no)
        ) as members using (survey, year, respondent_no)
        inner join staging.stg_respondents as respondents using (survey, year, respondent_no)
        where survey = '{survey}' and year = {year} and answers.item = '{item}' and answers.basis = 'as_published'
            and members.breakdown = '{breakdown}' and left(answers.answer, 1) != '_'
    """)
    people["key"] = [record_key(survey, year, respondent) for respondent in people["respondent_id"]]
    noises = noise_table()
    rows = [
        (count, key, noise)
        for count in range(1, 751)
        for key, noise in enumerate(np.repeat(*zip(*[(n, k) for k, n in noises[min(count, 9)]], strict=True)))
    ]
    table = create_perturbed_table(
        data=people[[*by, "key"]],
        ptable=pd.DataFrame(rows, columns=["pcv", "ckey", "pvalue"]),
        geog=[],
        tab_vars=by,
        record_key="key",
        threshold=0,
    )
    ours = query(f"""
        select answer, group_key, n from intermediate.int_released_cells
        where survey = '{survey}' and year = {year} and item = '{item}' and basis = 'as_published'
            and breakdown = '{breakdown}' and conf_status != 'C'
            and {"left(answer, 1) != '_'" if "answer" in by else "answer = '_base'"}
    """)
    both = table.merge(ours, on=by, how="left")
    shown = both[both["group_key"].isin(ours["group_key"])]
    assert len(shown) > (20 if "answer" in by else 3)
    assert (shown["count"].astype(int) == shown["n"].fillna(0).astype(int)).all()


# --- what is released ------------------------------------------------------------------------------------------------


def test_no_small_count_comes_out(cells: pd.DataFrame) -> None:
    """Whole wave sizes are public; every other count is 0 or at least 5, and every base at least 30."""
    shown = cells[(cells["shown"] > 0) & ~((cells["item"] == "_respondents") & (cells["breakdown"] == "total"))]
    assert shown["shown"].min() == 5
    assert shown.loc[(shown["answer"] == "_base") & (shown["item"] != "_respondents"), "shown"].min() >= 30
    assert set(cells["conf_status"].dropna()) == {"R", "C"}
    assert cells.loc[cells["conf_status"] == "C", ["shown_w"]].isna().all(axis=None)


def test_equal_sets_of_people_have_equal_noise(cells: pd.DataFrame) -> None:
    """The two bases of a wave are the same people where its filter is the newest one."""
    single = cells.merge(cells.loc[cells["answer"] == "_base", [*PLACE, "sum_key"]], on=PLACE, suffixes=("", "_base"))
    wide = released_answers(single).pivot_table(
        index=KEYS[:-1], columns="basis", values=["sum_key", "true_n", "shown", "sum_key_base", "true_base"]
    )
    wide = wide.dropna()

    def equal(name: str) -> pd.Series:
        return wide[name]["as_published"] == wide[name]["like_for_like"]

    same = equal("sum_key") & equal("true_n")
    whole = same & equal("sum_key_base") & equal("true_base")
    assert whole.sum() > 5000
    assert equal("shown")[whole].all()
    # Where an answer has the same people in two bases that differ, it may have been moved to make up one of them.
    assert equal("shown")[same].mean() > 0.995


def test_a_base_is_the_same_in_every_item_over_the_same_people(cells: pd.DataFrame) -> None:
    """Sixty looks at a base would tell it to the person. Where all answers of an item are few, they are its base."""
    bases = cells[(cells["answer"] == "_base") & (cells["item"] != "_respondents") & (cells["shown_base"] >= 30)]
    sets = bases.groupby(["survey", "year", "breakdown", "group_key", "true_n", "sum_key", "true_w"])["shown"]
    looks = sets.nunique()[sets.size() > 1]
    assert len(looks) > 3000
    assert (looks == 1).mean() > 0.99


def test_shares_of_a_single_choice_add_up(query: Query) -> None:
    sums = query("""
        select sum(share_pct) as total from marts.fct_answer_shares
        where (survey, item) in (select (survey, item) from marts.dim_item where type in ('single', 'scale'))
        group by survey, year, item, breakdown, group_key, basis having count(share_pct) > 0
    """)
    assert len(sums) > 20_000
    assert (sums["total"] - 100).abs().max() < 1e-9


def test_most_is_released_and_little_is_moved(cells: pd.DataFrame, query: Query) -> None:
    bases = cells[(cells["answer"] == "_base") & (cells["item"] != "_respondents") & (cells["true_n"] >= 30)]
    assert (bases["conf_status"] == "R").mean() > 0.98
    assert (bases.loc[bases["breakdown"] == "health_region", "conf_status"] == "R").mean() > 0.95
    shares = query("select * from marts.fct_answer_shares where share_pct is not null").merge(cells, on=KEYS)
    weights = cells.loc[cells["answer"] == "_base", [*KEYS[:3], *KEYS[4:], "true_w"]]
    shares = shares.merge(weights, on=[*KEYS[:3], *KEYS[4:]], suffixes=("", "_base"))
    truth = 100 * shares["true_w"] / shares["true_w_base"]
    error = (shares["share_pct"] - truth).abs()
    assert error[shares["true_base"] >= 500].mean() < 0.15
    assert error[shares["true_base"].between(100, 499)].mean() < 0.7
    # The standard error has the noise in it: the truth of the sample lies well inside.
    single = shares[(shares["share_pct"] > 2) & (shares["share_pct"] < 98) & (shares["true_base"] >= 100)]
    assert (
        (single["share_pct"] - 100 * single["true_w"] / single["true_w_base"]).abs() < 1.96 * single["se_pp"]
    ).mean() > 0.99


def test_rows_say_that_they_have_noise(query: Query) -> None:
    for mart in ("fct_indicators", "fct_answer_shares"):
        found = query(f"select distinct conf_status, noise_sd_n from marts.{mart}")
        assert set(found["conf_status"]) == {"R", "C"}
        assert found["noise_sd_n"].to_numpy() == pytest.approx(2**0.5)
    empty = query("select count(*) as n from marts.fct_indicators where contains(obs_status_all, 'O')")
    assert empty["n"][0] == 0
    numbers = query("select count(computed_value) as n from marts.fct_reconciliation where source_kind != 'table'")
    assert numbers["n"][0] == 0
    bases = query("select count(computed_base_n) as n, count(base_status) as known from marts.fct_reconciliation")
    assert bases["n"][0] == 0 < bases["known"][0]


def test_a_group_of_a_few_looks_like_an_empty_one(cells: pd.DataFrame, query: Query) -> None:
    groups = query("select group_key, respondents_n from marts.fct_composition")
    assert groups.loc[groups["group_key"] != "_no_answer", "respondents_n"].min() == 5
    gone = cells[(cells["item"] == "_respondents") & (cells["shown"] == 0)]
    assert len(gone) > 100
    assert gone["conf_status"].isna().all()
    states = query("""
        select distinct contains(obs_status_all, 'Q') as withheld, status_reason from marts.fct_answer_shares
        where share_pct is null and not contains(obs_status_all, 'L') and not contains(obs_status_all, 'M')
    """)
    assert states.to_numpy().tolist() == [[True, "withheld: small base"]]


def covered(noise: pd.Series, exact_se: pd.Series, noisy_se: pd.Series) -> float:
    """Standard error that is stated, over the one that sample and noise have together."""
    known = noise.notna() & exact_se.notna() & noisy_se.notna()
    truth = (noise[known] ** 2 + exact_se[known] ** 2).mean()
    return float(np.sqrt((noisy_se[known] ** 2).mean() / truth))


def test_standard_errors_have_the_noise_in_them(build: Path, first: Refresh) -> None:
    """Against profile `report`, which shows what every value and its error are without noise."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{build / 'warehouse.duckdb'}' as noisy (read_only)")
        connection.execute(f"attach '{first.release / 'helsemonitor.duckdb'}' as exact (read_only)")

        def both(mart: str, keys: str, value: str, se: str, base: str) -> pd.DataFrame:
            return connection.execute(f"""
                select {keys}, exact.{base} as base, noisy.{value} - exact.{value} as noise,
                    exact.{se} as exact_se, noisy.{se} as noisy_se
                from noisy.marts.{mart} as noisy inner join exact.marts.{mart} as exact using ({keys})
            """).df()

        shares = both("fct_answer_shares", ", ".join(KEYS), "share_pct", "se_pp", "base_n")
        place = "survey, year, indicator, breakdown, group_key"
        groups = both("fct_group_differences", f"{place}, basis", "difference_to_rest", "se", "rest_n")
        filters = both("fct_filter_effects", place, "difference", "se", "like_for_like_n")
    shares, groups = shares[shares["base"] >= 100], groups[groups["base"] >= 100]
    # Shares of small bases whose answers come out as 0 or as 100 percent have an error of 0; the interval is Wilson's.
    assert 0.97 < covered(shares["noise"], shares["exact_se"], shares["noisy_se"]) < 1.05
    assert 0.93 < covered(groups["noise"], groups["exact_se"], groups["noisy_se"]) < 1.1
    moved = filters[(filters["noise"] != 0) & (filters["noisy_se"] > 0)]
    assert len(moved) > 1000
    assert 0.95 < covered(moved["noise"], moved["exact_se"], moved["noisy_se"]) < 1.2


# --- what an attacker learns -----------------------------------------------------------------------------------------


def posterior(truth: pd.Series, shown: pd.Series, value: int, small: int = 2) -> float:
    """Of the cells released as a value, the part that is truly at most `small`."""
    return float((truth[shown == value] <= small).mean())


def test_a_small_released_count_is_seldom_one_or_two(cells: pd.DataFrame) -> None:
    found = released_answers(cells)
    assert (found["shown"] == 5).sum() > 5000
    assert posterior(found["true_n"], found["shown"], 5) < 0.3
    assert posterior(found["true_n"], found["shown"], 6) == 0


def pivot(cells: pd.DataFrame, breakdown: str, value: str) -> pd.DataFrame:
    """Counts of personnel by answer (rows) and group (columns) of a breakdown, published basis."""
    rows = cells[~cells["answer"].isin(PSEUDO) & (cells["basis"] == "as_published") & (cells["item"] != "_respondents")]
    rows = rows[(rows["survey"] == "helsepersonell") & (rows["breakdown"] == breakdown)]
    return rows.pivot_table(index=["year", "item", "answer"], columns="group_key", values=value).fillna(0)


def subtraction(cells: pd.DataFrame, value: str) -> pd.Series:
    """Counts of those from 40 to 49, as under 50 less under 30 less 30 to 39, where all three bases are released."""
    ages = cells["breakdown"].isin(["age_halves", "age_group"]) & (cells["survey"] == "helsepersonell")
    withheld = cells.loc[ages & (cells["conf_status"] == "C") & (cells["answer"] == "_base"), ["year", "item"]]
    known = cells[~pd.MultiIndex.from_frame(cells[["year", "item"]]).isin(pd.MultiIndex.from_frame(withheld))]
    halves, bands = pivot(known, "age_halves", value), pivot(known, "age_group", value)
    return (
        halves["under_50"]
        - bands["under_30"].reindex(halves.index).fillna(0)
        - bands["30_39"].reindex(halves.index).fillna(0)
    )


def test_subtraction_over_nested_breakdowns_gives_no_count_back(cells: pd.DataFrame) -> None:
    truth, guess = subtraction(cells, "true_n"), subtraction(cells, "shown")
    bands = pivot(cells, "age_group", "true_n")["40_49"].reindex(truth.index).fillna(0)
    assert (truth == bands).all(), "without noise, subtraction gives every count back"
    small = truth.between(1, 2)
    assert small.sum() > 20
    # Of the small ones no more are met than by guessing one of a handful; a guess of 1 or 2 is mostly wrong.
    assert (guess[small] == truth[small]).mean() < 0.3
    assert truth[guess.between(1, 2)].between(1, 2).mean() < 0.4
    assert (guess - truth)[truth > 20].std() > 2


def test_the_difference_of_two_bases_gives_no_count_back(cells: pd.DataFrame) -> None:
    """Those whom the newest filter drops: the published basis less like for like. Few they are, so this tells most."""
    found = released_answers(cells).pivot_table(index=KEYS[:-1], columns="basis", values=["true_n", "shown"]).dropna()
    truth = found["true_n"]["as_published"] - found["true_n"]["like_for_like"]
    guess = found["shown"]["as_published"] - found["shown"]["like_for_like"]
    one = truth == 1
    assert one.sum() > 200
    assert (guess[one] == 1).mean() < 0.3
    # That a difference is one person is right in one case of three; without noise it would be certain.
    assert (truth[guess == 1] == 1).mean() < 0.45


def test_fewer_than_ten_whom_a_filter_leaves_out_are_not_told_apart(cells: pd.DataFrame, query: Query) -> None:
    """Otherwise every answer of a single person would stand between the two bases: all cells equal but one."""
    bases = cells[cells["answer"] == "_base"].pivot_table(index=PLACE[:-1], columns="basis", values="true_n").dropna()
    left_out = bases["as_published"] - bases["like_for_like"]
    few = left_out.index[left_out.between(1, 9)]
    assert len(few) > 100
    sums = "n, sum_w, sum_w2, sum_wx, sum_wx2, sum_w2x, sum_w2x2, conf_status"
    differing = query(f"""
        with cells as (select * exclude (basis), basis from intermediate.int_released_cells)
        select distinct {", ".join(PLACE[:-1])} from (
            select {", ".join(KEYS[:-1])}, {sums} from cells where basis = 'as_published'
            except
            select {", ".join(KEYS[:-1])}, {sums} from cells where basis = 'like_for_like'
        )
    """)
    assert not set(few) & set(differing.itertuples(index=False, name=None))


def test_groups_that_differ_by_a_few_are_few(query: Query) -> None:
    """What cell keys do not protect: two groups that are the same but for a person differ in that person's cells."""
    tables = query("""
        with
        members as (
            from intermediate.int_group_members inner join intermediate.int_wave_groups using (survey, year, group_no)
        ),
        sizes as (
            select survey, year, breakdown, group_key, count(*) as n from members group by all
        ),
        common as (
            select a.survey, a.year, a.breakdown, a.group_key, b.breakdown as breakdown_b, b.group_key as group_b,
                count(*) as n
            from members as a
            inner join members as b using (survey, year, respondent_no)
            where a.breakdown < b.breakdown
            group by all
        ),
        near as (
            select common.* from common
            inner join sizes as a using (survey, year, breakdown, group_key)
            inner join sizes as b
                on common.survey = b.survey and common.year = b.year
                and common.breakdown_b = b.breakdown and common.group_b = b.group_key
            where a.n + b.n - 2 * common.n between 1 and 9
        ),
        bases as (
            select survey, year, item, breakdown, group_key from intermediate.int_released_cells
            where answer = '_base' and basis = 'as_published' and n is not null and item != '_respondents'
        )
        select near.survey, near.year, bases.item, near.breakdown, near.breakdown_b
        from near
        inner join bases using (survey, year, breakdown, group_key)
        inner join bases as b
            on near.survey = b.survey and near.year = b.year and bases.item = b.item
            and near.breakdown_b = b.breakdown and near.group_b = b.group_key
    """)
    # Decision 9 says how many; more of them after a change of breakdowns.csv are a reason to look at it again.
    assert 0 < len(tables) <= 60


def test_averaging_over_breakdowns_tells_a_total_to_about_one_person(cells: pd.DataFrame) -> None:
    """The sum of an answer over each breakdown that covers everybody is one more look at its total."""
    found = cells[
        ~cells["answer"].isin(PSEUDO) & (cells["basis"] == "as_published") & (cells["item"] != "_respondents")
    ]
    sums = found.groupby(["survey", "year", "item", "answer", "breakdown"])[["true_n", "shown"]].sum().reset_index()
    totals = sums[sums["breakdown"] == "total"].set_index(["survey", "year", "item", "answer"])["true_n"]
    sums["total"] = pd.MultiIndex.from_frame(sums[["survey", "year", "item", "answer"]]).map(totals)
    whole = sums[sums["true_n"] == sums["total"]]
    guess = whole.groupby(["survey", "year", "item", "answer"])["shown"].mean()
    truth = totals.reindex(guess.index)
    rare = truth.between(1, 4)
    assert rare.sum() > 10
    # Decision 9 says so: known to about one person, never surely.
    assert (guess.round()[rare] == truth[rare]).mean() < 0.75


def test_sums_of_weights_are_no_fingerprints(cells: pd.DataFrame, query: Query) -> None:
    whole = query("""
        select max(abs(sum_w - round(sum_w))) as w, max(abs(sum_w2 - round(sum_w2))) as w2,
            max(abs(sum_wx - 2 * round(sum_wx / 2))) as wx
        from intermediate.int_released_cells
    """)
    assert (whole.to_numpy() == 0).all()
    weights = query("select weight::double as weight from staging.stg_respondents where weight != 1")["weight"]
    assert (weights % 1 != 0).mean() > 0.99
    # Whoever knows that all but one of a base gave an answer, and both counts, still has no weight of that one.
    bases = cells.loc[cells["answer"] == "_base", [*PLACE, "true_n", "true_w", "shown", "shown_w"]]
    pairs = released_answers(cells).merge(bases, on=PLACE, suffixes=("", "_of_base"))
    pairs = pairs[(pairs["true_n_of_base"] - pairs["true_n"] == 1) & (pairs["survey"] == "innbygger")]
    assert len(pairs) > 50
    found = pairs["shown_w_of_base"] * pairs["true_n_of_base"] / pairs["shown_of_base"]
    found -= pairs["shown_w"] * pairs["true_n"] / pairs["shown"]
    error = (found - (pairs["true_w_of_base"] - pairs["true_w"])).abs()
    assert error.median() > 0.2
    assert (error < 0.01).mean() < 0.05
    # The sum of a few says nothing of their own weights: it is their count times the mean of their base.
    few = released_answers(cells).merge(bases, on=PLACE, suffixes=("", "_of_base"))
    few = few[(few["true_n"] < 10) & (few["shown"] > 0)]
    assert (few["shown_w"] - few["shown"] * few["true_w_of_base"] / few["true_n_of_base"]).abs().max() < 2


def test_a_wave_more_changes_no_noise(tmp_path: Path) -> None:
    """A second release, with a wave more, is no second look at the waves before."""

    def released(years: Sequence[int]) -> pd.DataFrame:
        folder = tmp_path / str(len(years))
        shutil.copytree(CYCLISTS, folder / "seeds")
        waves = folder / "seeds" / "codebook" / "waves.csv"
        rows = waves.read_text(encoding="utf-8").splitlines(keepends=True)
        last = [row for row in rows[1:] if any(f",{year}," in row for year in years)]
        waves.write_text("".join([rows[0], *last]), encoding="utf-8")
        (folder / "record_key.secret").write_text(SECRET, encoding="ascii")
        names = ", ".join(f"{{survey: cyclists, year: {year}, seed: cyclists_{year}}}" for year in years)
        dbt(
            folder,
            f"{{disclosure: open, waves: [{names}]}}",
            "--exclude-resource-type",
            "test",
            "--select",
            "+int_released_cells",
        )
        with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute("""
                select * from intermediate.int_released_cells where year <= 2022 and basis = 'as_published' order by all
            """).df()

    before, after = released([2021, 2022]), released([2021, 2022, 2023])
    assert len(before) > 200
    pd.testing.assert_frame_equal(before, after)


@pytest.mark.parametrize(
    ("survey", "year", "item", "breakdown"),
    [
        ("innbygger", 2025, "digital_easier_contact", "county"),
        ("helsepersonell", 2024, "specialist_unit", "profession"),
    ],
)
def test_linear_programming_bounds_no_small_count(
    cells: pd.DataFrame, survey: str, year: int, item: str, breakdown: str
) -> None:
    """All that the table, its bases and its total allow: each count lies within its noise, and true counts add up."""
    rows = cells[(cells["survey"] == survey) & (cells["year"] == year) & (cells["item"] == item)]
    rows = rows[(rows["basis"] == "as_published") & ~rows["answer"].isin(PSEUDO)]
    inside = rows[(rows["breakdown"] == breakdown) & (rows["shown_base"] >= 30)]
    table = inside.pivot_table(index="answer", columns="group_key", values="true_n").fillna(0)
    shown = inside.pivot_table(index="answer", columns="group_key", values="shown").reindex_like(table).fillna(0)
    shown = shown.to_numpy().ravel()
    bases = inside.groupby("group_key")["shown_base"].first().reindex(table.columns).to_numpy().astype(float)
    total = rows[rows["breakdown"] == "total"].set_index("answer")["shown"].reindex(table.index).fillna(0).to_numpy()
    # An answer may be moved to make up its base, but none that comes out as 0 or 5.
    low = np.where(shown == 0, 0, np.where(shown <= 9, 1, shown - 8))
    high = np.where(shown == 0, 6, shown + np.where(shown == 5, 4, 8))
    truth = table.to_numpy().ravel()
    assert ((low <= truth) & (truth <= high)).all(), "the attacker's bounds are right"
    # Everybody outside the breakdown's groups is one more group, so a total bounds from above alone.
    over_groups = np.kron(np.eye(len(table)), np.ones(len(table.columns)))
    over_answers = np.kron(np.ones(len(table)), np.eye(len(table.columns)))
    bounds = {
        "A_ub": np.vstack([over_groups, over_answers, -over_answers]),
        "b_ub": np.concatenate([total + 8, bases + 4, 4 - bases]),
        "bounds": np.column_stack([low, high]),
    }
    widths = []
    for place in np.flatnonzero((truth > 0) & (truth <= 2))[:40]:
        aim = np.zeros(len(truth))
        aim[place] = 1
        ends = [linprog(sign * aim, method="highs", **bounds) for sign in (1, -1)]
        assert all(end.status == 0 for end in ends)
        widths.append(-ends[1].fun - ends[0].fun)
    assert len(widths) > 5
    assert min(widths) >= 3
