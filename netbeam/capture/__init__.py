"""Capture reading: from the bytes of captures to chunks of packets."""

from netbeam.capture.framing import frame_capture
from netbeam.capture.opening import LostInput
from netbeam.capture.ranges import FramedRange, Range, cut_capture, frame_range, join_ranges
from netbeam.capture.reading import read_chunk
from netbeam.capture.source import Spill

__all__ = [
    "FramedRange",
    "LostInput",
    "Range",
    "Spill",
    "cut_capture",
    "frame_capture",
    "frame_range",
    "join_ranges",
    "read_chunk",
]
