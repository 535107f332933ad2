"""The private warehouse file: a build starts it anew, or builds on what is known of it; nothing in its place is lost.

All of it is made from the seeds, so what an earlier project, a killed process or a failing disk left in it is worth
nothing; a file that is somebody else's is set aside.
"""

import re
from pathlib import Path

from helsemonitor.errors import PlaceUnfit, RefreshRunning
from helsemonitor.settings import Settings

# Schemas that dbt builds in; a database with tables and none of these was made by somebody else.
SCHEMAS = frozenset({"raw", "codebook", "published", "staging", "checks", "intermediate", "marts"})

# Every DuckDB file has these bytes at this place.
MARK, MARK_AT = b"DUCK", 8
HELD = re.compile(r"Could not set lock on file|already attached|file handle conflict", re.IGNORECASE)
CLOSED = re.compile(r"Permission denied|Read-only file system|Operation not permitted", re.IGNORECASE)


def _closed(settings: Settings, why: str) -> PlaceUnfit:
    return PlaceUnfit(
        [f"{settings.shown(settings.warehouse)} may not be opened for writing ({why}); mend that and start again."]
    )


def _held(settings: Settings, message: str) -> RefreshRunning:
    pid = re.search(r"PID (\d+)", message)
    who = f"process {pid.group(1)}" if pid else "another process"
    return RefreshRunning(
        [
            f"The warehouse {settings.shown(settings.warehouse)} is held open by {who}; close it there and start "
            f"again. Query {settings.shown(settings.current)} instead: no refresh locks it."
        ]
    )


def _state(settings: Settings) -> str:
    """What lies in the warehouse's place: `absent`, `ours`, `damaged` or `foreign`.

    Raises:
        RefreshRunning: Another process has it open.
        PlaceUnfit: It may not be opened.
    """
    path = settings.warehouse
    if not path.exists():
        return "absent"
    try:
        with path.open("rb") as file:
            start = file.read(len(MARK) + MARK_AT)
    except OSError as error:
        raise _closed(settings, str(error.strerror)) from None
    if not start:
        return "damaged"
    # DuckDB would look for an extension, on the network too, to open what another database wrote.
    if start[MARK_AT:] != MARK:
        return "foreign"
    import duckdb

    try:
        with duckdb.connect(str(path)) as connection:
            found = connection.execute("select distinct schema_name from duckdb_tables() where not internal").fetchall()
    except duckdb.Error as error:
        message = str(error)
        if isinstance(error, duckdb.ConnectionException) or HELD.search(message):
            raise _held(settings, message) from None
        if why := CLOSED.search(message):
            raise _closed(settings, why[0]) from None
        return "damaged"
    schemas = {schema for (schema,) in found}
    return "foreign" if schemas and not schemas & SCHEMAS else "ours"


def _set_aside(settings: Settings) -> Path:
    """Rename the file in the warehouse's place to a name that is free."""
    path, number = settings.warehouse, 1
    while (aside := path.with_name(f"{path.name}.set_aside_{number}")).exists():
        number += 1
    path.rename(aside)
    return aside


def clear_warehouse(settings: Settings) -> tuple[str, ...]:
    """Make sure that the warehouse is free to be built, and out of the way where it cannot be built upon.

    Returns:
        A note about a file that was set aside.

    Raises:
        RefreshRunning: Another process has it open: a database tool, or a dbt process that outlived its run.
        PlaceUnfit: It may not be opened.
    """
    state = _state(settings)
    if state == "foreign":
        aside = _set_aside(settings)
        settings.warehouse_log.unlink(missing_ok=True)
        return (
            f"{settings.shown(settings.warehouse)} was no warehouse of this project; it is {settings.shown(aside)} "
            "now, and a new one is built. Delete it if nobody needs it.",
        )
    if state != "ours":
        remove_warehouse(settings)
    return ()


def warehouse_state(settings: Settings) -> dict[str, int]:
    """Size and time of the warehouse file: they differ where anything was written to it."""
    found = settings.warehouse.stat()
    return {"size": found.st_size, "mtime_ns": found.st_mtime_ns}


def remove_warehouse(settings: Settings) -> None:
    """Remove the warehouse, so that a build starts from nothing: no table outlives the model that made it."""
    for path in (settings.warehouse, settings.warehouse_log, settings.warehouse_seal):
        path.unlink(missing_ok=True)
