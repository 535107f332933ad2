"""Waves that have passed the raw gate: looked at again only where the file, or what it is held to, has changed."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from helsemonitor.artifacts import file_sha256, read_json_or_none
from helsemonitor.codebook import Wave, raw_file
from helsemonitor.inputs import code_checksum, packages_checksum
from helsemonitor.limits import ANY, Limit
from helsemonitor.settings import Settings

if TYPE_CHECKING:
    from expectations.frames import Delivered


@dataclass(frozen=True)
class Passed:
    """A wave that held to everything expected of it.

    Args:
        held_to: Checksum of the file and of what it was held to.
        copy_sha256: Checksum of the file as dbt reads it.
        respondents: Rows of the file.
        passed: Expectations that hold.
    """

    held_to: str
    copy_sha256: str
    respondents: int
    passed: int


class Memory:
    """What a build folder remembers of the raw gate.

    Args:
        settings: Folders of the project.
        limits: All limits.
        copies: Folder of the files as dbt reads them.
    """

    def __init__(self, settings: Settings, limits: Sequence[Limit], copies: Path) -> None:
        self._settings = settings
        self._limits = limits
        self._copies = copies
        self._code = f"{code_checksum(settings.project_dir)} {packages_checksum()}"
        said = read_json_or_none(settings.raw_memory)
        self._said: Mapping[str, object] = said if isinstance(said, dict) else {}

    def held_to(self, wave: Wave, delivered: "Delivered") -> str:
        """Checksum of a wave's file and of everything that it is held to; empty where there is no file."""
        path = raw_file(self._settings, wave)
        if not path.is_file():
            return ""
        limits = [asdict(limit) for limit in self._limits if limit.survey in (ANY, wave.survey)]
        said = [self._code, file_sha256(path), asdict(wave), asdict(delivered), limits]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=sorted).encode()).hexdigest()

    def copy(self, wave: Wave) -> Path:
        """Where a wave's file lies as dbt reads it."""
        return self._copies / f"{wave.seed}.csv"

    def recall(self, wave: Wave, held_to: str) -> Passed | None:
        """What is known of a wave; None where it is to be looked at."""
        found = self._said.get(wave.wave_id)
        try:
            passed = Passed(**found)  # type: ignore[arg-type]
        except TypeError:
            return None
        copy = self.copy(wave)
        is_same = passed.held_to == held_to and copy.is_file() and file_sha256(copy) == passed.copy_sha256
        return passed if held_to and is_same else None

    def keep(self, looked_at: Iterable[Wave], passed: Iterable[tuple[Wave, Passed]]) -> None:
        """Remember which of the waves that were looked at have passed; what is known of others stays.

        Args:
            looked_at: Waves.
            passed: Those of them that have passed.
        """
        seen = {wave.wave_id for wave in looked_at}
        said = {name: known for name, known in self._said.items() if name not in seen}
        said |= {wave.wave_id: asdict(found) for wave, found in passed}
        self._settings.raw_memory.write_text(json.dumps(said, indent=1), encoding="utf-8")
