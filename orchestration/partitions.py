"""Partitions: one per wave, added and taken away while Dagster runs."""

from collections.abc import Collection, Iterator

import dagster as dg

wave_partitions = dg.DynamicPartitionsDefinition(name="waves")

Request = dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest


def to_be_in_step(there: Collection[str], wanted: Collection[str]) -> Iterator[Request]:
    """What to ask of Dagster so that its partitions are the waves.

    Args:
        there: Ids of the waves that have a partition.
        wanted: Ids of the waves that are declared or delivered.
    """
    if new := [wave_id for wave_id in wanted if wave_id not in there]:
        yield wave_partitions.build_add_request(new)
    if gone := [wave_id for wave_id in there if wave_id not in wanted]:
        yield wave_partitions.build_delete_request(gone)
