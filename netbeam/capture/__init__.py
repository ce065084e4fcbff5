"""Capture reading: from the bytes of captures to chunks of packets."""

from netbeam.capture.framing import frame_capture
from netbeam.capture.opening import LostInput
from netbeam.capture.reading import read_chunk

__all__ = ["LostInput", "frame_capture", "read_chunk"]
