"""How a classifier fares on slices of the images, and which of them are surely worse."""
