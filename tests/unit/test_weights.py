"""Weights on any scale: the same results within a wave, each wave with the same say where waves are pooled.

The cyclists' files are rewritten here, and what is right is added up from them by plain Python.
"""

import csv
import math
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fast_road import Outcome, fast_road

FIXTURE = Path(__file__).parents[1] / "fixtures" / "cyclists"
YEARS = (2021, 2022, 2023)
Row = dict[str, str]


def read(path: Path) -> list[Row]:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Write rows to a CSV file."""
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def edited(folder: Path, edits: Mapping[str, Callable[[list[Row]], list[Row]]]) -> Path:
    """A copy of the fixture in which some files were rewritten."""
    seeds = folder / "seeds"
    shutil.copytree(FIXTURE, seeds)
    for name, edit in edits.items():
        write(seeds / name, edit(read(seeds / name)))
    return seeds


def road(folder: Path, edits: Mapping[str, Callable[[list[Row]], list[Row]]]) -> Outcome:
    """The road over an edited copy of the fixture."""
    (folder / "build").mkdir()
    return fast_road(edited(folder, edits), folder / "build")


def with_weights(make: Callable[[float], str]) -> Callable[[list[Row]], list[Row]]:
    """Rewrite every weight of a wave."""
    return lambda rows: [row | {"wgt": make(float(row["wgt"]))} for row in rows]


def weights_of(seeds: Path, year: int) -> list[float]:
    """Weights of a wave as they stand in its file."""
    return [float(row["wgt"]) for row in read(seeds / "raw" / f"cyclists_{year}.csv")]


def kept(outcome: Outcome) -> Outcome:
    """An outcome that was not refused."""
    assert outcome.sentences == ()
    return outcome


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The fixture as it is."""
    return kept(road(tmp_path_factory.mktemp("plain"), {}))


@pytest.fixture(scope="module")
def scaled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the survey with weights on three scales lies."""
    return tmp_path_factory.mktemp("scaled")


@pytest.fixture(scope="module")
def scaled(scaled_folder: Path) -> Outcome:
    """2021 as it is, 2022 with expansion weights, 2023 with weights that sum to about 1 and are written as R does."""
    total = sum(weights_of(FIXTURE, 2023))
    edits = {
        "raw/cyclists_2022.csv": with_weights(lambda w: f"{1e5 * w:.4f}"),
        "raw/cyclists_2023.csv": with_weights(lambda w: f"{w / total:.12e}"),
    }
    return kept(road(scaled_folder, edits))


SCALE_FREE = {
    "fct_indicators": (
        "indicator, year, breakdown, group_key, basis",
        "value, base_weighted, n_eff, deff, se, ci_low, ci_high",
    ),
    "fct_answer_shares": ("item, answer, year, breakdown, group_key, basis", "share_pct, base_weighted, se_pp, n_eff"),
    "fct_indicator_changes": (
        "series_type, indicator, item, answer, year_from, year_to, breakdown, group_key, basis",
        "change, se, se_null, z, p_value, p_adjusted",
    ),
    "fct_group_differences": (
        "series_type, indicator, item, answer, year, breakdown, group_key, basis",
        "value, difference_to_rest, se, se_null, z, p_value, p_adjusted, rest_n_eff",
    ),
    "fct_distribution_tests": (
        "test_kind, item, basis, breakdown, year_from, year_to",
        "chi_square, statistic, p_value, p_adjusted",
    ),
    "fct_filter_effects": (
        "indicator, year, breakdown, group_key",
        "difference, se, se_null, z, p_value, p_adjusted",
    ),
    "fct_cells": (
        "item, answer, year, breakdown, group_key, basis",
        "sum_w, sum_w2, sum_wx, sum_wx2, sum_w2x, sum_w2x2",
    ),
    "fct_indicator_sums": ("indicator, year, breakdown, group_key, basis", "sum_w, sum_w2, sum_wy, sum_w2y, sum_w2y2"),
    "fct_answer_sums": ("item, answer, year, breakdown, group_key, basis", "answer_weighted, base_weighted"),
    "fct_composition": ("year, breakdown, group_key", "weighted_pct"),
}


def numbers(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows with NaN where they are empty, which compares."""
    return [tuple(math.nan if value is None else value for value in row) for row in rows]


