"""Networks as text: words, notation, zoo, summary, diagram; whole-number arithmetic, no torch."""
