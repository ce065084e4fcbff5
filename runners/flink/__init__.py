"""Flink: embedded in Beam's job server on this machine, or a cluster."""
