"""Looking inside a trained network: every number of it, and explanations with their evidence.

hooks        what passes through a network, recorded; the network is left as it was found
subject      one picture as the network gets it, and the way back onto the picture itself
aim          which class is asked about, or which class against which
evidence     whether a map earned trust: removal (deletion, insertion), boxes (the pointing game),
             randomised (does it follow the network?)
shortcut     where a classifier looks over a whole folder, and the proof by hiding
"""

from __future__ import annotations
