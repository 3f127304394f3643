"""Striate's sides of the benchmarks, each a process of its own that prints JSON."""
