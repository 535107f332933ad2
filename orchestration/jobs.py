"""Jobs: the yearly refresh of everything, and what is done to single waves before it."""

import dagster as dg

from orchestration.assets import wave_file, wave_rows
from orchestration.freshness import wave_overdue
from orchestration.landing_assets import delivery

annual_refresh = dg.define_asset_job(
    name="annual_refresh",
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(delivery, wave_file, wave_rows),
    description="Raw gate, warehouse, marts gate, release: the same road as `helsemonitor refresh`.",
)

land_delivery = dg.define_asset_job(
    name="land_delivery",
    selection=dg.AssetSelection.assets(delivery),
    description="Compare a delivered file with the wave before, and land it: `helsemonitor diff` and `land`.",
)

check_wave_file = dg.define_asset_job(
    name="check_wave_file",
    selection=dg.AssetSelection.assets(wave_file),
    description="Hold one raw wave file against its suite.",
)

rebuild_waves = dg.define_asset_job(
    name="rebuild_waves",
    selection=dg.AssetSelection.assets(wave_rows),
    description="Hold raw wave files against their suites, and build their rows up to the cube; a backfill is one run.",
)

look_for_overdue_waves = dg.define_asset_job(
    name="look_for_overdue_waves",
    selection=dg.AssetSelection.checks(wave_overdue),
    description="Warn of surveys whose next wave is overdue.",
)
