"""The codebook: every difference between years as rows, and the gate that holds them to schema and sense."""

from helsemonitor.codebook.waves import Wave, holds_in, raw_file, read_waves

__all__ = ["Wave", "holds_in", "raw_file", "read_waves"]
