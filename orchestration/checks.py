"""Great Expectations suites as blocking asset checks: after a failing one nothing is built or published."""

from collections.abc import Iterator

import dagster as dg

from expectations.gates import WaveCheck, check_marts
from expectations.suites import mart_suites
from helsemonitor.codebook import Wave
from helsemonitor.limits import read_limits
from orchestration.resources import settings

WAVE_FILE = dg.AssetKey(["landing", "wave_file"])
CODEBOOK = dg.AssetKey(["landing", "codebook"])
WAVE_ROWS = dg.AssetKey(["landing", "wave_rows"])
WAVE_FILES = dg.AssetKey(["landing", "wave_files"])


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