@pytest.mark.parametrize("mart", SCALE_FREE)
def test_no_result_depends_on_the_scale(plain: Outcome, scaled: Outcome, mart: str) -> None:
    keys, values = SCALE_FREE[mart]
    query = f"select {keys}, {values} from marts.{mart} order by {keys}"
    size = len(keys.split(","))
    expected, found = numbers(plain.rows(query)), numbers(scaled.rows(query))
    assert len(expected) == len(found) > 5
    for before, after in zip(expected, found, strict=True):
        assert list(map(str, before[:size])) == list(map(str, after[:size]))
        # The weights that sum to 1 were rounded to thirteen digits.
        assert after[size:] == pytest.approx(before[size:], rel=1e-6, abs=1e-7, nan_ok=True), before[:size]


def test_sums_are_normalised_with_the_delivered_beside(scaled: Outcome, scaled_folder: Path) -> None:
    for year in YEARS:
        weights = weights_of(scaled_folder / "seeds", year)
        ((n, sum_w, sum_w2, delivered),) = scaled.rows(
            "select n, sum_w, sum_w2, sum_w_delivered from marts.fct_cells "
            f"where year = {year} and item = '_respondents' and breakdown = 'total'"
        )
        mean = math.fsum(weights) / len(weights)
        assert n == len(weights)
        assert sum_w == pytest.approx(n, rel=1e-9)
        assert sum_w2 == pytest.approx(math.fsum((w / mean) ** 2 for w in weights), rel=1e-8)
        assert delivered == pytest.approx(math.fsum(weights), rel=1e-8)
        ((found,),) = scaled.rows(f"select mean_weight from marts.dim_wave where year = {year}")
        assert found == pytest.approx(mean, rel=1e-8)


def test_pooled_waves_have_the_say_of_their_respondents(scaled: Outcome, scaled_folder: Path) -> None:
    """Riders of three waves together: every wave's weights have a mean of 1."""
    riders = base = delivered = 0.0
    for year in YEARS:
        rows = read(scaled_folder / "seeds" / "raw" / f"cyclists_{year}.csv")
        total = math.fsum(float(row["wgt"]) for row in rows)
        for row in rows:
            share = float(row["wgt"]) * len(rows) / total
            base += share
            riders += share * (row["ride"] == "Y")
            delivered += float(row["wgt"]) * (row["ride"] == "Y")
    ((found, found_base, of_the_item),) = scaled.rows(
        "select sum(sum_w) filter (where answer = 'yes'), sum(sum_w) filter (where answer = '_base'), "
        "sum(sum_w_delivered) filter (where answer = 'yes') from marts.fct_cells "
        "where item = 'rides' and breakdown = 'total' and basis = 'as_published'"
    )
    assert (found, found_base) == pytest.approx((riders, base), rel=1e-9)
    assert of_the_item == pytest.approx(delivered, rel=1e-9)
    ((weighted, base_weighted, answer_delivered, base_delivered),) = scaled.rows(
        "select sum(answer_weighted), sum(base_weighted), sum(answer_weighted_delivered), sum(base_weighted_delivered) "
        "from marts.fct_answer_sums where item = 'rides' and answer = 'yes' and breakdown = 'total'"
    )
    assert (weighted, base_weighted) == pytest.approx((riders, base), rel=1e-9)
    assert answer_delivered == pytest.approx(delivered, rel=1e-9)
    assert base_delivered == pytest.approx(math.fsum(sum(weights_of(scaled_folder / "seeds", year)) for year in YEARS))


def flagged(outcome: Outcome) -> dict[int, str]:
    """What dim_wave says of the weights, by year."""
    return dict(outcome.rows("select year, weight_note from marts.dim_wave where weight_note is not null"))


