"""What the command says and how it exits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from helsemonitor import lock, releases
from helsemonitor.build_failures import BuildError
from helsemonitor.codebook import Wave
from helsemonitor.errors import DataRefused
from helsemonitor.settings import Settings
from orchestration import cli, reporters, road, status
from tests.unit.small_project import make_settings, make_warehouse, write_waves


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = make_settings(tmp_path)
    monkeypatch.setattr(cli.Settings, "from_environment", classmethod(lambda cls: settings))
    return settings


FACTS = {
    "counts": {"waves": 2, "respondents": 12345},
    "disclosure": "open",
    "reconciliation": {
        "ladder": [["b20", "chart", "match", 1], ["b20", "chart", "known_inconsistency", 1]],
        "worst": [["b20_0002", "fig 1", "song", "loud", 2020, "total", 8.0, 7.48, "known_inconsistency"]],
    },
}


def publish_once(settings: Settings) -> releases.Release:
    make_warehouse(settings)
    waves = [Wave("birds", 2020, 3, "nr", "", ""), Wave("birds", 2021, 3, "nr", "", "")]
    return releases.publish_release(settings, waves, FACTS)


def test_a_finished_refresh_is_summed_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    release = publish_once(settings)

    def finish(settings: Settings, who: str, reporter: road.Reporter, is_full: bool = False) -> road.RefreshResult:
        gate = road.StageResult("raw gate", 1.25, {"waves": 2, "respondents": 12345, "checks_passed": 40})
        counts = {"models": 3, "checks_passed": 60, "warnings": 1}
        build = road.StageResult("warehouse", 2.5, counts, ("Nothing checks the weights of birds 2021.",))
        for stage in (gate, build):
            reporter.started(stage.stage)
            reporter.progress(1, 2, "birds")
            reporter.finished(stage)
        return road.RefreshResult((gate, build), release)

    monkeypatch.setattr(road, "refresh", finish)
    done = CliRunner().invoke(cli.main, ["refresh"])
    assert done.exit_code == 0, done.output
    lines = [" ".join(line.split()) for line in done.output.splitlines() if line.strip()]
    assert lines == [
        "raw gate ...",
        "raw gate: 2 waves, 12 345 respondents, 40 checks passed (1.2 s)",
        "warehouse ...",
        "warehouse: 3 models, 60 checks passed, 1 warnings (2.5 s)",
        "waves 2",
        "respondents 12 345",
        "answers 0",
        "items 0",
        "indicators 0",
        "checks passed 100",
        "warnings 1",
        "raw gate 1.2 s",
        "warehouse 2.5 s",
        "in all 3.8 s",
        "note Nothing checks the weights of birds 2021.",
        f"release build/published/releases/{release.release_id}",
        "current build/published/current",
        "data docs build/data_docs/index.html",
    ]


def test_refused_data_exit_with_1_and_sentences(settings: Settings) -> None:
    write_waves(settings, [])
    refused = CliRunner().invoke(cli.main, ["refresh"])
    assert refused.exit_code == 1
    assert refused.stderr.splitlines() == [
        *(
            f"The codebook file seeds/codebook/{name}.csv is not there; restore it or point HELSEMONITOR_SEEDS "
            "elsewhere."
            for name in ("surveys", "items", "columns", "breakdowns")
        ),
        "Refused: nothing was published.",
    ]
    publish_once(settings)
    refused = CliRunner().invoke(cli.main, ["refresh"])
    assert refused.stderr.splitlines()[-1] == "Refused: nothing was published. build/published/current is as it was."


def test_a_second_refresh_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    write_waves(settings, ["birds,2020,3,nr,,"])
    monkeypatch.setattr(lock, "GRACE_SECONDS", 0.1)
    with lock.writer(settings, "Dagster run 12ab34cd"):
        refused = CliRunner().invoke(cli.main, ["refresh"])
        assert "Dagster run 12ab34cd" in CliRunner().invoke(cli.main, ["status"]).output
    assert refused.exit_code == 4, "the data have done nothing wrong"
    assert "by Dagster run 12ab34cd" in refused.stderr
    assert "is still running" in refused.stderr


def test_a_defect_is_not_blamed_on_the_data(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise BuildError("dbt could not start to build: no profile")

    monkeypatch.setattr(road, "refresh", break_down)
    broken = CliRunner().invoke(cli.main, ["refresh"])
    assert broken.exit_code == 3
    assert broken.stderr.splitlines() == [
        "BuildError: dbt could not start to build: no profile",
        "The run itself failed, not the data; nothing was published. The whole story is in build/logs/error.log.",
    ]
    assert "break_down" in (settings.logs_dir / "error.log").read_text()


def test_an_interrupted_refresh_is_neither_refused_nor_broken(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(road, "refresh", interrupt)
    stopped = CliRunner().invoke(cli.main, ["refresh"])
    assert (stopped.exit_code, stopped.stderr) == (130, "Stopped: nothing was published.\n")


@pytest.mark.parametrize("arguments", [["refresh", "--fast"], ["publish"], ["refresh", "innbygger"]])
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli.main, arguments).exit_code == 2


def test_an_unknown_disclosure_profile_is_wrong_usage(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.Settings, "from_environment", lambda: replace(settings, disclosure="closed"))
    refused = CliRunner().invoke(cli.main, ["refresh"])
    assert refused.exit_code == 2
    assert "HELSEMONITOR_DISCLOSURE is 'closed'; say report or open." in refused.stderr


def test_status_before_the_first_release(settings: Settings) -> None:
    shown = CliRunner().invoke(cli.main, ["status"])
    assert shown.exit_code == 0
    assert shown.output.splitlines() == [
        "release  none yet; `helsemonitor refresh` makes the first one",
        "now      no refresh is running",
    ]


def test_status_of_a_release(settings: Settings) -> None:
    release = publish_once(settings)
    lines = CliRunner().invoke(cli.main, ["status"]).output.splitlines()
    assert lines[0] == f"release  build/published/releases/{release.release_id}"
    assert lines[1].startswith("age      less than a minute old (published ")
    assert lines[2:5] == ["waves    birds 2020 2021", "counts   2 waves, 12 345 respondents", "profile  open"]
    assert lines[-1] == "now      no refresh is running"
    # One printed number differs and is known to; the other matches.
    assert [line.split() for line in lines[6:9]] == [
        ["printed", "in", "kind", "match", "known", "inconsistency", "mismatch", "not", "computable"],
        ["b20", "chart", "1", "1", "0", "0"],
        ["all", "1", "1", "0", "0"],
    ]
    assert lines[11].split() == [
        "b20_0002",
        "fig",
        "1",
        "song",
        "loud",
        "2020",
        "total",
        "8",
        "7.48",
        "known_inconsistency",
    ]


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=59), "less than a minute old"),
        (timedelta(minutes=1), "1 minute old"),
        (timedelta(hours=23, minutes=59), "23 hours old"),
        (timedelta(days=400), "400 days old"),
    ],
)
def test_age_in_words(age: timedelta, words: str) -> None:
    now = datetime(2030, 5, 1, tzinfo=UTC)
    assert status.age((now - age).isoformat(), now) == words


def test_bars_on_a_terminal() -> None:
    import io

    from rich.console import Console

    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    with reporters.LiveReporter(console) as reporter:
        reporter.started("raw gate")
        reporter.progress(1, 3, "birds_2020")
        reporter.finished(road.StageResult("raw gate", 1.0, {"waves": 3, "warnings": 0}))
        reporter.started("publish")
    assert "3 waves" in screen.getvalue()
    assert "publish" in screen.getvalue()


def test_sentences_are_kept_apart() -> None:
    assert DataRefused(["One.", "Two."]).sentences == ("One.", "Two.")
    assert str(DataRefused(["One.", "Two."])) == "One.\nTwo."
