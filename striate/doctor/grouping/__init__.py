"""Which images of a run belong together, found in what reading and features give anyway.

thumbs      a small grey image of each, taken while it is decoded
sequences   what names, dates and sub-folders propose, and which neighbours are really alike
near        near copies, by perceptual hashes and by features
finding     all of these within a budget of seconds; what was found is kept for the next run
"""
