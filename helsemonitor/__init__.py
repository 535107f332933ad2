"""The base: settings, codebook, lock, the dbt build, releases and documents. Every other package stands on it."""

import os

# Read by the libraries while they are imported, so they are set before any of them can be.
for _name, _value in {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "DAGSTER_DISABLE_TELEMETRY": "1",
}.items():
    os.environ[_name] = _value
