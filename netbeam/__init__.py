"""The library: packets in, records out. It knows nothing of Beam."""
