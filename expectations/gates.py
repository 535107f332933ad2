"""The two gates as functions: raw wave files before the build, marts after it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from expectations import frames, runner
from expectations.keeper import Begin, in_process
from expectations.memory import Memory, Passed
from helsemonitor.artifacts import file_sha256, read_json_or_none, remove
from helsemonitor.codebook import Wave, raw_file
from helsemonitor.dbt_build import Progress
from helsemonitor.delimited import clean_name
from helsemonitor.errors import DataRefused, PlaceUnfit
from helsemonitor.inputs import HIDDEN
from helsemonitor.limits import read_limits
from helsemonitor.settings import Settings
from helsemonitor.warehouse import warehouse_state

if TYPE_CHECKING:
    from expectations.runner import Gate, Outcome


# Pages of the waves that were looked at since the gate last looked at all.
CHANGED = "raw_changed"


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


@dataclass(frozen=True)
class RawReading:
    """Raw wave files as they were read, before their suites have run.

    Args:
        settings: Folders of the project.
        waves: All waves, in the order asked for.
        read: Wave -> its file, of the waves that were looked at.
        known: Wave -> what is remembered of it, of the others.
        held_to: Wave -> checksum of its file and of what it is held to.
        memory: Where the waves that pass are remembered; None where nothing is.
    """

    settings: Settings
    waves: tuple[Wave, ...]
    read: Mapping[Wave, frames.RawWave]
    known: Mapping[Wave, Passed]
    held_to: Mapping[Wave, str]
    memory: Memory | None

    @property
    def batches(self) -> list[frames.Batch]:
        """Suites with their tables."""
        return [batch for raw in self.read.values() for batch in raw.batches]

    @property
    def is_readable(self) -> bool:
        """Whether every file was read whole, and lies where dbt reads it."""
        return not any(raw.sentences for raw in self.read.values())

    def begin(self, begin: Begin = in_process) -> Callable[[], tuple[WaveCheck, ...]]:
        """Begin to hold the files against their suites; what comes back waits for what was found, see `judged`."""
        if not self.known:
            remove(self.settings.data_docs_dir / CHANGED)
        wait = (
            begin(CHANGED if self.known else "raw", self.batches, self.settings.data_docs_dir) if self.batches else None
        )
        return lambda: self.judged(wait() if wait else runner.Gate((), 0.0))

    def judged(self, gate: "Gate") -> tuple[WaveCheck, ...]:
        """Say what was found, and remember the waves that have passed.

        Args:
            gate: Outcome of the suites.

        Returns:
            One check per wave, in the order asked for.
        """
        outcomes = {outcome.suite: outcome for outcome in gate.outcomes}
        checks = tuple(self._check(wave, outcomes) for wave in self.waves)
        if self.memory:
            self.memory.keep(self.waves, (self._passed(check) for check in checks if not check.sentences))
        return checks

    def _check(self, wave: Wave, outcomes: Mapping[str, "Outcome"]) -> WaveCheck:
        said = _changed_since_declared(self.settings, wave)
        is_note = wave.status == "provisional"
        found, notes = [said] if said and not is_note else [], (said,) if said and is_note else ()
        if wave in self.known:
            return WaveCheck(wave, self.known[wave].respondents, self.known[wave].passed, tuple(found), notes)
        raw = self.read[wave]
        own = [outcomes[batch.suite.name] for batch in raw.batches]
        found += [*raw.sentences, *(sentence for outcome in own for sentence in outcome.sentences)]
        return WaveCheck(wave, raw.rows, sum(outcome.passed for outcome in own), tuple(found), notes)

    def _passed(self, check: WaveCheck) -> tuple[Wave, Passed]:
        wave = check.wave
        if wave in self.known or self.memory is None:
            return wave, self.known[wave]
        copy = file_sha256(self.memory.copy(wave))
        return wave, Passed(self.held_to[wave], copy, check.respondents, check.passed)


def read_raw_files(
    settings: Settings, waves: Sequence[Wave], on_progress: Progress | None = None, copies: Path | None = None
) -> RawReading:
    """Read raw wave files, but those that have passed the gate as they are.

    Args:
        settings: Folders of the project.
        waves: Waves to look at.
        on_progress: Told after every file.
        copies: Folder for the files as dbt is to read them, each under the name of its seed. Without one every file is
            read, and nothing is remembered.
    """
    limits = read_limits(settings)
    delivered = frames.delivered_columns(settings)
    memory = Memory(settings, limits, copies) if copies else None
    read, known, held_to = {}, {}, {}
    for done, wave in enumerate(waves, start=1):
        columns = delivered.get((wave.survey, str(wave.year)), frames.NOTHING)
        held_to[wave] = memory.held_to(wave, columns) if memory else ""
        if memory and (passed := memory.recall(wave, held_to[wave])):
            known[wave] = passed
        else:
            read[wave] = frames.raw_wave(settings, wave, columns, limits, memory.copy(wave) if memory else None)
            if memory and memory.held_to(wave, columns) != held_to[wave]:
                # Changed in between: nobody can say which of the two was read.
                held_to[wave] = ""
        if on_progress:
            on_progress(done, len(waves), wave.wave_id)
    return RawReading(settings, tuple(waves), read, known, held_to, memory)


def check_raw(settings: Settings, waves: Sequence[Wave], docs: str = "raw") -> tuple[WaveCheck, ...]:
    """Hold raw wave files against their suites, whatever is known of them.

    Args:
        settings: Folders of the project.
        waves: Waves to look at.
        docs: Name of the folder for the pages with the results.

    Returns:
        One check per wave, in the order given.
    """
    reading = read_raw_files(settings, waves)
    return reading.judged(runner.run(docs, reading.batches, settings.data_docs_dir))


def undeclared_files(settings: Settings, waves: Sequence[Wave]) -> list[str]:
    """Sentences about raw files that no row of waves.csv declares."""
    declared = {clean_name(wave.wave_id) for wave in waves}
    return [
        f"{settings.shown(path)}: waves.csv does not declare this wave; add its row or remove the file."
        for path in sorted(settings.raw_dir.glob("*.csv"))
        if clean_name(path.stem) not in declared and not path.name.startswith(HIDDEN)
    ]


def check_marts(settings: Settings, begin: Begin = in_process) -> "Gate":
    """Hold the built marts against their suites, and remember which state of the warehouse passed them all.

    Args:
        settings: Folders of the project.
        begin: Runs the suites.

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
    gate = begin("marts", batches, settings.data_docs_dir)()
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
