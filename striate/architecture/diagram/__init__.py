"""A network drawn as volumes."""
