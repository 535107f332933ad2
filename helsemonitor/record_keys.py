"""The secret behind the record keys of disclosure profile `open`.

A record key is a hash of this secret and a respondent's id, so the same person has the same key in every refresh and
nobody can compute it without the file. Two releases with different secrets could be averaged; keep the file.
"""

import os
import re
import secrets
from pathlib import Path

from helsemonitor.errors import PlaceUnfit
from helsemonitor.settings import Settings


def _write_secret(path: Path) -> None:
    """Write a new secret, whole or not at all: half of one could not be told from a damaged one."""
    draft = path.with_name(f".{path.name}_{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


def ensure_record_key_secret(settings: Settings) -> None:
    """Make the file on first use, readable for its owner alone from its first byte; nothing in profile `report`.

    Raises:
        PlaceUnfit: A file is there, but others may read it, or it does not hold such a secret.
    """
    if settings.disclosure != "open":
        return
    path = settings.record_key_secret
    if not path.exists():
        settings.build_dir.mkdir(parents=True, exist_ok=True)
        _write_secret(path)
    if path.stat().st_mode & 0o077:
        raise PlaceUnfit(
            [f"{settings.shown(path)} may be read by others than its owner. Take their rights away: chmod 600."]
        )
    if not re.fullmatch(rb"[0-9a-f]{64}", path.read_bytes()):
        raise PlaceUnfit(
            [
                f"{settings.shown(path)} does not hold the 64 hexadecimal digits that were written there. Restore it "
                "from a copy. Without one, remove it: a new secret is made, and what was released before can be "
                "averaged with what comes after."
            ]
        )
