"""What a release is made of, as checksums: equal inputs make an equal release, so that nothing need be built again."""

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from helsemonitor.artifacts import file_sha256, read_json_or_none
from helsemonitor.codebook.schema import tables
from helsemonitor.settings import PROJECT_DIR, Settings
from helsemonitor.warehouse import warehouse_state

# A program hides such a file, or keeps it for itself.
HIDDEN = (".", "~")
FOLDERS = ("codebook", "published", "raw")
# What the road runs; documents, tests and benchmarks change nothing of a release.
PROJECT = ("dbt_project.yml", "profiles.yml", "macros", "models", "tests/data")
CODE = (*PROJECT, "helsemonitor", "expectations", "orchestration")
PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "great-expectations", "pandas", "numpy", "scipy")


@dataclass(frozen=True)
class Inputs:
    """Checksums of what a release, or a warehouse, is made of.

    Args:
        seeds: File below the folder of seeds -> its SHA-256.
        code: Checksum of the project's code.
        setting: Checksum of the packages, the disclosure profile and its secret.
    """

    seeds: Mapping[str, str]
    code: str
    setting: str

    def changed_seeds(self, before: "Inputs") -> list[str]:
        """Files that are new or other than before."""
        return [name for name, checksum in self.seeds.items() if before.seeds.get(name) != checksum]

    def as_json(self) -> dict[str, Any]:
        """The checksums as a manifest holds them."""
        return {"code": self.code, "setting": self.setting, "seeds": dict(self.seeds)}


def inputs_from(said: object) -> Inputs | None:
    """Checksums as a manifest holds them; None where it holds none, or something else."""
    if not isinstance(said, dict) or not isinstance(said.get("seeds"), dict):
        return None
    return Inputs(seeds=said["seeds"], code=str(said.get("code")), setting=str(said.get("setting")))


def _files(folder: Path) -> Iterator[Path]:
    """Files below a folder, in the order of their names; none that is hidden."""
    if folder.is_file():
        yield folder
    elif folder.is_dir() and folder.name != "__pycache__":
        for path in sorted(folder.iterdir()):
            if not path.name.startswith(HIDDEN):
                yield from _files(path)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def code_checksum(project_dir: Path) -> str:
    """Checksum of the code that a run of the road runs."""
    paths = [path for part in CODE for path in _files(project_dir / part)]
    return _digest(f"{path.relative_to(project_dir)} {file_sha256(path)}" for path in paths)


def packages_checksum() -> str:
    """Checksum of the versions of Python and of the packages that a number may depend on."""
    return _digest([platform.python_version(), *(f"{package} {version(package)}" for package in PACKAGES)])


def _setting(settings: Settings) -> str:
    secret = settings.record_key_secret
    is_open = settings.disclosure == "open" and secret.is_file()
    return _digest([packages_checksum(), settings.disclosure, file_sha256(secret) if is_open else ""])


def inputs_of(settings: Settings, seeds_dir: Path) -> Inputs:
    """Take the checksums of the inputs as they lie.

    Args:
        settings: Folders of the project.
        seeds_dir: Folder of the seeds: those of the user, or those that passed the gates.
    """
    found = {str(path.relative_to(seeds_dir)): path for folder in FOLDERS for path in _files(seeds_dir / folder)}
    for table in tables().values():
        # The project's own stands in for a file that is not there.
        name = f"{table.folder}/{table.name}.csv"
        if table.presence == "house" and name not in found:
            found[name] = PROJECT_DIR / "seeds" / name
    return Inputs(
        seeds={name: file_sha256(path) for name, path in sorted(found.items())},
        code=code_checksum(settings.project_dir),
        setting=_setting(settings),
    )


def seal_warehouse(settings: Settings, inputs: Inputs | None = None) -> None:
    """Remember that the project's own steps, and nothing else, have written to the warehouse, and that they ended well.

    Args:
        settings: Folders of the project.
        inputs: What all of the warehouse is made of; None where a part of it was built alone.
    """
    whole = inputs.as_json() if inputs else None
    said = {"state": warehouse_state(settings), "setting": _setting(settings), "inputs": whole}
    settings.warehouse_seal.write_text(json.dumps(said, indent=1), encoding="utf-8")


def is_sealed(settings: Settings) -> bool:
    """Whether the warehouse can be built upon.

    It can where it is as the last of the project's own steps left it, that ended well, and packages, disclosure profile
    and secret are the same.
    """
    said = read_json_or_none(settings.warehouse_seal)
    if not isinstance(said, dict) or not settings.warehouse.is_file():
        return False
    return said.get("state") == warehouse_state(settings) and said.get("setting") == _setting(settings)


def sealed_inputs(settings: Settings) -> Inputs | None:
    """What all of the warehouse is made of; None where that is not certain."""
    return inputs_from(read_json_or_none(settings.warehouse_seal)["inputs"]) if is_sealed(settings) else None
