"""A refresh does nothing where nothing has changed, and little where little has: always the bytes of a full build.

Changes follow one another in one build folder; after each, the same seeds go along the road from nothing, without what
dbt remembers. What a change must build, and what it must leave alone, is said by hand beside it.
"""

import csv
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pytest

from expectations import frames
from helsemonitor import dbt_build
from helsemonitor.codebook import read_waves
from helsemonitor.errors import DataRefused
from helsemonitor.facts import grains, mart_names, read_build_manifest
from helsemonitor.releases import write_release
from helsemonitor.settings import PROJECT_DIR, Settings
from orchestration import road
from tests.fast_road import fast_road

pytestmark = pytest.mark.usefixtures("one_keeper")

SEEDS = PROJECT_DIR / "tests" / "fixtures" / "cyclists"


class Watched:
    """A reporter that keeps what the stages counted and noted.

    Args:
        meanwhile: Done when the warehouse is about to be built.
    """

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.counts: dict[str, dict[str, int]] = {}
        self.notes: list[str] = []
        self._meanwhile = meanwhile

    def started(self, stage: str) -> None:
        if stage == "warehouse":
            self._meanwhile()

    def progress(self, done: int, total: int, label: str) -> None:
        """Nothing."""

    def finished(self, result: road.StageResult) -> None:
        self.counts[result.stage] = dict(result.counts)
        self.notes += result.notes


def edit(settings: Settings, file: str, change: Callable[[list[dict[str, str]]], None]) -> None:
    """Change the rows of a CSV file among the seeds."""
    path = settings.seeds_dir / file
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        columns, rows = list(reader.fieldnames or []), list(reader)
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def put(file: str, column: str, value: str, **where: str) -> Callable[[Settings], None]:
    """A change of one cell in the rows that `where` names."""

    def change(rows: list[dict[str, str]]) -> None:
        found = [row for row in rows if where.items() <= row.items()]
        assert found
        for row in found:
            row[column] = value

    return lambda settings: edit(settings, file, change)


def parquet(folder: Path) -> dict[str, str]:
    """SHA-256 of every Parquet file."""
    return {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("parquet/*"))}


def rows(release: Path) -> dict[str, str]:
    """SHA-256 of the rows of every table of the DuckDB file, in their order."""
    with duckdb.connect(str(release / "helsemonitor.duckdb"), read_only=True) as connection:
        tables = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
        return {
            name: hashlib.sha256(repr(connection.execute(f"from marts.{name}").fetchall()).encode()).hexdigest()
            for name in tables
        }


def from_nothing(settings: Settings, folder: Path) -> Path:
    """A release of the seeds, written from tables that were all made at once."""
    outcome = fast_road(settings.seeds_dir, folder)
    assert outcome.sentences == ()
    whole = replace(settings, build_dir=folder / "whole")
    shutil.rmtree(whole.build_dir, ignore_errors=True)
    release = whole.build_dir / "release"
    release.mkdir(parents=True)
    outcome.tables.execute(f"attach '{whole.warehouse}' as whole")
    outcome.tables.execute("copy from database warehouse to whole")
    outcome.tables.close()
    manifest = read_build_manifest(settings, settings.dbt_target_dir)
    write_release(whole, read_waves(settings), release, mart_names(manifest), grains(manifest))
    return release


def waves_made(settings: Settings, table: str) -> dict[str, str]:
    """Wave -> digest of what the table's rows for it were made of."""
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        rows = connection.execute(f"select year, made_of from {table}__waves").fetchall()
    return {str(year): made_of for year, made_of in rows}


def refreshed(settings: Settings, is_full: bool = False) -> tuple[Path, dict[str, dict[str, int]]]:
    """Refresh, and return the release and what the stages counted."""
    watched = Watched()
    result = road.refresh(settings, "a test", watched, is_full)
    return result.release.path, watched.counts


@dataclass(frozen=True)
class Case:
    """A kind of change.

    Args:
        name: What it is.
        change: Makes it.
        seeds: Seeds that are loaded again.
        read: Raw files that are held against their suites again.
        long: Waves whose answers are read anew.
        cube: Waves whose cells are added up anew.
    """

    name: str
    change: Callable[[Settings], None]
    seeds: int
    read: int
    long: str = ""
    cube: str = ""


def correct_an_answer(settings: Settings) -> None:
    """One rider of 2022 is none."""
    ridden = [0]

    def change(rows: list[dict[str, str]]) -> None:
        for row in rows:
            if row["ride"] == "Y" and not ridden[0]:
                row["ride"], ridden[0] = "N", 1

    edit(settings, "raw/cyclists_2022.csv", change)


def turn_rows(settings: Settings) -> None:
    """The respondents of 2021 stand in another order."""
    edit(settings, "raw/cyclists_2021.csv", list.reverse)


def save_with_semicolons(settings: Settings) -> None:
    """A spreadsheet saves 2022 in its own form: the cells are the same."""
    path = settings.seeds_dir / "raw" / "cyclists_2022.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")


