"""Striate beside others, measured: see README.md."""
