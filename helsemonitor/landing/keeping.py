"""The folder of deliveries: what came, as it came, and what was refused with the reasons."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from helsemonitor.artifacts import file_sha256, read_json_or_none
from helsemonitor.codebook.waves import Wave, raw_file
from helsemonitor.errors import PlaceUnfit, refusal
from helsemonitor.landing.delivery import Delivery, as_csv
from helsemonitor.landing.files import LARGEST_FILE
from helsemonitor.settings import Settings


@dataclass(frozen=True)
class Landed:
    """A landed wave.

    Args:
        raw: The raw file that was written from the delivery.
        kept: The delivery as it came.
        is_new: Whether anything was written; the same file lands once.
        replaced: The raw file that it took the place of, kept aside; None where there was none.
    """

    raw: Path
    kept: Path
    is_new: bool
    replaced: Path | None = None


def write_in_one_step(content: bytes, path: Path) -> None:
    """Write a file that is there as a whole or as it was; where it is a link, the file that it leads to.

    A folder that is made for it is private; a file that was there keeps its rights.

    Raises:
        PlaceUnfit: Something that is no folder stands where one is needed.
    """
    path = path.resolve() if path.is_symlink() else path
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh.write_bytes(content)
        if path.exists():
            shutil.copymode(path, fresh)
        fresh.replace(path)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise PlaceUnfit([f"{path} cannot be written: something stands in the way; move it."]) from None
    finally:
        if fresh.parent.is_dir():
            fresh.unlink(missing_ok=True)


def _record(settings: Settings, wave: Wave) -> Path:
    return settings.landing_dir / "delivered" / wave.wave_id / "landed.json"


def delivered_texts(settings: Settings, wave: Wave) -> dict[str, str]:
    """Column -> text of its question, as the file had it that was landed; empty where it had none."""
    said = read_json_or_none(_record(settings, wave))
    texts = said.get("texts") if isinstance(said, dict) else None
    return {str(name): str(text) for name, text in texts.items()} if isinstance(texts, dict) else {}


def _safe_name(path: Path) -> str:
    """The name of a delivered file as a file may be called anywhere."""
    name = "".join(character if character.isprintable() and character not in "/\\:" else "_" for character in path.name)
    return name.lstrip(".")[-100:] or "delivery"


def _keep(settings: Settings, delivery: Delivery, folder: Path) -> Path:
    """Copy a delivery as it came.

    Raises:
        DataRefused: It is not the file any more that was read.
    """
    kept = folder / f"{delivery.sha256[:12]}-{_safe_name(delivery.path)}"
    if kept.is_file() and file_sha256(kept) == delivery.sha256:
        return kept
    content = delivery.path.read_bytes()
    write_in_one_step(content, kept)
    if file_sha256(kept) != delivery.sha256:
        kept.unlink()
        raise refusal(delivery.shown, "the file was changed while it was landed", "land it when it is there as a whole")
    return kept


def is_landed(settings: Settings, delivery: Delivery, wave: Wave) -> bool:
    """Whether a wave's raw file is this delivery, by its own bytes or as it was landed."""
    raw, said = raw_file(settings, wave), read_json_or_none(_record(settings, wave))
    if not raw.is_file():
        return False
    was = (
        isinstance(said, dict) and said.get("sha256") == delivery.sha256 and said.get("raw_sha256") == file_sha256(raw)
    )
    return was or raw.read_bytes() == as_csv(delivery)


def land_file(settings: Settings, delivery: Delivery, wave: Wave, replaces: bool) -> Landed:
    """Keep a delivery and write the wave's raw file from it.

    Args:
        settings: Folders of the project.
        delivery: The file.
        wave: The wave that it is.
        replaces: Whether it may take the place of another file of that wave; the former one is kept.

    Raises:
        DataRefused: The wave has another file, or the delivery changed while it was landed.
    """
    raw, content = raw_file(settings, wave), as_csv(delivery)
    record = _record(settings, wave)
    folder = record.parent
    said = read_json_or_none(record)
    is_same = is_landed(settings, delivery, wave)
    if raw.is_file() and not is_same and not replaces:
        raise refusal(
            delivery.shown,
            f"{wave.wave_id} is landed already, and its file {settings.shown(raw)} holds something else",
            "land it with --replace to take its place; the former one is kept then",
        )
    kept = _keep(settings, delivery, folder)
    replaced = None
    if raw.is_file() and not is_same:
        replaced = folder / f"replaced-{file_sha256(raw)[:12]}.csv"
        write_in_one_step(raw.read_bytes(), replaced)
    if not is_same:
        write_in_one_step(content, raw)
    landed = {
        "file": kept.name,
        "sha256": delivery.sha256,
        "format": delivery.format,
        "raw_sha256": file_sha256(raw),
        "texts": {column.name: column.label for column in delivery.columns if column.label},
    }
    if said != landed:
        write_in_one_step((json.dumps(landed, indent=1, ensure_ascii=False) + "\n").encode(), record)
    return Landed(raw, kept, not is_same, replaced)


def reject(settings: Settings, path: Path, sentences: Sequence[str]) -> Path | None:
    """Keep a copy of a refused file with the reasons beside it.

    Args:
        settings: Folders of the project.
        path: The file.
        sentences: Why it was refused.

    Returns:
        The report; None where there is no file that can be kept.
    """
    if not path.is_file() or not os.access(path, os.R_OK) or path.stat().st_size > LARGEST_FILE:
        return None
    folder = settings.landing_dir / "rejected"
    name = f"{file_sha256(path)[:12]}-{_safe_name(path)}"
    report = folder / f"{name}.txt"
    write_in_one_step(("\n".join(sentences) + "\n").encode(errors="replace"), report)
    shutil.copyfile(path, folder / name)
    return report