def without_newest_wave(settings: Settings) -> None:
    """2023 is not landed yet: its file, and the rows that only it has a use for, lie beside the seeds."""
    (settings.seeds_dir / "raw" / "cyclists_2023.csv").rename(settings.seeds_dir.parent / "landing.csv")
    dropped: dict[str, list[dict[str, str]]] = {}
    for path in sorted(settings.seeds_dir.glob("*/*.csv")):
        file = str(path.relative_to(settings.seeds_dir))

        def drop(rows: list[dict[str, str]], file: str = file) -> None:
            gone = [
                row
                for row in rows
                if "2023" in (row.get("year"), row.get("year_from")) or file.endswith("universes.csv")
            ]
            if gone:
                dropped[file] = gone
                rows[:] = [row for row in rows if row not in gone]

        if "raw" not in file:
            edit(settings, file, drop)
    (settings.seeds_dir.parent / "dropped.json").write_text(json.dumps(dropped), encoding="utf-8")


def land_newest_wave(settings: Settings) -> None:
    """2023 is landed, with its columns, its filter and the change of it."""
    (settings.seeds_dir.parent / "landing.csv").rename(settings.seeds_dir / "raw" / "cyclists_2023.csv")
    dropped = json.loads((settings.seeds_dir.parent / "dropped.json").read_text(encoding="utf-8"))
    for file, gone in dropped.items():
        edit(settings, file, lambda rows, gone=gone: rows.extend(gone))


def one_indicator_more(settings: Settings) -> None:
    """The share of those who say that the town is poor to ride in."""
    edit(
        settings,
        "codebook/indicators.csv",
        lambda rows: rows.append(
            {**rows[0], "indicator": "mood_bad", "answers": "bad|poor", "direction": "lower_better"}
        ),
    )


def move_a_limit_of_age(settings: Settings) -> None:
    """People of 39 are old."""
    put("codebook/breakdowns.csv", "max_value", "38", group_key="young")(settings)
    put("codebook/breakdowns.csv", "min_value", "39", group_key="old")(settings)


def relabel(settings: Settings) -> None:
    """An item, an answer and a group are called otherwise, and a change is judged otherwise."""
    put("codebook/items.csv", "label_en", "Rode lately", item="rides")(settings)
    put("codebook/answers.csv", "label_no", "Kvinner", answer="f")(settings)
    put("codebook/breakdowns.csv", "label_en", "Female", group_key="f")(settings)
    put("codebook/changes.csv", "assessed_impact", "likely", change_id="c3")(settings)


