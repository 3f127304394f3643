"""Files written whole or not at all, and locked for one process."""
