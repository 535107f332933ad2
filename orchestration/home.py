"""Dagster's home under the build folder: run history, schedule state, one run at a time, no telemetry.

`python -m orchestration.home` prepares it and prints its path, for `DAGSTER_HOME`.
"""

from pathlib import Path

from helsemonitor.settings import Settings

# Queued: a refresh asked for while one runs starts after it. The writer's lock is for whatever is not queued here.
DAGSTER_YAML = """\
telemetry:
  enabled: false

concurrency:
  runs:
    max_concurrent_runs: 1

run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
"""


def prepare_home(settings: Settings) -> Path:
    """Create Dagster's home and its configuration; what is stored there already stays."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(DAGSTER_YAML, encoding="utf-8")
    return home


if __name__ == "__main__":
    print(prepare_home(Settings.from_environment()))
