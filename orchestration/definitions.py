"""What `dagster dev` loads. It assembles and holds no logic."""

import dagster as dg

from orchestration.assets import codebook, release_asset, warehouse_assets, wave_file, wave_files, wave_rows
from orchestration.checks import marts_gate
from orchestration.freshness import wave_overdue
from orchestration.jobs import annual_refresh, check_wave_file, land_delivery, look_for_overdue_waves, rebuild_waves
from orchestration.landing_assets import delivery
from orchestration.resources import resources
from orchestration.schedules import weekly_look, yearly_refresh
from orchestration.sensors import changed_wave_files, delivered_files

warehouse = warehouse_assets()

defs = dg.Definitions(
    assets=[delivery, codebook, wave_file, wave_rows, wave_files, warehouse, release_asset(warehouse)],
    asset_checks=[marts_gate, wave_overdue],
    jobs=[annual_refresh, land_delivery, check_wave_file, rebuild_waves, look_for_overdue_waves],
    schedules=[yearly_refresh, weekly_look],
    sensors=[delivered_files, changed_wave_files],
    resources=resources(),
    # One process per run: the lock and the database file have one owner, and no library is imported twice.
    executor=dg.in_process_executor,
)
