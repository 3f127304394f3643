"""One run on several devices or machines: processes, and their share of each step."""
