"""Runs of Dagster's jobs in this process, and what a person would see of them, as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg


def _shown(value: Any) -> Any:  # noqa: ANN401 - metadata are of many types
    if isinstance(value, dg.TableMetadataValue):
        return [dict(record.data) for record in value.records]
    return value.value


def seen(done: dg.ExecuteInProcessResult) -> dict[str, Any]:
    """What is seen of a run that ended.

    Args:
        done: The run.

    Returns:
        Whether it succeeded, its steps that did, what failures and materializations say, and its checks.
    """
    failures = [event.step_failure_data for event in done.all_events if event.is_step_failure]
    said = [failure.user_failure_data for failure in failures if failure.user_failure_data]
    made = [
        event.step_materialization_data.materialization for event in done.all_events if event.is_step_materialization
    ]
    metadata = made[0].metadata if made else said[0].metadata if said else {}
    return {
        "success": done.success,
        "finished": [event.step_key for event in done.all_events if event.is_step_success],
        "failed": [event.step_key for event in done.all_events if event.is_step_failure],
        "said": "\n".join(failure.description or "" for failure in said),
        "causes": [failure.error.cause.message for failure in failures if failure.error and failure.error.cause],
        "partitions": sorted(materialization.partition for materialization in made if materialization.partition),
        "metadata": {name: _shown(value) for name, value in metadata.items()},
        "checks": [
            {
                "name": check.check_name,
                "passed": check.passed,
                "severity": check.severity.value,
                "blocking": check.blocking,
                "said": check.description,
                "metadata": {name: _shown(value) for name, value in check.metadata.items()},
            }
            for check in done.get_asset_check_evaluations()
        ],
    }


def run(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    partition: str | None = None,
    config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    assets: Sequence[dg.AssetKey] | None = None,
) -> dict[str, Any]:
    """Run a job, or some of its assets, in this process; what is seen of it."""
    done = job.execute_in_process(
        instance=instance,
        partition_key=partition,
        run_config=config,
        tags=tags,
        asset_selection=assets,
        raise_on_error=False,
    )
    return seen(done)
