"""Proposals of a wave as they wait for review: a file of YAML for each wave in `landing/proposed`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from helsemonitor.codebook.waves import Wave
from helsemonitor.errors import refusal
from helsemonitor.landing.keeping import write_in_one_step
from helsemonitor.proposals.edits import Edit, full_row
from helsemonitor.settings import Settings

ACCEPTED, REJECTED = "accepted", "rejected"
SHOWN_NAMES = 6


@dataclass(frozen=True)
class Proposal:
    """Rows that belong together, and why.

    Args:
        name: What it is called in its wave.
        title: What it is about, in a few words.
        evidence: What was seen in the file, a clause each.
        effect: What it does to the series; empty where it does nothing to them.
        edits: The rows.
    """

    name: str
    title: str
    evidence: tuple[str, ...]
    effect: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Proposed:
    """All proposals of a wave.

    Args:
        survey: Survey id.
        year: The wave.
        wave_id: Name of its raw file.
        sha256: Digest of the delivery that they were read from.
        waiting: Proposals that wait for review, in order.
        decided: Name of a proposal that was reviewed -> `accepted` or `rejected`.
    """

    survey: str
    year: int
    wave_id: str
    sha256: str
    waiting: tuple[Proposal, ...]
    decided: Mapping[str, str] = field(default_factory=dict)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All rows that wait, in order."""
        return tuple(edit for proposal in self.waiting for edit in proposal.edits)

    def without(self, name: str, decision: str) -> "Proposed":
        """The proposals with one of them decided."""
        left = tuple(proposal for proposal in self.waiting if proposal.name != name)
        return replace(self, waiting=left, decided={**self.decided, name: decision})

    def with_other(self, changed: Proposal) -> "Proposed":
        """The proposals with one of them in another form."""
        waiting = tuple(changed if proposal.name == changed.name else proposal for proposal in self.waiting)
        return replace(self, waiting=waiting)


def _folder(settings: Settings) -> Path:
    return settings.landing_dir / "proposed"


def path_of(settings: Settings, wave: Wave) -> Path:
    """The file of a wave's proposals."""
    return _folder(settings) / f"{wave.wave_id}.yaml"


def as_data(edit: Edit) -> dict[str, Any]:
    """An edit as plain values; blank cells of new rows and cells that stay are left out where they can be."""
    data: dict[str, Any] = {"table": edit.table}
    for word, cells in (("before", edit.before), ("after", edit.after)):
        if cells is not None:
            data[word] = {name: cell for name, cell in cells.items() if cell}
    return data


def from_data(data: Mapping[str, Any]) -> Edit:
    """An edit from plain values.

    Raises:
        KeyError: A cell belongs to no column of the table.
    """
    rows = [
        full_row(data["table"], {str(name): str(cell) for name, cell in data[word].items()}) if word in data else None
        for word in ("before", "after")
    ]
    return Edit(str(data["table"]), *rows)


def save(settings: Settings, proposed: Proposed) -> Path:
    """Write a wave's proposals in one step."""
    data = {
        "survey": proposed.survey,
        "year": proposed.year,
        "wave": proposed.wave_id,
        "sha256": proposed.sha256,
        "decided": dict(proposed.decided),
        "waiting": [
            {
                "name": proposal.name,
                "title": proposal.title,
                "evidence": list(proposal.evidence),
                "effect": proposal.effect,
                "edits": [as_data(edit) for edit in proposal.edits],
            }
            for proposal in proposed.waiting
        ],
    }
    path = _folder(settings) / f"{proposed.wave_id}.yaml"
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
    write_in_one_step(text.encode(), path)
    return path


def read(settings: Settings, path: Path) -> Proposed:
    """Read a wave's proposals.

    Raises:
        DataRefused: The file cannot be read.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        waiting = tuple(
            Proposal(
                found["name"],
                found["title"],
                tuple(found["evidence"]),
                found["effect"],
                tuple(from_data(edit) for edit in found["edits"]),
            )
            for found in data["waiting"]
        )
        return Proposed(data["survey"], data["year"], data["wave"], data["sha256"], waiting, data["decided"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise refusal(
            settings.shown(path), "the proposals cannot be read", "delete the file and land the delivery again"
        ) from None


def all_proposed(settings: Settings) -> list[Proposed]:
    """Proposals of all waves, also those that are decided.

    Raises:
        DataRefused: A file cannot be read.
    """
    folder = _folder(settings)
    return [read(settings, path) for path in sorted(folder.glob("*.yaml"))] if folder.is_dir() else []


def waiting_sentences(settings: Settings) -> list[str]:
    """A sentence for each wave whose proposals wait for review.

    Raises:
        DataRefused: A file cannot be read.
    """
    return [
        f"{proposed.wave_id}: {_number(len(proposed.waiting))} for review "
        f"({_listed([proposal.name for proposal in proposed.waiting])}); walk through them with "
        f"`helsemonitor review {proposed.wave_id}`."
        for proposed in all_proposed(settings)
        if proposed.waiting
    ]


def _number(count: int) -> str:
    return f"{count} proposal{'s wait' if count > 1 else ' waits'}"


def _listed(names: Iterable[str]) -> str:
    known = list(names)
    more = [f"and {len(known) - SHOWN_NAMES} more"] if len(known) > SHOWN_NAMES else []
    return ", ".join([*known[:SHOWN_NAMES], *more])
