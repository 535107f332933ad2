"""What dbt leaves in its folder: cleared before a build, believed after it only where it is whole."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

RESULTS = "run_results.json"
MANIFEST = "manifest.json"
PARSED = "partial_parse.msgpack"
FILES = (RESULTS, MANIFEST, PARSED, "graph.gpickle", "graph_summary.json", "perf_info.json", "semantic_manifest.json")
FOLDERS = ("compiled", "run")
# Beside the parsed project: its checksum when dbt had ended well. dbt believes whatever it can decode.
SEAL = "partial_parse.sha256"


def read_json(path: Path) -> dict[str, Any]:
    """Read one of dbt's artifacts."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_json_or_none(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Read a JSON file that may be missing, cut or no JSON at all; None then."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all in it; nothing where nothing is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def file_sha256(path: Path) -> str:
    """Checksum of a file, as lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def clear_artifacts(target_dir: Path) -> None:
    """Remove what an earlier build left, so that it cannot be taken for this one's.

    The parsed project stays where it is as dbt wrote it. Whatever else is no file, or no folder, where dbt writes one
    goes too: all of it can be made again.
    """
    parsed, seal = target_dir / PARSED, target_dir / SEAL
    is_whole = parsed.is_file() and seal.is_file() and seal.read_bytes() == file_sha256(parsed).encode()
    for name in (RESULTS, MANIFEST, *(() if is_whole else (PARSED, SEAL))):
        remove(target_dir / name)
    for name in FILES:
        if (path := target_dir / name).is_symlink() or path.is_dir():
            remove(path)
    for name in FOLDERS:
        if not (path := target_dir / name).is_dir():
            remove(path)


def seal_parsed(target_dir: Path) -> None:
    """Remember the parsed project as dbt has just written it."""
    if (target_dir / PARSED).is_file():
        (target_dir / SEAL).write_text(file_sha256(target_dir / PARSED), encoding="ascii")
