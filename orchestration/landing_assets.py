"""The asset of a delivered file: compared with the wave before, and landed."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from helsemonitor.codebook import raw_file, read_waves
from helsemonitor.codebook.gate import read_codebook
from helsemonitor.errors import DataRefused, Refusal
from helsemonitor.landing.comparison import Comparison, compare
from helsemonitor.landing.delivery import Delivery
from helsemonitor.landing.formats import READERS, read_delivery
from helsemonitor.landing.keeping import reject
from orchestration import deliveries
from orchestration.checks import DELIVERY
from orchestration.inbox import Arrival, read_inbox
from orchestration.landing import Landing, land
from orchestration.partitions import wave_partitions
from orchestration.resources import settings
from orchestration.reviewing import listed

# Rows of the table of differences; the page of a run shows no more with ease.
MOST_ROWS = 500
Metadata = dict[str, Any]


class LandingConfig(dg.Config):
    """Which file of the landing folder is landed, and whether it may replace another one.

    Args:
        file: Its name; empty where the folder holds one file of that wave.
        replaces: Whether it may take the place of another file of that wave, which is kept.
    """

    file: str = ""
    replaces: bool = False


def difference_table(comparison: Comparison) -> Metadata:
    """The differences as metadata: a table, how many there are, and what was compared."""
    schema = dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in deliveries.HEADER])
    rows = [deliveries.row(one) for one in comparison.differences[:MOST_ROWS]]
    records = [dg.TableRecord(dict(zip(deliveries.HEADER, cells, strict=True))) for cells in rows]
    metadata: Metadata = {
        "summary": deliveries.summary(comparison),
        "compared_with": comparison.sibling.wave_id,
        "differences": len(comparison.differences),
        "difference_table": dg.MetadataValue.table(records, schema),
    }
    if len(comparison.differences) > MOST_ROWS:
        metadata["not_in_the_table"] = len(comparison.differences) - MOST_ROWS
    return metadata


def _compared(delivery: Delivery, arrival: Arrival) -> Metadata:
    """The differences from the wave before, as metadata.

    Raises:
        DataRefused: The file is hardly of this survey, or its blanks are words; a copy is kept with the reasons. Or
            the codebook does not pass its gate.
    """
    others = [wave for wave in read_waves(settings) if wave.survey == arrival.survey and wave.year != arrival.year]
    if not any(raw_file(settings, wave).is_file() for wave in others):
        return {"compared_with": f"{arrival.survey} has no other landed wave to compare with"}
    # What is wrong with the codebook is not the file's fault.
    read_codebook(settings, may_be_unreviewed=True)
    try:
        return difference_table(compare(settings, delivery, arrival.survey, arrival.year))
    except DataRefused as refused:
        reject(settings, arrival.path, refused.sentences)
        raise


def _landed(landing: Landing) -> Metadata:
    landed = landing.landed
    metadata: Metadata = {
        "raw_file": dg.MetadataValue.path(landed.raw),
        "kept_as": dg.MetadataValue.path(landed.kept),
        "was_written": landed.is_new,
    }
    if landed.replaced:
        metadata["former_file"] = dg.MetadataValue.path(landed.replaced)
    if landing.proposed is not None:
        lines = [deliveries.printable(line) for line in listed([landing.proposed])]
        metadata["proposals"] = len(landing.proposed.waiting)
        metadata["proposed_rows"] = dg.MetadataValue.text("\n".join(lines))
        metadata["review_with"] = f"helsemonitor review {deliveries.shown(landing.wave.wave_id)}"
    return metadata


def _arrival(wave_id: str, name: str) -> Arrival:
    """The file of a wave that is to be landed.

    Raises:
        DataRefused: There is none, or there are several and none is named.
    """
    found = read_inbox(settings, read_waves(settings)).of_wave(wave_id)
    chosen = [arrival for arrival in found if name in ("", arrival.path.name)]
    folder = settings.shown(settings.landing_dir)
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        raise DataRefused(
            [
                f"{folder} holds no file {deliveries.shown(name) or wave_id} of wave {wave_id}; put it there as "
                f"{wave_id} with one of the endings {', '.join(READERS)}."
            ]
        )
    names = ", ".join(deliveries.shown(arrival.path.name) for arrival in chosen)
    raise DataRefused([f"{folder} holds several files of {wave_id} ({names}); name one in the run's config as file."])


def _failure(refusal: Refusal, metadata: Mapping[str, Any]) -> dg.Failure:
    description = "\n".join(deliveries.printable(sentence) for sentence in refusal.sentences)
    return dg.Failure(description=description, metadata=dict(metadata), allow_retries=False)


@dg.asset(key=DELIVERY, partitions_def=wave_partitions, group_name="landing", kinds={"file"})
def delivery(context: dg.AssetExecutionContext, config: LandingConfig) -> dg.MaterializeResult:
    """A delivered file: held against the wave before, let through codebook and gate, and written as a raw file."""
    metadata: Metadata = {}
    try:
        arrival = _arrival(context.partition_key, config.file)
        delivered = read_delivery(arrival.path)
        metadata |= {
            "file": deliveries.shown(arrival.path.name),
            "sha256": delivered.sha256,
            "dagster/row_count": delivered.respondents,
            "columns": len(delivered.columns),
        }
        metadata |= _compared(delivered, arrival)
        landing = land(settings, arrival.path, arrival.survey, arrival.year, config.replaces)
    except Refusal as refusal:
        # Without its cause, whose text is as the file has it.
        raise _failure(refusal, metadata) from None
    return dg.MaterializeResult(metadata=metadata | _landed(landing))
