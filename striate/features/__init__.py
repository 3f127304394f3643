"""Transfer learning: a trained backbone, cut; its features; a new head on them."""