def statuses(outcome: Outcome, year: int) -> set[tuple[bool, str]]:
    """Whether rows with a value have status D, and their reason."""
    return set(
        outcome.rows(
            "select contains(obs_status_all, 'D'), status_reason from marts.fct_indicators "
            f"where year = {year} and value is not null"
        )
    )


def test_sound_weights_are_not_flagged(plain: Outcome) -> None:
    assert flagged(plain) == {}
    assert plain.notes == ()


def test_a_scale_of_its_own_is_flagged_on_rows(tmp_path: Path) -> None:
    outcome = kept(road(tmp_path, {"raw/cyclists_2022.csv": with_weights(lambda w: f"{8 * w:.4f}")}))
    mean = math.fsum(weights_of(tmp_path / "seeds", 2022)) / 320
    assert flagged(outcome).keys() == {2022}
    assert f"a mean of {mean:.4g}," in flagged(outcome)[2022]
    note = flagged(outcome)[2022]
    assert (True, note) in statuses(outcome, 2022)
    # Behind the weights stands why some of the values are unreliable, as in a wave of sound weights.
    rest = {(is_flagged, reason.removeprefix(note)) for is_flagged, reason in statuses(outcome, 2022)}
    assert {is_flagged for is_flagged, _ in rest} == {True}
    assert all(
        reason == "" or reason.startswith(("; a base of ", "; an effective size of ", "; an interval "))
        for _, reason in rest
    )
    assert {is_flagged for is_flagged, _ in statuses(outcome, 2021)} == {False}
    (note,) = outcome.notes
    assert note.startswith("raw/cyclists_2022.csv (survey cyclists, year 2022): weights with a mean of 9.602")


@pytest.mark.parametrize(
    ("unweighted", "noted"),
    [
        ((2021,), {2022: "weighted, where wave 2021 is not"}),
        ((2023,), {2023: "unweighted, where wave 2022 is weighted"}),
        ((2022,), {2022: "unweighted, where wave 2021 is weighted", 2023: "weighted, where wave 2022 is not"}),
        (YEARS, {}),
    ],
)
def test_weights_that_come_or_go_are_flagged(
    tmp_path: Path, unweighted: tuple[int, ...], noted: dict[int, str]
) -> None:
    def without(rows: list[Row]) -> list[Row]:
        return [row | ({"weight_column": ""} if int(row["year"]) in unweighted else {}) for row in rows]

    def ignored(rows: list[Row]) -> list[Row]:
        years = [{"year_from": str(year), "year_to": str(year)} for year in unweighted]
        return rows + [
            dict.fromkeys(rows[0], "")
            | {"survey": "cyclists", "column_name": "wgt", "ignored_reason": "not used", **year}
            for year in years
        ]

    outcome = kept(road(tmp_path, {"codebook/waves.csv": without, "codebook/columns.csv": ignored}))
    assert flagged(outcome) == noted
    assert len(outcome.notes) == len(noted)


def test_a_jump_of_the_design_effect_is_flagged(tmp_path: Path) -> None:
    """Every eighth respondent of 2023 gets eight times the weight: 1 + cv squared goes from 1.1 to about 2.5."""

    def uneven(rows: list[Row]) -> list[Row]:
        return [row | {"wgt": f"{float(row['wgt']) * (1 if number % 8 else 8):.4f}"} for number, row in enumerate(rows)]

    outcome = kept(road(tmp_path, {"raw/cyclists_2023.csv": uneven}))
    weights = weights_of(tmp_path / "seeds", 2023)
    deff = len(weights) * math.fsum(w * w for w in weights) / math.fsum(weights) ** 2
    assert deff > 2
    assert flagged(outcome).keys() == {2023}
    assert f"a design effect of {deff:.2f}," in flagged(outcome)[2023]


