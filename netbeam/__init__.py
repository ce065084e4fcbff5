"""The library: packets in, records out. It knows nothing of Beam."""

__version__ = "0.1.0"

FORMAT = 1
"""Counts up whenever the same capture gives other records, or other files of them, than before.

Incremental runs then process all captures anew. Changed declarations do that by themselves.
"""
