"""The library: packets in, records out. It knows nothing of Beam."""

__version__ = "0.1.0"
