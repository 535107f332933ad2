"""Orchestration: the stages of a refresh, the Dagster graph over them and the `helsemonitor` command."""

import os

# Read by the libraries while they are imported, so they are set before any of them can be.
for _name, _value in {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "DAGSTER_DISABLE_TELEMETRY": "1",
}.items():
    os.environ[_name] = _value
