"""Partitions: one per declared wave."""

import dagster as dg

from orchestration.resources import waves

wave_partitions = dg.StaticPartitionsDefinition([wave.wave_id for wave in waves])
