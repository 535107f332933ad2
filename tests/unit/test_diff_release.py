"""Two releases compared: tiny ones written out here, with every kind of difference and what is said of it."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from helsemonitor.compare.differences import (
    ColumnDifference,
    ReleaseDifference,
    Rounding,
    TableDifference,
    ValueDifference,
)
from helsemonitor.compare.sides import find_side
from helsemonitor.compare.tables import compare_releases
from helsemonitor.settings import Settings
from orchestration import cli
from tests.unit.small_project import make_settings

BIRDS = "(values ('owl', 2020, 1.5, 3), ('owl', 2021, 2.5, 4), ('tit', 2020, 0.0, 5)) as birds(bird, year, share, n)"
SONGS = f"select bird, year, share::double as share, n from {BIRDS}"
GRAIN = {"songs": ["bird", "year"]}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = make_settings(tmp_path)
    monkeypatch.setattr(cli.Settings, "from_environment", classmethod(lambda cls: settings))
    return settings


def make_release(folder: Path, tables: Mapping[str, str], grain: Mapping[str, Sequence[str]] | None = None) -> Path:
    """Write a release: table -> the query that makes it. Without a grain its manifest says nothing of it."""
    (folder / "parquet").mkdir(parents=True)
    for table, query in tables.items():
        duckdb.sql(query).write_parquet(str(folder / "parquet" / f"{table}.parquet"))
    manifest = {"release": folder.name} | ({} if grain is None else {"grain": grain})
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def compare(
    settings: Settings, before: str, after: str, grain: Mapping[str, Sequence[str]] | None = GRAIN, **more: object
) -> TableDifference:
    """Compare one table `songs`, given as two queries."""
    sides = [
        find_side(settings, str(make_release(settings.build_dir / name, {"songs": query}, grain)))
        for name, query in (("a", before), ("b", after))
    ]
    (table,) = compare_releases(*sides, **more).tables  # type: ignore[arg-type]
    return table


def run(settings: Settings, *arguments: str) -> tuple[int, list[str]]:
    done = CliRunner().invoke(cli.main, ["diff-release", *arguments])
    return done.exit_code, done.output.splitlines()


def test_equal_releases_exit_with_0(settings: Settings) -> None:
    one = make_release(settings.build_dir / "a", {"songs": SONGS, "nests": "select 1 as nest"}, GRAIN)
    # The same rows in another order are other bytes.
    other = make_release(
        settings.build_dir / "b", {"songs": f"{SONGS} order by share desc", "nests": "select 1 as nest"}, GRAIN
    )
    assert run(settings, str(one), str(other)) == (
        0,
        [
            "before   build/a",
            "after    build/b",
            "equal    numbers within 1e-09 of the larger, or within 1e-12",
            "",
            "The releases are equal: 2 tables, 4 rows.",
        ],
    )


def test_a_value_that_moved_is_named_with_its_row(settings: Settings) -> None:
    table = compare(settings, SONGS, SONGS.replace("2.5", "2.0"))
    assert table.columns == (ColumnDifference("share", 1, pytest.approx(0.2)),)
    assert table.values == (ValueDifference({"bird": "owl", "year": 2021}, "share", 2.5, 2.0, pytest.approx(0.2)),)
    assert (table.rows.gone, table.rows.added, table.key, table.is_declared) == (0, 0, ("bird", "year"), True)


def test_the_command_says_what_differs(settings: Settings) -> None:
    one = make_release(settings.build_dir / "a", {"songs": SONGS, "nests": "select 1 as nest"}, GRAIN)
    changed = SONGS.replace("2.5", "2.0").replace("('tit', 2020, 0.0, 5)", "('jay', 2020, 0.0, 5)")
    other = make_release(settings.build_dir / "b", {"songs": changed, "eggs": "select 1 as egg"}, GRAIN)
    code, said = run(settings, str(one), str(other))
    assert code == 1
    assert said[3:] == [
        "table    nests is gone",
        "table    eggs is new",
        "",
        "songs",
        "  rows     3 before, 3 after: 1 gone, 1 new",
        "  key      bird, year",
        "  gone     bird 'tit', year 2020",
        "  new      bird 'jay', year 2020",
        "  values   share differs in 1 rows, by up to 0.2 of the larger value",
        "  value    share 2.5 -> 2.0 (0.2 of the larger), bird 'owl', year 2021",
        "",
        "The releases differ: 0 tables equal, 1 changed, 1 gone, 1 new; 1 rows gone, 1 new, 1 values changed.",
    ]


@pytest.mark.parametrize(
    ("before", "after", "rounding", "differs"),
    [
        ("1.0", "1.0000000005", Rounding(), False),
        ("1.0", "1.000000002", Rounding(), True),
        ("-1.0", "1.0", Rounding(), True),
        ("1.0", "1.05", Rounding(relative=0.1), False),
        ("0.0", "5e-13", Rounding(), False),
        ("0.0", "5e-12", Rounding(), True),
        ("0.0", "5e-13", Rounding(absolute=0), True),
        ("null", "null", Rounding(), False),
        ("null", "0.0", Rounding(relative=1), True),
        ("'nan'", "'nan'", Rounding(), False),
        ("'nan'", "1.0", Rounding(relative=1), True),
        ("1.0", "'nan'", Rounding(relative=1), True),
        ("null", "'nan'", Rounding(relative=1), True),
        ("'inf'", "'inf'", Rounding(), False),
        ("'inf'", "1.0", Rounding(relative=1), True),
        ("'inf'", "'-inf'", Rounding(relative=1), True),
    ],
)
def test_numbers_are_equal_within_rounding_only(
    settings: Settings, before: str, after: str, rounding: Rounding, differs: bool
) -> None:
    query = "select 'owl' as bird, 2020 as year, {}::double as share"
    table = compare(settings, query.format(before), query.format(after), rounding=rounding)
    assert [column.column for column in table.columns] == ["share"] * differs
    assert table.is_equal is not differs


def test_counts_texts_and_flags_are_compared_to_the_last_digit(settings: Settings) -> None:
    query = "select 'owl' as bird, 2020 as year, {} as n, {} as note, {} as heard"
    before = query.format(9007199254740993, "'loud'", "true")
    after = query.format(9007199254740992, "'Loud'", "null::boolean")
    found = {column.column: column.largest for column in compare(settings, before, after).columns}
    assert found == {"heard": math.inf, "note": math.inf, "n": 0.0}, "as doubles the two counts are one number"


def test_decimals_are_numbers(settings: Settings) -> None:
    query = "select 'owl' as bird, 2020 as year, {}::decimal(18, 9) as share"
    assert compare(settings, query.format("8.000000000"), query.format("8.000000001")).is_equal
    (column,) = compare(make_other(settings), query.format("8"), query.format("10")).columns
    assert column.largest == pytest.approx(0.2)


def make_other(settings: Settings) -> Settings:
    """Settings of the same project with another build folder."""
    return Settings(settings.project_dir, settings.seeds_dir, settings.project_dir / "other")


def test_rows_gone_and_added_are_counted_by_the_grain(settings: Settings) -> None:
    after = SONGS.replace("('owl', 2020, 1.5, 3), ", "").replace(
        "0.0, 5)", "0.0, 5), ('jay', null, 1, 1), ('jay', 2020, 1, 1)"
    )
    rows = compare(settings, SONGS, after).rows
    assert (rows.before, rows.after, rows.gone, rows.added) == (3, 4, 1, 2)
    assert rows.gone_shown == ({"bird": "owl", "year": 2020},)
    assert rows.added_shown == ({"bird": "jay", "year": 2020}, {"bird": "jay", "year": None})


def test_a_key_may_have_a_hole(settings: Settings) -> None:
    query = "from (values ('owl', null, {}), (null, 2020, 2.0)) as birds(bird, year, share)"
    table = compare(settings, query.format("1.0"), query.format("4.0"))
    assert (table.rows.gone, table.rows.added) == (0, 0)
    assert [dict(value.key) for value in table.values] == [{"bird": "owl", "year": None}]


def test_columns_added_gone_and_retyped(settings: Settings) -> None:
    before = "select 'owl' as bird, 2020 as year, 1.5::float as share, 7 as n, 'x' as old"
    after = "select 'owl' as bird, 2020::bigint as year, 1.5::double as share, '7' as n, 1 as fresh"
    table = compare(settings, before, after)
    assert table.columns_gone == {"old": "VARCHAR"}
    assert table.columns_added == {"fresh": "INTEGER"}
    assert table.columns_retyped == {
        "year": ("INTEGER", "BIGINT"),
        "share": ("FLOAT", "DOUBLE"),
        "n": ("INTEGER", "VARCHAR"),
    }
    assert (table.rows.gone, table.rows.added, table.columns) == (0, 0, ()), "the values are what they were"
    assert not table.is_equal


def test_without_a_grain_all_but_floating_point_numbers_are_key(settings: Settings) -> None:
    table = compare(settings, SONGS, SONGS.replace("2.5", "2.0").replace("0.0, 5", "0.0, 6"), grain=None)
    assert (table.key, table.is_declared) == (("bird", "year", "n"), False)
    assert [value.key for value in table.values] == [{"bird": "owl", "year": 2021, "n": 4}]
    assert (table.rows.gone_shown, table.rows.added_shown) == (
        ({"bird": "tit", "year": 2020, "n": 5},),
        ({"bird": "tit", "year": 2020, "n": 6},),
    )


def test_the_grain_of_either_release_is_used(settings: Settings) -> None:
    old = find_side(settings, str(make_release(settings.build_dir / "a", {"songs": SONGS}, None)))
    new = find_side(settings, str(make_release(settings.build_dir / "b", {"songs": f"{SONGS} limit 2"}, GRAIN)))
    for sides in ((old, new), (new, old)):
        (table,) = compare_releases(*sides).tables
        assert (table.key, table.is_declared) == (("bird", "year"), True)


def test_rows_with_a_repeated_key_are_compared_whole(settings: Settings) -> None:
    query = "from (values {}, ('tit', 2020, 5.0)) as birds(bird, year, share)"
    before = query.format("('owl', 2020, 1.0), ('owl', 2020, 1.0), ('owl', 2020, 2.0)")
    after = query.format("('owl', 2020, 1.0), ('owl', 2020, 2.0), ('owl', 2020, 3.0)").replace("5.0", "6.0")
    table = compare(settings, before, after)
    rows = table.rows
    assert (rows.repeated_before, rows.repeated_after, rows.gone, rows.added) == (3, 3, 1, 1)
    assert rows.gone_shown == ({"bird": "owl", "year": 2020, "share": 1},)
    assert rows.added_shown == ({"bird": "owl", "year": 2020, "share": 3},)
    assert [value.key for value in table.values] == [{"bird": "tit", "year": 2020}], "the others are paired by key"
    _, said = run(settings, str(settings.build_dir / "a"), str(settings.build_dir / "b"))
    assert (
        "  repeated 3 rows before and 3 after have a key that is not unique in both; they are compared as whole rows, "
        "to the last digit"
    ) in said


def test_equal_repeated_rows_are_equal(settings: Settings) -> None:
    query = "from (values ('owl', 2020, 1.0), ('owl', 2020, 1.0), ('owl', 2020, 2.0)) as birds(bird, year, share)"
    assert compare(settings, query, f"{query} order by share desc").is_equal


def test_a_table_of_floating_point_numbers_has_no_key(settings: Settings) -> None:
    query = "select {}::double as share union all select 2.0"
    table = compare(settings, query.format(1), query.format(3), grain=None)
    assert (table.key, table.rows.gone_shown, table.rows.added_shown) == ((), ({"share": 1},), ({"share": 3},))


def test_the_largest_differences_come_first_and_the_list_is_cut(settings: Settings) -> None:
    query = "select i as bird, 0 as year, 100.0::double {} as share, 'x{}' as note from range({}) as birds(i)"
    after = query.format("+ i", "", 30).replace("'x'", "case when i = 7 then 'y' else 'x' end")
    table = compare(settings, query.format("", "", 30), after, shown=3)
    assert [(value.column, value.key["bird"]) for value in table.values] == [("note", 7), ("share", 29), ("share", 28)]
    assert [(column.column, column.rows) for column in table.columns] == [("note", 1), ("share", 29)]
    gone = compare(make_other(settings), query.format("", "", 30), query.format("", "", 10), shown=2).rows
    assert (gone.gone, [row["bird"] for row in gone.gone_shown]) == (20, [10, 11])


def test_empty_tables_are_equal(settings: Settings) -> None:
    assert compare(settings, f"{SONGS} limit 0", f"{SONGS} limit 0").is_equal


def test_releases_are_found_by_id_and_by_word(settings: Settings) -> None:
    releases = settings.published_dir / "releases"
    for number in (1, 2, 3):
        make_release(releases / f"2030010{number}_x", {"songs": SONGS}, GRAIN)
    (settings.published_dir / "current").symlink_to(Path("releases", "20300102_x"))
    assert find_side(settings, "current").path == releases / "20300102_x"
    assert find_side(settings, "previous").path == releases / "20300101_x"
    assert find_side(settings, "20300103_x").path == releases / "20300103_x"
    assert find_side(settings, str(releases / "20300103_x")).path == releases / "20300103_x"
    assert run(settings, "previous", "current")[0] == 0


def spoil_parquet(folder: Path) -> None:
    (folder / "parquet" / "songs.parquet").write_text("bird,share\n")


def spoil_pages(folder: Path) -> None:
    """The end of the file, which says what is in it, stays sound."""
    path = folder / "parquet" / "songs.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(60) + content[64:])


def spoil_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("[]")


def test_what_is_no_release_is_wrong_usage(settings: Settings) -> None:
    sound = make_release(settings.build_dir / "a", {"songs": SONGS}, GRAIN)
    code, said = run(settings, str(sound), "20300101_x")
    assert code == 2
    assert said[-1].startswith("Error: 20300101_x is no release: ")
    assert said[-1].endswith("an id from build/published/releases, current or previous.")
    for word, sentence in (
        ("current", "Error: current is no release: build/published/current/parquet holds no Parquet file."),
        ("previous", "Error: There is no release before the current one in build/published/releases."),
    ):
        code, said = run(settings, word, str(sound))
        assert (code, said[-1].startswith(sentence)) == (2, True), said


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (spoil_parquet, "build/b/parquet/songs.parquet cannot be read as a Parquet file; publish the release again."),
        (spoil_pages, "Table songs of "),
        (spoil_manifest, "build/b/manifest.json is not the manifest of a release; publish the release again."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_damaged_release_is_wrong_usage(settings: Settings, spoil: object, sentence: str) -> None:
    sound = make_release(settings.build_dir / "a", {"songs": SONGS}, GRAIN)
    damaged = make_release(settings.build_dir / "b", {"songs": SONGS}, GRAIN)
    spoil(damaged)  # type: ignore[operator]
    code, said = run(settings, str(sound), str(damaged))
    assert (code, said[3].startswith(f"Error: {sentence}")) == (2, True), said


@pytest.mark.parametrize(
    "arguments",
    [
        ["a"],
        ["a", "a", "a"],
        ["a", "a", "--relative", "-1"],
        ["a", "a", "--absolute", "nan"],
        ["a", "a", "--shown", "0"],
    ],
)
def test_wrong_options_exit_with_2(settings: Settings, arguments: list[str]) -> None:
    make_release(settings.published_dir / "releases" / "a", {"songs": SONGS}, GRAIN)
    assert run(settings, "a", "a")[0] == 0
    assert run(settings, *arguments)[0] == 2


def test_rounding_is_an_option(settings: Settings) -> None:
    one = make_release(settings.build_dir / "a", {"songs": SONGS}, GRAIN)
    other = make_release(settings.build_dir / "b", {"songs": SONGS.replace("2.5", "2.6")}, GRAIN)
    assert run(settings, str(one), str(other))[0] == 1
    assert run(settings, str(one), str(other), "--relative", "0.05")[0] == 0
    assert run(settings, str(one), str(other), "--absolute", "0.2")[0] == 0


def test_nothing_to_compare_is_no_equality() -> None:
    assert ReleaseDifference((), (), ()).is_equal
    assert not ReleaseDifference(("songs",), (), ()).is_equal
    assert not ReleaseDifference((), ("songs",), ()).is_equal
