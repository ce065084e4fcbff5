"""Beam's transforms around the library, in the order in which data flow."""