def test_weights_that_miss_a_margin_were_not_calibrated_to_it(tmp_path: Path) -> None:
    """The same weights against another, assumed population: the share of a sex has an error again."""

    def other(rows: list[Row]) -> list[Row]:
        shares = {"f": "53.5", "m": "46.5"}
        return [row | {"share_pct": shares.get(row["group_key"], row["share_pct"])} for row in rows]

    query = (
        "select distinct se_pp is null, contains(coalesce(status_reason, ''), 'calibrated') "
        "from marts.fct_answer_shares where item = 'sex' and breakdown = 'total' and year = 2023"
    )
    changes = {"met": {}, "missed": {"codebook/population.csv": other}}
    found = {}
    for name, change in changes.items():
        (tmp_path / name).mkdir()
        found[name] = kept(road(tmp_path / name, change)).rows(query)
    assert found == {"met": [(True, True)], "missed": [(False, False)]}


def test_a_jump_is_flagged_where_half_of_the_other_waves_are_alike(tmp_path: Path) -> None:
    """2022 and 2023 are alike and unlike 2021: the jump is where it comes, and not in the wave after it."""

    def uneven(rows: list[Row]) -> list[Row]:
        return [row | {"wgt": f"{float(row['wgt']) * (1 if number % 8 else 8):.4f}"} for number, row in enumerate(rows)]

    changes = {f"raw/cyclists_{year}.csv": uneven for year in (2022, 2023)}
    found = flagged(kept(road(tmp_path, changes)))
    assert 2022 in found
    assert 2023 not in found


SKEWED = [
    (breakdown, group)
    for breakdown, groups in (
        ("total", ["total"]),
        ("sex", ["f", "m"]),
        ("age_group", ["young", "old"]),
        ("sex_x_age", ["f__young", "f__old", "m__young", "m__old"]),
    )
    for group in groups
]


def test_skewed_weights_make_large_bases_unreliable(tmp_path: Path) -> None:
    """Every tenth respondent of 2023 counts twelve times: fifty and more respondents who are worth fewer than thirty.

    Effective sizes of the share with a helmet come from the respondents of the file.
    """

    def skewed(rows: list[Row]) -> list[Row]:
        return [
            row | {"wgt": f"{float(row['wgt']) * (1 if number % 10 else 12):.4f}"} for number, row in enumerate(rows)
        ]

    outcome = kept(road(tmp_path, {"raw/cyclists_2023.csv": skewed}))
    weights = weights_of(tmp_path / "seeds", 2023)
    deff = len(weights) * math.fsum(w * w for w in weights) / math.fsum(weights) ** 2
    assert 3.4 < deff < 4
    assert flagged(outcome).keys() == {2023}
    assert f"a design effect of {deff:.2f}," in flagged(outcome)[2023]
    assert sum(f"a design effect of {deff:.2f}," in note for note in outcome.notes) == 1
    respondents = [
        (
            {"sex": row["s3"].lower(), "age_group": "young" if int(row["a"]) <= 39 else "old", "total": "total"},
            float(row["wgt"]),
            float(row["m1"] == "1"),
        )
        for row in read(tmp_path / "seeds" / "raw" / "cyclists_2023.csv")
    ]
    few = 0
    for breakdown, group in SKEWED:
        members = [
            (w, y)
            for of_them, w, y in respondents
            if (of_them | {"sex_x_age": f"{of_them['sex']}__{of_them['age_group']}"})[breakdown] == group
        ]
        sum_w, sum_w2 = math.fsum(w for w, _ in members), math.fsum(w * w for w, _ in members)
        p = math.fsum(w * y for w, y in members) / sum_w
        n = len(respondents)
        variance = n / (n - 1) * math.fsum((w * (y - p)) ** 2 for w, y in members) / sum_w**2
        expected = min(p * (1 - p) / variance, sum_w**2 / sum_w2)
        ((base_n, n_eff, statuses_told, reason),) = outcome.rows(
            "select base_n, n_eff, obs_status_all, status_reason from marts.fct_indicators where indicator = 'helmet' "
            f"and year = 2023 and breakdown = '{breakdown}' and group_key = '{group}' and basis = 'as_published'"
        )
        assert base_n == len(members)
        assert n_eff == pytest.approx(expected, rel=1e-8)
        assert (f"an effective size of {expected:.1f}, under 30" in reason) == (expected < 30)
        if expected < 30:
            assert "U" in statuses_told.split("|")
            few += base_n >= 50
    assert few > 1
    for mart in ("fct_indicators", "fct_answer_shares"):
        rows = outcome.rows(
            "select contains(obs_status_all, 'U'), contains(status_reason, 'an effective size of '), "
            f"contains(status_reason, 'a base of ') from marts.{mart} where n_eff < 30 and base_n >= 50"
        )
        assert len(rows) > 5
        assert set(rows) == {(True, True, False)}


