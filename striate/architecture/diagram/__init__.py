"""The architecture diagram of a network, as an SVG text."""
