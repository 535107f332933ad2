"""Jobs: the yearly refresh of everything, and the check of one wave file."""

import dagster as dg

from orchestration.assets import wave_file, wave_rows

annual_refresh = dg.define_asset_job(
    name="annual_refresh",
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(wave_file, wave_rows),
    description="Raw gate, warehouse, marts gate, release: the same road as `helsemonitor refresh`.",
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
