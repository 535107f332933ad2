"""Orchestration: the road as stages, the Dagster graph over them and the `helsemonitor` command."""