BOTH, ALL = "2021 2022", "2021 2022 2023"
CASES = [
    Case("labels, and what a change did", relabel, 4, 0),
    Case("an indicator", one_indicator_more, 1, 0),
    Case("a limit of a flag", put("codebook/limits.csv", "value", "60", check_name="small_base"), 1, 2, "", BOTH),
    Case("the groups of a breakdown", move_a_limit_of_age, 1, 0, "", BOTH),
    Case("one answer", correct_an_answer, 1, 1, "2022", "2022"),
    Case("the order of a file", turn_rows, 1, 1, "2021", "2021"),
    Case("the form of a file", save_with_semicolons, 0, 1),
    Case("a file landed", land_newest_wave, 7, 1, ALL, ALL),
    Case("a code of a list", put("codebook/code_lists.csv", "answer", "_no_answer", code="99"), 1, 0, ALL, ALL),
    Case("a derived answer", put("codebook/derivations.csv", "answers", "helmet|light"), 1, 0, ALL, ALL),
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two waves of the small survey, published; the third is to be landed. Every refresh builds on the one before."""
    folder = tmp_path_factory.mktemp("changes")
    shutil.copytree(SEEDS, folder / "seeds")
    settings = Settings(PROJECT_DIR, folder / "seeds", folder / "build")
    without_newest_wave(settings)
    refreshed(settings)
    return settings


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_change_costs_what_it_reaches_and_gives_the_bytes_of_a_full_build(
    settings: Settings, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    long, cube = (waves_made(settings, f"intermediate.{name}") for name in ("int_given_answers", "int_cells"))
    looked_at = frames.raw_wave
    monkeypatch.setattr(frames, "raw_wave", lambda *known: read.append(known[1].year) or looked_at(*known))
    case.change(settings)
    release, counts = refreshed(settings)
    monkeypatch.undo()
    assert len(read) == case.read, "raw files"
    assert counts["warehouse"].get("seeds", 0) == case.seeds
    for table, before, expected in (("int_given_answers", long, case.long), ("int_cells", cube, case.cube)):
        after = waves_made(settings, f"intermediate.{table}")
        assert " ".join(year for year in sorted(after) if after[year] != before.get(year)) == expected, table
    whole = from_nothing(settings, settings.seeds_dir.parent / "anew")
    assert parquet(whole)
    assert parquet(release) == parquet(whole)
    assert rows(release) == rows(whole)


def test_nothing_changed_is_nothing_done(settings: Settings) -> None:
    release, _ = refreshed(settings)
    again, none = refreshed(settings)
    assert (again, none) == (release, {})
    assert len(list((settings.releases_dir).iterdir())) <= 5


def test_a_full_refresh_builds_everything_and_a_bounded_one_lot_after_lot_to_the_same_bytes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, _ = refreshed(settings)
    monkeypatch.setenv("HELSEMONITOR_MEMORY", "1GB")
    # Waves have some three hundred respondents each: four lots of every long table.
    given = dbt_build.dbt_vars

    def of_hundred(*arguments: object) -> list[str]:
        flag, values = given(*arguments)
        return [flag, json.dumps(json.loads(values) | {"respondents_at_a_time": 100})]

    monkeypatch.setattr(dbt_build, "dbt_vars", of_hundred)
    full, counts = refreshed(settings, is_full=True)
    assert full != release
    assert counts["warehouse"]["seeds"] > 20
    assert (parquet(full), rows(full)) == (parquet(release), rows(release))


def test_a_limit_holds_since_another_year(settings: Settings) -> None:
    """Points that add up to 97 are an answer by the older of two limits, and none by the newer one."""

    def ninety_seven(rows: list[dict[str, str]]) -> None:
        for row in rows[:40]:
            row |= {"al1": "50", "al2": "30", "al3": "17"}

    def limits(rows: list[dict[str, str]]) -> None:
        row = next(row for row in rows if row["check_name"] == "allocation_sum")
        rows += [row | {"year_from": "2020", "value": "6"}, row | {"year_from": "2021", "value": "1"}]
        rows.append(row | {"survey": "cyclists", "name": "split", "value": "10"})

    shutil.copy(SEEDS / "raw" / "cyclists_2022.csv", settings.seeds_dir / "raw")
    edit(settings, "raw/cyclists_2022.csv", ninety_seven)
    edit(settings, "codebook/limits.csv", limits)
    before, _ = refreshed(settings)
    put("codebook/limits.csv", "year_from", "2022", check_name="allocation_sum", year_from="2020")(settings)
    release, _ = refreshed(settings)
    assert parquet(release) != parquet(before)
    assert parquet(release) == parquet(from_nothing(settings, settings.seeds_dir.parent / "anew"))


def test_notes_stay_where_what_they_are_about_does(settings: Settings) -> None:
    def ninety_nine(rows: list[dict[str, str]]) -> None:
        for row in rows[:8]:
            row["a"] = "99"

    edit(settings, "raw/cyclists_2021.csv", ninety_nine)
    noted = []
    for label in ("One", "Two"):
        put("codebook/indicators.csv", "label_en", label, indicator="mood_good")(settings)
        watched = Watched()
        road.refresh(settings, "a test", watched)
        noted.append((watched.notes, watched.counts["warehouse"]["warnings"]))
    assert [note for note in noted[0][0] if "the number 99 8 times" in note]
    assert noted[0] == noted[1]


def test_what_changes_while_a_refresh_runs_is_not_published(settings: Settings) -> None:
    """The release would say that it is made of a file that it is not made of."""
    release, _ = refreshed(settings)
    path = settings.seeds_dir / "raw" / "cyclists_2022.csv"
    first, second = (path.read_bytes().replace(b"r1,1.4613", f"r1,{w}".encode()) for w in ("1.5613", "3.9613"))
    assert len({path.read_bytes(), first, second}) == 3
    path.write_bytes(first)
    with pytest.raises(DataRefused, match=r"cyclists_2022\.csv was changed while the refresh ran"):
        road.refresh(settings, "a test", Watched(lambda: path.write_bytes(second)))
    assert (settings.published_dir / "current").resolve() == release.resolve()
    path.write_bytes(first)
    again, _ = refreshed(settings)
    assert parquet(again) == parquet(from_nothing(settings, settings.seeds_dir.parent / "anew"))


def test_columns_that_change_places_are_another_parent(settings: Settings, tmp_path: Path) -> None:
    """The rows of a parent hold the same values, under each other's names: everybody is asked what riders were."""
    project = tmp_path / "project"
    shutil.copytree(PROJECT_DIR / "models", project / "models")
    shutil.copytree(PROJECT_DIR / "macros", project / "macros")
    shutil.copytree(PROJECT_DIR / "tests" / "data", project / "tests" / "data")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT_DIR / name, project)
    own = replace(settings, project_dir=project)
    refreshed(own)
    model = project / "models" / "intermediate" / "respondents" / "int_item_waves.sql"
    text = model.read_text(encoding="utf-8")
    head, tail = text[: text.rindex("select\n")], text[text.rindex("select\n") :]
    tail = tail.replace("    universe,\n", "    universe as like_for_like_universe,\n")
    tail = tail.replace("end as like_for_like_universe\nfrom", "end as universe\nfrom")
    model.write_text(head + tail, encoding="utf-8")
    with pytest.raises(DataRefused, match="routes them past it"):
        refreshed(own)


def test_a_wave_taken_away_leaves_no_respondent(settings: Settings) -> None:
    (settings.seeds_dir.parent / "landing.csv").unlink(missing_ok=True)
    without_newest_wave(settings)
    refreshed(settings)
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        found = connection.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
    assert sorted(found) == [("cyclists_2021",), ("cyclists_2022",)]
