"""Great Expectations suites as blocking asset checks: after a failing one nothing is built or published."""

from collections.abc import Iterator, Sequence

import dagster as dg

from expectations.gates import WaveCheck, check_marts
from expectations.suites import mart_suites
from helsemonitor.codebook import Wave
from helsemonitor.limits import read_limits
from orchestration.resources import drawn_waves, settings

DELIVERY = dg.AssetKey(["landing", "delivery"])
WAVE_FILE = dg.AssetKey(["landing", "wave_file"])
CODEBOOK = dg.AssetKey(["landing", "codebook"])
WAVE_ROWS = dg.AssetKey(["landing", "wave_rows"])
WAVE_FILES = dg.AssetKey(["landing", "wave_files"])
# No wave's check is called so: its name has a digit, or begins otherwise.
LATER_WAVES = "later_waves"


def check_name(wave: Wave) -> str:
    """Name of the check of a wave's file; Dagster takes letters, digits and `_` only."""
    return wave.seed.replace("-", "_")


def wave_check(asset: dg.AssetKey, name: str) -> dg.AssetCheckSpec:
    """Check of one wave file."""
    return dg.AssetCheckSpec(name=name, asset=asset, blocking=True, description="The raw file holds to its suite.")


def declared_check() -> dg.AssetCheckSpec:
    """Check that every raw file belongs to a declared wave."""
    return dg.AssetCheckSpec(
        name="declared", asset=WAVE_FILES, blocking=True, description="waves.csv declares every raw file."
    )


def file_checks() -> list[dg.AssetCheckSpec]:
    """Checks of the files of all waves: one per wave, and one of those that were declared since."""
    later = dg.AssetCheckSpec(
        name=LATER_WAVES,
        asset=WAVE_FILES,
        blocking=True,
        description="Raw files of waves that were declared after Dagster loaded the project hold to their suites.",
    )
    return [*(wave_check(WAVE_FILES, check_name(wave)) for wave in drawn_waves), later]


def file_results(checks: Sequence[WaveCheck]) -> Iterator[dg.AssetCheckResult]:
    """Results of `file_checks`. Dagster takes a result for each, and no other."""
    by_name = {check_name(check.wave): check for check in checks}
    for name in (check_name(wave) for wave in drawn_waves):
        if check := by_name.pop(name, None):
            yield wave_result(WAVE_FILES, name, check)
        else:
            gone = "waves.csv does not declare this wave any more."
            yield dg.AssetCheckResult(asset_key=WAVE_FILES, check_name=name, passed=True, description=gone)
    later = by_name.values()
    yield dg.AssetCheckResult(
        asset_key=WAVE_FILES,
        check_name=LATER_WAVES,
        passed=not any(check.sentences for check in later),
        description="\n".join(said for check in later for said in (*check.sentences, *check.notes)) or None,
        metadata={"waves": ", ".join(check.wave.wave_id for check in later)},
    )


def wave_result(asset: dg.AssetKey, name: str, check: WaveCheck) -> dg.AssetCheckResult:
    """Result of one wave file, with the sentences that say what to mend."""
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=not check.sentences,
        description="\n".join((*check.sentences, *check.notes)) or None,
        metadata={"respondents": check.respondents, "expectations_passed": check.passed},
    )


MART_CHECKS = [
    dg.AssetCheckSpec(
        name=f"{name}_expectations",
        asset=dg.AssetKey(suite.place.split(".")),
        blocking=True,
        description="; ".join(expectation.mend for expectation in suite.expectations),
    )
    for name, suite in mart_suites(read_limits(settings)).items()
]


# The lock: the warehouse cannot be read while another process builds it.
@dg.multi_asset_check(name="marts_gate", specs=MART_CHECKS, required_resource_keys={"writer_lock"})
def marts_gate() -> Iterator[dg.AssetCheckResult]:
    """The suites of the built marts."""
    outcomes = {outcome.suite: outcome for outcome in check_marts(settings).outcomes}
    for spec in MART_CHECKS:
        outcome = outcomes[spec.name.removesuffix("_expectations")]
        yield dg.AssetCheckResult(
            asset_key=spec.asset_key,
            check_name=spec.name,
            passed=not outcome.failed,
            description="\n".join(outcome.sentences) or None,
            metadata={"expectations_passed": outcome.passed, "expectations_failed": outcome.failed},
        )
