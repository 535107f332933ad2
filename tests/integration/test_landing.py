"""`helsemonitor land`: a delivered file becomes a raw file of the road, or lies with its reasons beside the seeds."""

import csv
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
import yaml
from click.testing import CliRunner, Result

from helsemonitor.settings import PROJECT_DIR
from orchestration.cli import main

CYCLISTS = PROJECT_DIR / "tests" / "fixtures" / "cyclists"
ROW = "cyclists,2024,,,,,310,rid,wgt,,,delivered,provisional,,yes"


@pytest.fixture
def seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small survey, with a wave declared and reviewed that is not there yet."""
    seeds = Path(shutil.copytree(CYCLISTS, tmp_path / "home" / "seeds"))
    monkeypatch.setenv("HELSEMONITOR_SEEDS", str(seeds))
    monkeypatch.setenv("HELSEMONITOR_BUILD", str(tmp_path / "build"))
    with (seeds / "codebook" / "waves.csv").open("a", encoding="utf-8") as file:
        file.write(f"{ROW}\n")
    return seeds


def rows() -> pd.DataFrame:
    """The newest wave of the small survey as text."""
    return pd.read_csv(CYCLISTS / "raw" / "cyclists_2023.csv", dtype=str, keep_default_na=False)


def land(path: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["land", str(path), "--survey", "cyclists", "--year", "2024", *options])


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def delivered(tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame) -> Path:
    path = tmp_path / "Syklister 2024 endelig.csv"
    change(rows()).to_csv(path, index=False, sep=";", encoding="cp1252")
    return path


@pytest.mark.parametrize("ending", ["csv", "sav", "xlsx", "parquet"])
def test_a_delivery_of_any_format_is_the_same_raw_file(seeds: Path, tmp_path: Path, ending: str) -> None:
    frame, path = rows(), tmp_path / f"delivered.{ending}"
    if ending == "sav":
        pyreadstat.write_sav(frame, path)
    elif ending == "xlsx":
        frame.to_excel(path, index=False, engine="xlsxwriter")
    elif ending == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t", encoding="utf-16")
    before = files(seeds)
    result = land(path)
    assert result.exit_code == 0, result.output
    with (seeds / "raw" / "cyclists_2024.csv").open(encoding="utf-8", newline="") as file:
        header, *cells = csv.reader(file)
    assert header == list(frame)
    assert cells == frame.to_numpy().tolist()
    assert files(seeds).items() - before.items() == {("raw/cyclists_2024.csv", files(seeds)["raw/cyclists_2024.csv"])}
    (kept,) = (seeds.parent / "landing" / "delivered" / "cyclists_2024").glob(f"*-delivered.{ending}")
    assert kept.read_bytes() == path.read_bytes(), "kept as it came"


def test_the_same_file_lands_once_and_another_one_only_in_its_place(seeds: Path, tmp_path: Path) -> None:
    path = delivered(tmp_path)
    assert land(path).exit_code == 0
    landed, raw = files(seeds.parent), (seeds / "raw" / "cyclists_2024.csv").read_bytes()
    again = land(path)
    assert again.exit_code == 0
    assert "nothing was written" in again.output
    assert files(seeds.parent) == landed
    delivered(tmp_path, with_cell("a", "41"))
    refused = land(path)
    assert refused.exit_code == 1
    assert "cyclists_2024 is landed already" in refused.output
    assert "--replace" in refused.output
    assert files(seeds) == {name.removeprefix("seeds/"): sha for name, sha in landed.items() if "seeds/" in name}
    replaced = land(path, "--replace")
    assert replaced.exit_code == 0, replaced.output
    (former,) = (seeds.parent / "landing" / "delivered" / "cyclists_2024").glob("replaced-*.csv")
    assert former.read_bytes() == raw
    assert (seeds / "raw" / "cyclists_2024.csv").read_bytes() != raw


def test_a_wave_that_is_not_declared_is_proposed(seeds: Path, tmp_path: Path) -> None:
    waves = seeds / "codebook" / "waves.csv"
    waves.write_text(waves.read_text(encoding="utf-8").replace(f"{ROW}\n", ""), encoding="utf-8")
    before = waves.read_bytes()
    result = land(delivered(tmp_path))
    assert result.exit_code == 0, result.output
    assert "`helsemonitor review cyclists_2024`" in result.output
    assert waves.read_bytes() == before
    proposed = yaml.safe_load(
        (seeds.parent / "landing" / "proposed" / "cyclists_2024.yaml").read_text(encoding="utf-8")
    )
    assert [proposal["name"] for proposal in proposed["waiting"]] == ["wave"]
    (edit,) = proposed["waiting"][0]["edits"]
    assert edit["after"]["respondents"] == "310"
    assert (edit["after"]["respondent_column"], edit["after"]["weight_column"]) == ("rid", "wgt")
    assert "1 proposal waits in" in result.output
    assert ROW not in waves.read_text(encoding="utf-8")
    accepted = CliRunner().invoke(main, ["review", "cyclists_2024", "--accept", "wave"])
    assert accepted.exit_code == 0, accepted.output
    assert waves.read_text(encoding="utf-8").endswith(f"{ROW}\n")


def with_cell(column: str, cell: str, number: int = 3) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[: number - 1, column] = cell
        return frame

    return change


FAULTS = {
    "an id twice": (with_cell("rid", "1"), "rows share their respondent id with another row"),
    "no id": (with_cell("rid", ""), "3 of 310 rows have no respondent id"),
    "an unknown code": (with_cell("ride", "Q"), "column ride): Q 3 times stand in no row of code list"),
    "a name as a code": (with_cell("ride", "Ola Nordmann"), "a text of 12 characters 3 times"),
    "no weight": (with_cell("wgt", ""), "3 of 310 respondents have no weight"),
    "a weight of 0": (with_cell("wgt", "0"), "3 of 310 weights are zero or negative"),
    "a weight below 0": (with_cell("wgt", "-1"), "3 of 310 weights are zero or negative"),
    "an infinite weight": (with_cell("wgt", "inf"), "are not numbers"),
    "a column less": (lambda frame: frame.drop(columns="mood"), "column mood (item mood) is missing"),
    "a column more": (lambda frame: frame.assign(**{'x"; drop table y; --': "1"}), "has no row for it; add one"),
    "half of them": (lambda frame: frame.head(155), "155 respondents where waves.csv declares 310"),
    "ten times": (
        lambda frame: pd.concat([frame.assign(rid=frame["rid"] + f"-{time}") for time in range(10)]),
        "3100 respondents where waves.csv declares 310",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_fit_changes_nothing_and_is_kept_with_the_reasons(seeds: Path, tmp_path: Path, fault: str) -> None:
    change, words = FAULTS[fault]
    before, path = files(seeds), delivered(tmp_path, change)
    result = land(path)
    assert result.exit_code == 1, result.output
    assert words in result.output
    assert "Ola Nordmann" not in result.output
    assert files(seeds) == before
    assert not (seeds.parent / "landing" / "delivered").exists()
    report, copy = sorted((seeds.parent / "landing" / "rejected").iterdir(), key=lambda file: file.suffix != ".txt")
    assert copy.read_bytes() == path.read_bytes()
    assert words in report.read_text(encoding="utf-8")


def test_what_cannot_be_read_is_refused_in_a_sentence(seeds: Path, tmp_path: Path) -> None:
    before = files(seeds)
    for name, content in {"empty.csv": b"", "text.sav": b"rid;wgt\n1;1\n", "cut.xlsx": b"PK\x03\x04cut"}.items():
        (tmp_path / name).write_bytes(content)
        result = land(tmp_path / name)
        assert (result.exit_code, name in result.output) == (1, True), result.output
    assert files(seeds) == before
