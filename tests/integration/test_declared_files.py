"""Files are what was declared: checksums, broken weights, a scale that turned round, values that jump at a break."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from expectations import runner
from expectations.frames import Batch, mart_frames
from expectations.gates import check_raw
from expectations.suites import mart_suites
from helsemonitor.codebook import read_waves
from helsemonitor.limits import read_limits
from helsemonitor.settings import PROJECT_DIR, Settings
from tests.fast_road import Outcome, fast_road
from tests.unit.test_weights import FIXTURE, Row, edited, read, write

Edit = Callable[[list[Row]], list[Row]]


def settings_of(folder: Path, edits: dict[str, Edit]) -> Settings:
    """Folders of an edited copy of the fixture."""
    (folder / "build").mkdir()
    return Settings(PROJECT_DIR, edited(folder, edits), folder / "build", "report")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def declared(settings: Settings, year: int, checksum: str, status: str) -> None:
    """Declare a wave's checksum and status."""
    path = settings.codebook_dir / "waves.csv"
    rows = read(path)
    write(path, [row | ({"sha256": checksum, "status": status} if row["year"] == str(year) else {}) for row in rows])


def ticked_later(rows: list[Row]) -> list[Row]:
    """Forty ticks more, as somebody who saved the file again."""
    blank = [number for number, row in enumerate(rows) if row["m1"] == "0"][:40]
    return [row | ({"m1": "1"} if number in blank else {}) for number, row in enumerate(rows)]


@pytest.mark.parametrize("year", [2021, 2023])
def test_a_final_file_that_changed_is_refused(tmp_path: Path, year: int) -> None:
    name = f"cyclists_{year}.csv"
    settings = settings_of(tmp_path, {f"raw/{name}": ticked_later})
    before, after = sha256(FIXTURE / "raw" / name), sha256(settings.raw_dir / name)
    declared(settings, year, before, "final")
    outcome = fast_road(settings.seeds_dir, settings.build_dir)
    (sentence,) = outcome.sentences
    for part in (name, "survey cyclists", f"year {year}", before, after, "restore the file", "declare its checksum"):
        assert part in sentence
    assert outcome.rows("select count(*) from duckdb_tables() where schema_name = 'marts'") == [(0,)]


def test_a_provisional_file_that_changed_is_a_note(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"raw/cyclists_2022.csv": ticked_later})
    declared(settings, 2022, sha256(FIXTURE / "raw" / "cyclists_2022.csv"), "provisional")
    checks = {check.wave.year: check for check in check_raw(settings, read_waves(settings))}
    assert all(check.sentences == () for check in checks.values())
    (note,) = checks[2022].notes
    assert sha256(settings.raw_dir / "cyclists_2022.csv") in note
    assert (checks[2021].notes, checks[2023].notes) == ((), ())


@pytest.mark.parametrize("spelt", [str, str.upper])
def test_a_file_that_is_the_declared_one_goes_on(tmp_path: Path, spelt: Callable[[str], str]) -> None:
    settings = settings_of(tmp_path, {})
    declared(settings, 2022, spelt(sha256(FIXTURE / "raw" / "cyclists_2022.csv")), "final")
    checks = check_raw(settings, read_waves(settings))
    assert [(check.sentences, check.notes) for check in checks] == [((), ())] * 3


WORDS = ["", "abc", "nan", "inf", "-inf", "1e999", "0", "-1", "1_000", "٣", "1 000,5", "None"]


@pytest.mark.parametrize("weight", WORDS)
def test_no_weights_and_numbers_end_in_a_traceback(tmp_path: Path, weight: str) -> None:
    """The same text for every weight, age and point: sentences come, and none of them shows the text of a cell."""
    settings = settings_of(
        tmp_path,
        {
            "raw/cyclists_2022.csv": lambda rows: [
                row | {"wgt": weight, "a": weight, "al1": weight, "al2": "secret_cell"} for row in rows
            ]
        },
    )
    checks = {check.wave.year: check for check in check_raw(settings, read_waves(settings))}
    assert checks[2022].sentences
    assert all("year 2022" in sentence and "secret_cell" not in sentence for sentence in checks[2022].sentences)
    for page in settings.data_docs_dir.rglob("*.html"):
        assert "secret_cell" not in page.read_text(encoding="utf-8")


