"""A trained body, a new head: the low layers of a network that has learnt, and a new end."""
