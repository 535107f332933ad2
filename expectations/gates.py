"""The two gates as functions: raw wave files before the build, marts after it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from expectations import frames, runner
from helsemonitor.artifacts import file_sha256, read_json_or_none
from helsemonitor.codebook import Wave, raw_file
from helsemonitor.dbt_build import Progress
from helsemonitor.delimited import clean_name
from helsemonitor.errors import DataRefused, PlaceUnfit
from helsemonitor.limits import read_limits
from helsemonitor.settings import Settings
from helsemonitor.warehouse import warehouse_state

if TYPE_CHECKING:
    from expectations.runner import Gate


@dataclass(frozen=True)
class WaveCheck:
    """What the raw gate found in one wave file.

    Args:
        wave: The wave.
        respondents: Rows of the file.
        passed: Expectations that hold.
        sentences: What is wrong with the file.
        notes: What is to be known of it and stops nothing.
    """

    wave: Wave
    respondents: int
    passed: int
    sentences: tuple[str, ...]
    notes: tuple[str, ...] = ()


def _changed_since_declared(settings: Settings, wave: Wave) -> str:
    """What to say of a file that is not the one whose checksum waves.csv holds; empty where it is, or none is held."""
    path, declared = raw_file(settings, wave), wave.sha256.strip().lower()
    if not declared or not path.is_file():
        return ""
    found = file_sha256(path)
    if found == declared:
        return ""
    mend = (
        "The wave is provisional, so the run goes on; declare the new checksum in waves.csv once the file stands"
        if wave.status == "provisional"
        else "Nothing is built: restore the file, or, if the new one is right, declare its checksum in waves.csv and "
        "say in CHANGELOG.md why it changed"
    )
    return (
        f"{settings.shown(path)} (survey {wave.survey}, year {wave.year}): the file is not the one that was declared; "
        f"waves.csv holds sha256 {declared}, and the file has {found}. {mend}."
    )


def check_raw(
    settings: Settings,
    waves: Sequence[Wave],
    docs: str = "raw",
    on_progress: Progress | None = None,
    copies: Path | None = None,
) -> tuple[WaveCheck, ...]:
    """Hold raw wave files against their suites.

    Args:
        settings: Folders of the project.
        waves: Waves to look at.
        docs: Name of the folder for the pages with the results.
        on_progress: Told after every file that was read.
        copies: Folder for the files as dbt is to read them, each under the name of its seed; none by default.

    Returns:
        One check per wave, in the order given.
    """
    limits = read_limits(settings)
    delivered = frames.delivered_columns(settings)
    read = []
    for done, wave in enumerate(waves, start=1):
        columns = delivered.get((wave.survey, str(wave.year)), frames.NOTHING)
        copy = copies / f"{wave.seed}.csv" if copies else None
        read.append(frames.raw_wave(settings, wave, columns, limits, copy))
        if on_progress:
            on_progress(done, len(waves), wave.wave_id)
    changed = {wave: _changed_since_declared(settings, wave) for wave in waves}
    gate = runner.run(docs, [batch for raw in read for batch in raw.batches], settings.data_docs_dir)
    outcomes = {outcome.suite: outcome for outcome in gate.outcomes}
    checks = []
    for wave, raw in zip(waves, read, strict=True):
        own = [outcomes[batch.suite.name] for batch in raw.batches]
        said = (changed[wave],) if changed[wave] else ()
        is_note = wave.status == "provisional"
        sentences = (
            *(() if is_note else said),
            *raw.sentences,
            *(sentence for outcome in own for sentence in outcome.sentences),
        )
        passed = sum(outcome.passed for outcome in own)
        checks.append(WaveCheck(wave, raw.rows, passed, sentences, said if is_note else ()))
    return tuple(checks)


def undeclared_files(settings: Settings, waves: Sequence[Wave]) -> list[str]:
    """Sentences about raw files that no row of waves.csv declares."""
    declared = {clean_name(wave.wave_id) for wave in waves}
    return [
        f"{settings.shown(path)}: waves.csv does not declare this wave; add its row or remove the file."
        for path in sorted(settings.raw_dir.glob("*.csv"))
        if clean_name(path.stem) not in declared
    ]


def check_marts(settings: Settings) -> "Gate":
    """Hold the built marts against their suites, and remember which state of the warehouse passed them all.

    Raises:
        PlaceUnfit: There is no warehouse.
    """
    settings.marts_seal.unlink(missing_ok=True)
    if not settings.warehouse.exists():
        raise PlaceUnfit(
            [
                f"{settings.shown(settings.warehouse)} is not there; run the whole road (`helsemonitor refresh` or the "
                "job annual_refresh)."
            ]
        )
    state = warehouse_state(settings)
    batches = frames.mart_batches(settings.warehouse, read_limits(settings))
    gate = runner.run("marts", batches, settings.data_docs_dir)
    if not gate.sentences:
        settings.marts_seal.write_text(json.dumps(state), encoding="utf-8")
    return gate


def refuse_unchecked_marts(settings: Settings) -> None:
    """Refuse to publish a warehouse that was built or changed after the marts gate, or never came through it.

    Dagster lets a person run any step by itself; this holds then, too.

    Raises:
        DataRefused: The warehouse is not in the state that passed the gate.
    """
    seal = settings.marts_seal
    if not settings.warehouse.exists() or read_json_or_none(seal) != warehouse_state(settings):
        raise DataRefused(
            [
                f"The marts of {settings.shown(settings.warehouse)} have not passed their expectations since they were "
                "last built; run the whole road (`helsemonitor refresh` or the job annual_refresh)."
            ]
        )
