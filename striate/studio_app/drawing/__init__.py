"""What is drawn on the pad.

strokes       lines of a pen, laid as the digits of a set of images lie
handwritings  training digits as other writers would draw them
skeleton      the other way: the strokes of an image, along the middle of its ink
likeness      whether a drawing is like what a network has learnt, and how often it is read right
pad           a drawing in a network
"""
