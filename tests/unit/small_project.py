"""A project small enough to be written out: a codebook of a few rows, raw files and a warehouse made by hand."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from helsemonitor.settings import PROJECT_DIR, Settings

WAVES_HEADER = "survey,year,respondents,respondent_column,weight_column,sha256,source,status,reviewed\n"


def make_settings(folder: Path) -> Settings:
    """Folders of an empty project."""
    settings = Settings(project_dir=folder, seeds_dir=folder / "seeds", build_dir=folder / "build")
    settings.codebook_dir.mkdir(parents=True)
    settings.raw_dir.mkdir()
    settings.build_dir.mkdir()
    shipped_limits(settings)
    return settings


def write_waves(settings: Settings, rows: Sequence[str]) -> None:
    """Write waves.csv: synthetic, final and reviewed waves, of which a row says all up to the checksum."""
    text = WAVES_HEADER + "".join(f"{row},synthetic,final,yes\n" for row in rows)
    (settings.codebook_dir / "waves.csv").write_text(text, encoding="utf-8")


def shipped_limits(settings: Settings) -> None:
    """Copy the shipped limits."""
    shutil.copy(PROJECT_DIR / "seeds" / "codebook" / "limits.csv", settings.codebook_dir)


def write_codebook(settings: Settings, tables: Mapping[str, Sequence[str]]) -> None:
    """Write codebook files; the first row of each is its header."""
    for name, rows in tables.items():
        (settings.codebook_dir / f"{name}.csv").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def make_warehouse(settings: Settings, extra: Sequence[str] = ()) -> None:
    """Build a warehouse with two marts, a view over them and respondents beside them."""
    statements = [
        "create schema staging",
        "create table staging.stg_respondents as select 'secret_' || i as respondent_id from range(3) t(i)",
        "create table staging.stg_answers as select i::varchar as raw_value from range(6) t(i)",
        "create schema marts",
        "create table marts.dim_item as select 'item_' || (3 - i) as item from range(3) t(i)",
        "comment on table marts.dim_item is 'One row per item; it''s small.'",
        "comment on column marts.dim_item.item is 'Item id.'",
        "create table marts.dim_indicator (indicator varchar, value double)",
        "insert into marts.dim_indicator values ('b', 2.5), ('a', null), ('a', 1.5)",
        "create view marts.fct_both as select item, indicator from marts.dim_item cross join marts.dim_indicator",
        *extra,
    ]
    with duckdb.connect(str(settings.warehouse)) as connection:
        for statement in statements:
            connection.execute(statement)
