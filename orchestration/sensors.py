"""Sensors: a delivered file is landed, and a raw wave file that changed is checked, long before the yearly refresh."""

import json

import dagster as dg

from helsemonitor.codebook import raw_file, read_waves
from helsemonitor.errors import DataRefused
from orchestration.deliveries import shown
from orchestration.inbox import Arrival, is_whole, read_inbox
from orchestration.jobs import check_wave_file, land_delivery
from orchestration.landing_assets import LandingConfig, delivery
from orchestration.partitions import to_be_in_step, wave_partitions
from orchestration.resources import settings


def _landing(arrival: Arrival) -> dg.RunRequest:
    return dg.RunRequest(
        # The same file is landed once, whatever became of it; saved anew, or touched, it is another one.
        run_key=f"{arrival.path.name}_{arrival.state}",
        partition_key=arrival.wave_id,
        run_config=dg.RunConfig(ops={delivery.op.name: LandingConfig(file=arrival.path.name)}),
    )


# Running by default: a file is put into this folder in order to be landed, and no landed wave is replaced. The sensor
# also keeps the partitions in step with waves.csv, without which no wave could be checked or built by itself.
@dg.sensor(job=land_delivery, minimum_interval_seconds=15, default_status=dg.DefaultSensorStatus.RUNNING)
def delivered_files(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Land every file of the landing folder that is there as a whole, and give its wave a partition."""
    try:
        waves = read_waves(settings)
        inbox = read_inbox(settings, waves)
    except DataRefused as refusal:
        return dg.SensorResult(skip_reason=str(refusal), cursor=context.cursor)
    before = json.loads(context.cursor) if context.cursor else {"seen": {}, "asked": {}}
    seen = {arrival.path.name: arrival.state for arrival in inbox.arrivals}
    asked = {name: state for name, state in before["asked"].items() if seen.get(name) == state}
    whole = [
        arrival for arrival in inbox.arrivals if arrival.path.name not in asked and is_whole(arrival, before["seen"])
    ]
    asked |= {arrival.path.name: arrival.state for arrival in whole}
    if whole and inbox.unnamed:
        context.log.warning("\n".join(inbox.unnamed))
    waiting = [f"{shown(name)} is looked at once more before it is landed." for name in seen if name not in asked]
    wanted = dict.fromkeys([*(wave.wave_id for wave in waves), *(arrival.wave_id for arrival in inbox.arrivals)])
    there = context.instance.get_dynamic_partitions(str(wave_partitions.name))
    return dg.SensorResult(
        run_requests=[_landing(arrival) for arrival in whole],
        skip_reason=None if whole else "\n".join([*inbox.unnamed, *waiting]) or "No new file has come.",
        dynamic_partitions_requests=list(to_be_in_step(there, list(wanted))),
        cursor=json.dumps({"seen": seen, "asked": asked}),
    )


# Stopped by default: whoever edits wave files by hand does not want a run per save.
@dg.sensor(job=check_wave_file, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.STOPPED)
def changed_wave_files(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Ask for a check of every declared wave whose file changed since the last look."""
    try:
        paths = {wave.wave_id: raw_file(settings, wave) for wave in read_waves(settings)}
    except DataRefused as refusal:
        return dg.SensorResult(skip_reason=str(refusal), cursor=context.cursor)
    before = json.loads(context.cursor) if context.cursor else {}
    now = {wave_id: path.stat().st_mtime_ns for wave_id, path in paths.items() if path.exists()}
    requests = [
        dg.RunRequest(partition_key=wave_id, run_key=f"{wave_id}_{changed}")
        for wave_id, changed in now.items()
        # The first look only remembers: files that were there before are the refresh's business.
        if context.cursor and before.get(wave_id) != changed
    ]
    asked = [request.partition_key for request in requests if request.partition_key]
    return dg.SensorResult(
        run_requests=requests,
        dynamic_partitions_requests=[wave_partitions.build_add_request(asked)] if asked else [],
        cursor=json.dumps(now),
    )
