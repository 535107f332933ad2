"""Schedules: one refresh a year, and a look at the calendar every week."""

import dagster as dg

from orchestration.jobs import annual_refresh, look_for_overdue_waves

# After autumn's fieldwork, before the reports. Running by default: an instance that is up that morning refreshes.
yearly_refresh = dg.ScheduleDefinition(
    name="yearly_refresh",
    job=annual_refresh,
    cron_schedule="0 6 1 12 *",
    execution_timezone="Europe/Oslo",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="1 December, 06:00 Norwegian time.",
)

# Running by default: nobody thinks of looking for what did not come.
weekly_look = dg.ScheduleDefinition(
    name="weekly_look",
    job=look_for_overdue_waves,
    cron_schedule="0 7 * * 1",
    execution_timezone="Europe/Oslo",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Monday, 07:00 Norwegian time.",
)
