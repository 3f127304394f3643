"""What a classifier is worth: metrics with intervals, and models compared on the same images."""
