"""Draws one item of a wave: prior from traits, tilted to the conditions, rounded to definite responses."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from synthetic.assumptions import Assumptions
from synthetic.codebook import Item, Wave, parts
from synthetic.conditions import Builder, achieved, is_met, windows
from synthetic.events import Atom, FloatArray, Sample, Space, items_of, scaled, single
from synthetic.rounding import respond
from synthetic.spaces import ALONE_KINDS, Prior, build
from synthetic.targets import Target
from synthetic.tilting import tilt

ASSUMED_SLACK = 0.2
ASSUMED_HALF_WIDTH = 2.5
NONRESPONSE_SLACK = 2.0
NONRESPONSE_HALF_WIDTH = 3.0
SHARED_TYPES = frozenset({"single", "multi", "scale", "open_coded"})
DEFAULT_NUMBERS = (50.0, 15.0, 18, 90)


@dataclass(frozen=True)
class Miss:
    """A printed number that a drawn item does not meet."""

    wave: str
    item: str
    target: str
    wanted: float
    got: float
    is_exact: bool


def generator_for(*words: object) -> np.random.Generator:
    """Random numbers that depend on nothing but the words."""
    return np.random.default_rng(zlib.crc32("|".join(map(str, words)).encode()))


class ItemDrawer:
    """Draws items of one wave, one after another."""

    def __init__(
        self, wave: Wave, assumptions: Assumptions, sample: Sample, targets: list[Target], attempt: int = 0
    ) -> None:
        """Prepare a wave.

        Args:
            wave: The wave.
            assumptions: What the reports leave open.
            sample: Respondents; responses are added to it.
            targets: Targets of the whole wave.
            attempt: Another number, other random draws.
        """
        self.wave = wave
        self.assumptions = assumptions
        self.sample = sample
        self.targets = targets
        self.attempt = attempt
        self.noise = self._noise()

    def draw(self, item: Item) -> list[Miss]:
        """Draw an item for everyone it is asked of.

        Args:
            item: The item.

        Returns:
            Printed numbers that could not be met.
        """
        generator = generator_for(self.wave.name, item.item, self.attempt)
        asked = np.flatnonzero(self.sample.evaluate(self.wave.universe(item.item)) > 0.5)
        printed = self._targets_of(item.item)
        prior = self._prior(item, generator)
        log_prior = prior.log_weight[None, :] + self._leanings(item, prior.space)[asked]
        weight = np.exp(log_prior - log_prior.max(axis=1, keepdims=True))
        builder = Builder(self.sample, prior.space, printed + self._assumed(item, printed, len(asked)), asked)
        probability = tilt(log_prior, builder.build(weight / weight.sum(axis=1, keepdims=True)))
        conditions = builder.build(probability)
        limits = windows(conditions, builder.targets, probability)
        choice = np.full(self.sample.size, -1, dtype=np.int64)
        choice[asked] = respond(probability, conditions, limits, generator)
        self.sample.spaces[item.item] = prior.space
        self.sample.choice[item.item] = choice
        return self._misses(item.item, printed)

    def _targets_of(self, item: str) -> list[Target]:
        """Targets that read the item and otherwise only items drawn before."""
        known = {item, *self.sample.choice}
        chosen = []
        for target in self.targets:
            read = items_of(target.numerator) | items_of(target.base or ())
            if item in read and read <= known:
                chosen.append(target)
        return chosen

    def _misses(self, item: str, targets: list[Target]) -> list[Miss]:
        misses = []
        for target in targets:
            value = achieved(self.sample, target)
            if target.is_printed and not is_met(target, value):
                got = float("nan") if value is None else value
                misses.append(Miss(self.wave.name, item, target.name, target.value, got, target.half < 1.0))
        return misses

    def _prior(self, item: Item, generator: np.random.Generator) -> Prior:
        handling = self.assumptions.handling(self.wave, item.item)
        frame = self.assumptions.rows("numbers", self.wave)
        own = frame[frame["item"] == item.item]
        numbers = DEFAULT_NUMBERS
        if len(own):
            row = own.iloc[0]
            numbers = float(row["mean"]), float(row["deviation"]), int(row["low"]), int(row["high"])
        return build(item, self.assumptions.shares(self.wave, item), handling, numbers, generator)

    def _noise(self) -> dict[str, FloatArray]:
        """Traits of unit variance; those that load on a common factor correlate."""
        names = sorted(set(self.assumptions.rows("traits", self.wave)["trait"]))
        generator = generator_for(self.wave.name, "traits", self.attempt)
        noise = generator.standard_normal((self.sample.size, len(names) + 1))
        frame = self.assumptions.rows("factors", self.wave)
        common = dict(zip(frame["trait"], frame["common_loading"].astype(float), strict=True))
        loadings = np.array([common.get(name, 0.0) for name in names])
        own = noise[:, 1:] * np.sqrt(1.0 - loadings**2) + noise[:, [0]] * loadings
        return dict(zip(names, own.T, strict=True))

    def traits(self) -> dict[str, FloatArray]:
        """Latent traits of the respondents, moved by what is known of them so far; shape (respondents,) each."""
        result = {name: values.copy() for name, values in self.noise.items()}
        for row in self.assumptions.rows("shifts", self.wave).itertuples():
            group = self.wave.groups.get((row.breakdown, row.group_key))
            if group is not None and row.trait in result and self.sample.knows(group):
                result[row.trait] += float(row.shift) * self.sample.evaluate(group)
        return result

    def _leanings(self, item: Item, space: Space) -> FloatArray:
        """Log odds added to each pattern for each respondent, shape (respondents, patterns)."""
        if item.type == "number":
            return np.zeros((self.sample.size, space.size))
        lean = np.zeros((self.sample.size, len(space.answers)))
        traits = self.traits()
        frame = self.assumptions.rows("traits", self.wave)
        for row in frame[frame["item"] == item.item].itertuples():
            lean += float(row.loading) * traits[row.trait][:, None] * _scores(item, row.answer)[None, :]
        frame = self.assumptions.rows("associations", self.wave)
        for row in frame[frame["item"] == item.item].itertuples():
            group = self.wave.groups.get((row.breakdown, row.group_key))
            if group is not None and self.sample.knows(group):
                wanted = [answer in parts(row.answers) for answer in space.answers]
                lean += float(row.log_odds) * np.outer(self.sample.evaluate(group), wanted)
        carried = np.where(space.points.any(axis=1)[:, None], space.points / 100.0, space.has)
        return lean @ carried.T

    def _assumed(self, item: Item, printed: list[Target], asked: int) -> list[Target]:
        """Soft conditions for item non-response and for the answers whose share is assumed."""
        result = []
        nonresponse = self.assumptions.handling(self.wave, item.item).nonresponse
        if nonresponse > 0 and not any(_fixes_base(item.item, target) for target in printed):
            blank = single(Atom(item.item, "blank"))
            count = float(round(nonresponse * asked))
            half, slack = NONRESPONSE_HALF_WIDTH, NONRESPONSE_SLACK
            result.append(Target(f"{item.item}:blank", blank, None, count, count, half, slack, False, is_printed=False))
        if item.type in SHARED_TYPES and self.assumptions.is_assumed(self.wave, item.item):
            result += self._assumed_shares(item, printed)
        return result

    def _assumed_shares(self, item: Item, printed: list[Target]) -> list[Target]:
        answered = single(Atom(item.item, "answered"))
        is_weighted = bool(self.wave.row["weight_column"])
        result = []
        for answer, share in zip(item.answers, self.assumptions.shares(self.wave, item) * 100, strict=True):
            given = scaled(single(Atom(item.item, "any", frozenset({answer}))), 100.0)
            if not any(target.numerator == given and target.base == answered for target in printed):
                name, half, slack = f"{item.item}:{answer}", ASSUMED_HALF_WIDTH, ASSUMED_SLACK
                result.append(Target(name, given, answered, share, share, half, slack, is_weighted, is_printed=False))
        return result


def _scores(item: Item, answer: str) -> FloatArray:
    """How strongly each answer takes up a trait: one answer named, or the rank on the scale from -1 to 1."""
    if answer:
        return np.array([float(other == answer) for other in item.answers])
    ranked = [other for other in item.answers if item.kinds[other] not in ALONE_KINDS]
    if item.type in {"multi", "open_coded", "allocation"}:
        return np.array([float(other in ranked) for other in item.answers])
    rank = dict(zip(ranked, np.linspace(-1.0, 1.0, len(ranked)), strict=True))
    return np.array([rank.get(other, 0.0) for other in item.answers])


def _fixes_base(item: str, target: Target) -> bool:
    """Does a printed number say how many answer the item?"""
    atoms = [atom for _, term in target.numerator for atom in term if atom.item == item]
    return target.base is None or any(atom.kind == "answered" for atom in atoms)
