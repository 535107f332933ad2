"""Landing: a delivered file becomes the raw file of a declared wave, where codebook and gate let it pass."""

import tempfile
from dataclasses import replace
from pathlib import Path

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.gate import read_codebook, write_codebook
from helsemonitor.codebook.waves import raw_file, read_waves
from helsemonitor.errors import DataRefused, refusal
from helsemonitor.landing.delivery import as_csv
from helsemonitor.landing.door import declared_wave, problems, row_to_declare
from helsemonitor.landing.formats import read_delivery
from helsemonitor.landing.keeping import Landed, land_file, reject
from helsemonitor.settings import Settings


def _land(settings: Settings, book: Codebook, path: Path, survey: str, year: int, replaces: bool) -> Landed:
    waves, delivery = read_waves(settings), read_delivery(path)
    wave = declared_wave(waves, survey, year)
    if wave is None:
        raise refusal(
            delivery.shown,
            f"waves.csv declares no wave of survey {survey} and year {year}",
            f"add its row, such as `{row_to_declare(waves, delivery, survey, year)}`, and land it again",
        )
    found = problems(book, delivery, wave, settings.shown(settings.codebook_dir / "columns.csv"))
    if found:
        raise DataRefused(found)
    with tempfile.TemporaryDirectory(prefix="helsemonitor-landing-") as folder:
        staged = replace(settings, seeds_dir=Path(folder) / "seeds", build_dir=Path(folder) / "build")
        write_codebook(book, staged.seeds_dir)
        raw = raw_file(staged, wave)
        raw.parent.mkdir(parents=True)
        raw.write_bytes(as_csv(delivery))
        from expectations.gates import read_raw_files

        (check,) = read_raw_files(staged, [replace(wave, sha256="")]).begin()()
        sentences = [sentence.replace(staged.shown(raw), delivery.shown) for sentence in check.sentences]
    if sentences:
        raise DataRefused(sentences)
    return land_file(settings, delivery, wave, replaces)


def land(settings: Settings, path: Path, survey: str, year: int, replaces: bool = False) -> Landed:
    """Let a delivered file through the codebook and the gate of raw files, and write the wave's raw file from it.

    Args:
        settings: Folders of the project.
        path: The file.
        survey: Survey id.
        year: The wave, which waves.csv declares.
        replaces: Whether it may take the place of another file of that wave.

    Raises:
        DataRefused: It is not fit; a copy lies in `landing/rejected` with a report, and nothing else has changed. Or
            the codebook is not.
    """
    book = read_codebook(settings, may_be_unreviewed=True)
    try:
        return _land(settings, book, path, survey, year, replaces)
    except DataRefused as refused:
        report = reject(settings, path, refused.sentences)
        kept = [f"A copy and these sentences are in {settings.shown(report)}."] if report else []
        raise DataRefused([*refused.sentences, *kept]) from refused
