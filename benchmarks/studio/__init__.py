"""How quickly the studio answers the hand, and what it keeps."""
