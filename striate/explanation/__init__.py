"""Looking inside a trained network: every number of it, and explanations with their evidence.

hooks        what passes through a network, recorded; the network is left as it was found
subject      one image as the network gets it, and the way back onto the image itself
aim          which class is asked about, or which class against which
maps         the feature maps of every layer, and their gradients;  filters  dead ones, twins
receptive    what a unit can see, and where it looks;  fields  that of many units
explaining   where an image speaks for a class, by eight methods (cam, perturbing)
arithmetic   the whole sum of one number (terms, taking_apart);  walk  from a logit to a pixel
evidence     whether a map earned trust: removal (deletion, insertion), boxes (the pointing game),
             randomised (does it follow the network?)
strongest    what units answer to in a folder;  patches  what they saw;  dream  made for them
shortcut     where a classifier looks over a whole folder, and the proof by hiding
specimen     all of one image;  hierarchy  all of a folder, from edges to objects
"""

from __future__ import annotations
