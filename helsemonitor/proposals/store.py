"""Proposals of a wave as they wait for review: a file of YAML for each wave in `landing/proposed`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from helsemonitor.codebook.schema import tables
from helsemonitor.codebook.waves import Wave
from helsemonitor.errors import PlaceUnfit, refusal
from helsemonitor.landing.keeping import write_in_one_step
from helsemonitor.proposals.edits import Edit, full_row
from helsemonitor.settings import Settings

ACCEPTED, REJECTED = "accepted", "rejected"
# Name of the proposal that declares the wave itself.
WAVE = "wave"
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


class _Edit(BaseModel):
    """An edit as it stands in a file; blank cells are left out."""

    model_config = ConfigDict(extra="forbid")
    table: str
    before: dict[str, str] | None = None
    after: dict[str, str] | None = None


class _Proposal(BaseModel):
    """A proposal as it stands in a file."""

    model_config = ConfigDict(extra="forbid")
    name: str
    title: str
    evidence: list[str]
    effect: str
    edits: list[_Edit]


class _Proposed(BaseModel):
    """A wave's proposals as they stand in a file."""

    model_config = ConfigDict(extra="forbid")
    survey: str
    year: int
    wave: str
    sha256: str
    decided: dict[str, str]
    waiting: list[_Proposal]


def _as_data(edit: Edit) -> _Edit:
    cells = [
        None if row is None else {name: cell for name, cell in row.items() if cell} for row in (edit.before, edit.after)
    ]
    return _Edit(table=edit.table, before=cells[0], after=cells[1])


def _from_data(data: _Edit) -> Edit:
    """An edit of plain values.

    Raises:
        ValueError: It is of no table, or neither adds nor takes a row.
    """
    if data.table not in tables() or (data.before is None and data.after is None):
        raise ValueError(f"a row of {data.table} with neither before nor after, or no table of the codebook")
    try:
        rows = [None if row is None else full_row(data.table, row) for row in (data.before, data.after)]
    except KeyError as mistake:
        raise ValueError(mistake.args[0]) from None
    return Edit(data.table, *rows)


def _as_yaml(data: object) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)


def _loaded(text: str) -> object:
    """YAML in which every value is a text: a code 010, an answer no and a date stay what they are.

    Raises:
        ValueError: It is no YAML, or is nested too deeply.
    """
    try:
        # No tag is followed, so that nothing but texts, lists and mappings is made.
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError) as mistake:
        raise ValueError("it is no YAML") from mistake


def edits_as_text(edits: Iterable[Edit]) -> str:
    """Rows as YAML that a person may edit."""
    return _as_yaml([_as_data(edit).model_dump(exclude_none=True) for edit in edits])


def edits_from_text(text: str) -> tuple[Edit, ...]:
    """Rows as a person has written them.

    Raises:
        ValueError: They cannot be read; the text says why, without a cell.
    """
    try:
        found = TypeAdapter(list[_Edit]).validate_python(_loaded(text))
    except ValidationError as mistake:
        first = mistake.errors(include_input=False, include_url=False)[0]
        raise ValueError(f"at {'.'.join(map(str, first['loc'])) or 'the top'}: {first['msg']}") from None
    return tuple(_from_data(edit) for edit in found)


def save(settings: Settings, proposed: Proposed) -> Path:
    """Write a wave's proposals in one step."""
    data = _Proposed(
        survey=proposed.survey,
        year=proposed.year,
        wave=proposed.wave_id,
        sha256=proposed.sha256,
        decided=dict(proposed.decided),
        waiting=[
            _Proposal(
                name=proposal.name,
                title=proposal.title,
                evidence=list(proposal.evidence),
                effect=proposal.effect,
                edits=[_as_data(edit) for edit in proposal.edits],
            )
            for proposal in proposed.waiting
        ],
    )
    path = _folder(settings) / f"{proposed.wave_id}.yaml"
    text = _as_yaml(data.model_dump(exclude_none=True))
    write_in_one_step(text.encode(), path)
    return path


def read(settings: Settings, path: Path) -> Proposed:
    """Read a wave's proposals.

    Raises:
        DataRefused: The file cannot be read.
    """
    try:
        found = _Proposed.model_validate(_loaded(path.read_text(encoding="utf-8")))
        waiting = tuple(
            Proposal(
                one.name, one.title, tuple(one.evidence), one.effect, tuple(_from_data(edit) for edit in one.edits)
            )
            for one in found.waiting
        )
    except OSError as error:
        raise PlaceUnfit([f"{settings.shown(path)} cannot be read ({error.strerror}); mend that."]) from None
    except ValueError:
        raise refusal(
            settings.shown(path), "the proposals cannot be read", "delete the file and land the delivery again"
        ) from None
    return Proposed(found.survey, found.year, found.wave, found.sha256, waiting, found.decided)


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
