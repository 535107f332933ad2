"""Jobs: the yearly refresh of everything, and the check of one wave file."""

import dagster as dg

from orchestration.assets import wave_file

annual_refresh = dg.define_asset_job(
    name="annual_refresh",
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(wave_file),
    description="Raw gate, warehouse, marts gate, release: the same road as `helsemonitor refresh`.",
)

check_wave_file = dg.define_asset_job(
    name="check_wave_file",
    selection=dg.AssetSelection.assets(wave_file),
    description="Hold one raw wave file against its suite.",
)
