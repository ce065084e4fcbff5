"""Presets, one for each place where the job runs: Beam options, nothing about packets."""
