"""A run that goes on from a finished one with changed data: what is kept, what grows."""
