"""Sensors: a raw wave file that is new or changed is checked by itself, long before the yearly refresh."""

import json

import dagster as dg

from helsemonitor.codebook import raw_file
from orchestration.jobs import check_wave_file
from orchestration.resources import settings, waves


# Stopped by default: whoever edits wave files by hand does not want a run per save.
@dg.sensor(job=check_wave_file, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.STOPPED)
def changed_wave_files(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Ask for a check of every declared wave whose file changed since the last look."""
    before = json.loads(context.cursor) if context.cursor else {}
    paths = {wave.wave_id: raw_file(settings, wave) for wave in waves}
    now = {wave_id: path.stat().st_mtime_ns for wave_id, path in paths.items() if path.exists()}
    requests = [
        dg.RunRequest(partition_key=wave_id, run_key=f"{wave_id}_{changed}")
        for wave_id, changed in now.items()
        # The first look only remembers: files that were there before are the refresh's business.
        if context.cursor and before.get(wave_id) != changed
    ]
    return dg.SensorResult(run_requests=requests, cursor=json.dumps(now))
