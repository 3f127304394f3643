"""One reader for each layout that images come in."""
