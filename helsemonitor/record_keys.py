"""The secret behind the record keys of disclosure profile `open`.

A record key is a hash of this secret and a respondent's id, so the same person has the same key in every refresh and
nobody can compute it without the file. Two releases with different secrets could be averaged; keep the file.
"""

import os
import secrets

from helsemonitor.settings import Settings


def ensure_record_key_secret(settings: Settings) -> None:
    """Make the file on first use, readable for its owner alone from its first byte; nothing in profile `report`."""
    if settings.disclosure != "open" or settings.record_key_secret.exists():
        return
    settings.build_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(settings.record_key_secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
