"""Schedules: one refresh a year."""

import dagster as dg

from orchestration.jobs import annual_refresh

# After autumn's fieldwork, before the reports. Running by default: an instance that is up that morning refreshes.
yearly_refresh = dg.ScheduleDefinition(
    name="yearly_refresh",
    job=annual_refresh,
    cron_schedule="0 6 1 12 *",
    execution_timezone="Europe/Oslo",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="1 December, 06:00 Norwegian time.",
)