def marts_gate(settings: Settings, outcome: Outcome) -> list[str]:
    """Sentences of the marts gate over a built survey."""
    limits = read_limits(settings)
    frames = mart_frames(outcome.tables, limits)
    batches = [Batch(suite, frames[name]) for name, suite in mart_suites(limits).items()]
    return list(runner.run("marts", batches, settings.data_docs_dir).sentences)


def skewed(column: str, codes: list[str], order: list[str]) -> Edit:
    """Give every respondent who answered a code, most of them the first of an order: half, a quarter, and so on."""
    shares = [2 ** -(place + 1) for place in range(len(order))]

    def edit(rows: list[Row]) -> list[Row]:
        filled = [number for number, row in enumerate(rows) if row[column] in codes]
        edges = [round(len(filled) * sum(shares[: place + 1])) for place in range(len(order) - 1)] + [len(filled)]
        answer = {}
        for rank, number in enumerate(filled):
            answer[number] = order[next(place for place, edge in enumerate(edges) if rank < edge)]
        return [row | ({column: answer[number]} if number in answer else {}) for number, row in enumerate(rows)]

    return edit


MOODS = ["A", "B", "X", "C", "D"]
FALLING = ["D", "C", "X", "B", "A"]


@pytest.mark.parametrize(
    ("newer", "said"),
    [
        (FALLING, ""),
        (FALLING[::-1], "the scale runs the other way"),
        (["C", "D", "X", "B", "A"], "good and great are exchanged"),
    ],
)
def test_a_scale_that_turned_is_named(tmp_path: Path, newer: list[str], said: str) -> None:
    edits = {
        "raw/cyclists_2022.csv": skewed("mood", MOODS, FALLING),
        "raw/cyclists_2023.csv": skewed("mood", MOODS, newer),
    }
    settings = settings_of(tmp_path, edits)
    outcome = fast_road(settings.seeds_dir, settings.build_dir)
    assert outcome.sentences == ()
    found = [sentence for sentence in marts_gate(settings, outcome) if "item mood" in sentence and "2023" in sentence]
    if not said:
        assert found == []
        return
    (sentence,) = found
    assert f"(survey cyclists, year 2023, item mood): {said}" in sentence
    # How far the waves are apart, from the raw files: the sum of the weights by answer.
    shares = []
    for year in (2022, 2023):
        weights: Counter[str] = Counter()
        for row in read(settings.raw_dir / f"cyclists_{year}.csv"):
            if row["mood"] in MOODS and (year == 2022 or row["ride"] == "Y"):
                weights[row["mood"]] += float(row["wgt"])
        shares.append({code: weights[code] / math.fsum(weights.values()) for code in MOODS})
    apart = 50 * sum(abs(shares[0][code] - shares[1][code]) for code in MOODS)
    assert f"the answers are {apart:.1f} points away from those of 2022" in sentence
    write(
        settings.codebook_dir / "limits.csv",
        [
            *read(settings.codebook_dir / "limits.csv"),
            {
                "check_name": "turned",
                "survey": "cyclists",
                "year_from": "2023",
                "name": "mood",
                "value": "100",
                "unit": "percentage points",
                "since": "2030-01-01",
                "reason": "The town was rebuilt.",
            },
        ],
    )
    assert not [
        sentence for sentence in marts_gate(settings, outcome) if "item mood" in sentence and "2023" in sentence
    ]


def test_the_first_wave_of_a_segment_has_a_limit_too(tmp_path: Path) -> None:
    """Everybody strongly disagrees in 2022, where a midpoint was added: beyond what a registered break explains."""
    edits = {
        "raw/cyclists_2021.csv": lambda rows: [row | {"mood": "D"} for row in rows],
        "raw/cyclists_2022.csv": lambda rows: [row | {"mood": "AB"[number % 2]} for number, row in enumerate(rows)],
    }
    settings = settings_of(tmp_path, edits)
    outcome = fast_road(settings.seeds_dir, settings.build_dir)
    assert outcome.sentences == ()
    sentences = [sentence for sentence in marts_gate(settings, outcome) if "series mood:great" in sentence]
    assert len(sentences) >= 1
    assert "moved by 100.0 since 2021, across a break of the series (50 is allowed" in sentences[0]
