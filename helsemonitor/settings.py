"""Where everything lies: one frozen value that every stage is given."""

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parents[1]
DISCLOSURES = ("report", "open")


def _resolved(path: Path) -> Path:
    # Unlike Path.resolve it takes a link that leads to itself; what is wrong with it is said when it is used.
    return Path(os.path.realpath(path))


@dataclass(frozen=True)
class Settings:
    """Folders of one project.

    Args:
        project_dir: Folder with `dbt_project.yml`.
        seeds_dir: Folder with `codebook/`, `raw/` and `published/`.
        build_dir: Folder that takes everything a run writes.
        disclosure: Who is to read the release: `report` shows small bases as the reports do, `open` withholds them.
    """

    project_dir: Path
    seeds_dir: Path
    build_dir: Path
    disclosure: str = "report"

    @classmethod
    def from_environment(cls, project_dir: Path = PROJECT_DIR) -> "Settings":
        """Read `HELSEMONITOR_SEEDS`, `_BUILD` and `_DISCLOSURE`; relative paths start at the project's root."""
        return cls(
            project_dir=project_dir,
            seeds_dir=_resolved(project_dir / (os.environ.get("HELSEMONITOR_SEEDS") or "seeds")),
            build_dir=_resolved(project_dir / (os.environ.get("HELSEMONITOR_BUILD") or "build")),
            disclosure=os.environ.get("HELSEMONITOR_DISCLOSURE") or "report",
        )

    @property
    def environment(self) -> dict[str, str]:
        """Variables that make dbt, in this process or another, use the same folders and read the gated seeds."""
        return {"HELSEMONITOR_DBT_SEEDS": str(self.gated_seeds_dir), "HELSEMONITOR_BUILD": str(self.build_dir)}

    @property
    def gated_seeds_dir(self) -> Path:
        """Folder of the seeds as dbt reads them: what passed the gates, in one form."""
        return self.build_dir / "gated_seeds"

    @property
    def codebook_dir(self) -> Path:
        """Folder of the codebook's CSV files."""
        return self.seeds_dir / "codebook"

    @property
    def raw_dir(self) -> Path:
        """Folder of the raw wave files."""
        return self.seeds_dir / "raw"

    @property
    def landing_dir(self) -> Path:
        """Folder beside the seeds for deliveries as they came, and for what was refused; as private as the seeds."""
        return self.seeds_dir.parent / "landing"

    @property
    def warehouse(self) -> Path:
        """DuckDB file that dbt builds; it holds respondents and is never published."""
        return self.build_dir / "warehouse.duckdb"

    @property
    def warehouse_log(self) -> Path:
        """Write-ahead log of the warehouse; there while the warehouse is open, or left behind by a killed process."""
        return self.warehouse.with_name(f"{self.warehouse.name}.wal")

    @property
    def warehouse_seal(self) -> Path:
        """File that says what the warehouse was made of, where its last build ended well."""
        return self.build_dir / "warehouse.json"

    @property
    def record_key_secret(self) -> Path:
        """File with the secret of the record keys of disclosure profile `open`; made on first use, never published."""
        return self.build_dir / "record_key.secret"

    @property
    def published_dir(self) -> Path:
        """Folder with the releases and the link `current`."""
        return self.build_dir / "published"

    @property
    def releases_dir(self) -> Path:
        """Folder of the releases, one folder each."""
        return self.published_dir / "releases"

    @property
    def current(self) -> Path:
        """Link to the current release."""
        return self.published_dir / "current"

    @property
    def data_docs_dir(self) -> Path:
        """Folder of the Great Expectations pages."""
        return self.build_dir / "data_docs"

    @property
    def lock_file(self) -> Path:
        """File whose lock the one writer holds."""
        return self.build_dir / "refresh.lock"

    @property
    def dbt_target_dir(self) -> Path:
        """Folder of dbt's artifacts."""
        return self.build_dir / "dbt_target"

    @property
    def dagster_target_dir(self) -> Path:
        """Folder of the dbt artifacts that Dagster makes: `load` holds the graph's manifest, `run` the last run's."""
        return self.dbt_target_dir / "dagster"

    @property
    def logs_dir(self) -> Path:
        """Folder of dbt's log."""
        return self.build_dir / "logs"

    @property
    def raw_memory(self) -> Path:
        """File that says which waves have passed the raw gate, and as what."""
        return self.build_dir / "raw_gate.json"

    @property
    def marts_seal(self) -> Path:
        """File that says which state of the warehouse passed the marts gate."""
        return self.build_dir / "marts_gate.json"

    @property
    def dagster_home(self) -> Path:
        """Folder of Dagster's run history and schedule state."""
        return self.build_dir / "dagster"

    def shown(self, path: Path) -> str:
        """Name a path as a person at the project's root would type it."""
        return str(path.relative_to(self.project_dir)) if path.is_relative_to(self.project_dir) else str(path)