def with_rows(**columns: str) -> Callable[[list[Row]], list[Row]]:
    """Append a row to a file."""
    return lambda rows: [*rows, dict.fromkeys(rows[0], "") | columns]


@pytest.mark.parametrize("largest", [5e6, 9e8])
def test_large_numbers_times_expansion_weights_do_not_overflow(tmp_path: Path, largest: float) -> None:
    """30,000 incomes in place of ages, weights around 200,000: mean and standard error from plain Python."""

    def incomes(rows: list[Row]) -> list[Row]:
        many = [row | {"rid": f"{row['rid']}_{part}"} for part in range(100) for row in rows]
        return [
            row | {"wgt": f"{2e5 * float(row['wgt']):.3f}", "a": f"{largest / (1 + number % 97):.2f}"}
            for number, row in enumerate(many)
        ]

    def larger(rows: list[Row]) -> list[Row]:
        return [row | {"respondents": "30000"} if row["year"] == "2021" else row for row in rows]

    limit = {"survey": "cyclists", "name": "age", "value": "900000000", "unit": "kr", "since": "2030-01-01"}
    indicator = {"item": "age", "kind": "mean", "denominator": "answered", "unit": "years", "direction": "neutral"}
    outcome = kept(
        road(
            tmp_path,
            {
                "raw/cyclists_2021.csv": incomes,
                "codebook/waves.csv": larger,
                "codebook/limits.csv": with_rows(check_name="number_high", reason="Incomes.", **limit),
                "codebook/indicators.csv": with_rows(
                    survey="cyclists", indicator="income", label_no="Inntekt", label_en="Income", **indicator
                ),
            },
        )
    )
    rows = read(tmp_path / "seeds" / "raw" / "cyclists_2021.csv")
    pairs = [(float(row["wgt"]), float(row["a"])) for row in rows]
    n, total = len(pairs), math.fsum(w for w, _ in pairs)
    mean = math.fsum(w * x for w, x in pairs) / total
    se = math.sqrt(n / (n - 1) * math.fsum((w * (x - mean)) ** 2 for w, x in pairs)) / total
    ((value, found_se),) = outcome.rows(
        "select value, se from marts.fct_indicators where indicator = 'income' and year = 2021 and breakdown = 'total'"
    )
    assert n == 30_000
    assert value == pytest.approx(mean, rel=1e-9)
    assert found_se == pytest.approx(se, rel=1e-6)


def test_the_open_profile_rounds_normalised_weights(tmp_path: Path) -> None:
    """Expansion weights come out as weights of the other waves do: whole numbers about as large as the counts."""
    seeds = edited(tmp_path, {"raw/cyclists_2022.csv": with_weights(lambda w: f"{1e5 * w:.4f}")})
    build = tmp_path / "build"
    build.mkdir()
    (build / "record_key.secret").write_text("0123456789abcdef" * 4, encoding="utf-8")
    outcome = kept(fast_road(seeds, build, "open"))
    rows = outcome.rows("select n, sum_w, sum_w_delivered from marts.fct_cells where year = 2022 and n >= 100")
    assert len(rows) > 20
    mean = math.fsum(weights_of(seeds, 2022)) / 320
    for n, sum_w, delivered in rows:
        assert sum_w == round(sum_w)
        assert 0.8 * n < sum_w < 1.25 * n
        assert delivered == pytest.approx(sum_w * mean, rel=1e-8)
