"""The road with an engine of Spark Connect up to the cube: the same stages, and a release of the same bytes."""

import time
from contextlib import nullcontext

from helsemonitor.codebook import read_waves
from helsemonitor.engine import OWN, build_on_engine, own_sail
from helsemonitor.inputs import inputs_of
from helsemonitor.lock import writer
from helsemonitor.record_keys import ensure_record_key_secret
from helsemonitor.settings import Settings
from orchestration import road


def refresh_on_engine(settings: Settings, who: str, reporter: road.Reporter, address: str) -> road.RefreshResult:
    """Run the whole road under the writer's lock, the part up to the cube on an engine.

    Args:
        settings: Folders of the project.
        who: What starts the refresh, as words of a sentence.
        reporter: Told of every stage.
        address: Host and port of the engine; `sail` starts one for the run.

    Raises:
        DataRefused: At any stage; the current release is as it was.
        PlaceUnfit: The build folder cannot take what a run writes, or another refresh is under way.
    """
    stages = road.Stages(reporter)
    start, done = stages.start, stages.done
    with writer(settings, who) as notes:
        ensure_record_key_secret(settings)
        inputs = inputs_of(settings, settings.seeds_dir)
        start("codebook gate")
        done(road.gate_codebook(settings))
        waves = read_waves(settings)
        start("raw gate")
        done(road.gate_raw(settings, waves, reporter.progress))
        start("warehouse")
        started = time.perf_counter()
        with own_sail(settings.logs_dir / "sail.log") if address == OWN else nullcontext(address) as engine:
            built = build_on_engine(settings, waves, engine)
        done(road.StageResult("warehouse", time.perf_counter() - started, built.counts, built.notes))
        start("marts gate")
        done(road.gate_marts(settings))
        start("publish")
        result, release = road.publish(settings, waves, inputs=inputs)
        done(result)
    return road.RefreshResult(tuple(stages.done_so_far), release, notes)
