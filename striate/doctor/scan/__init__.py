"""One pass over all images of a data set, and what is the same in several of them.

file_signs     what one file says of itself: format, size, ending, EXIF, the hash of its bytes
fingerprints   perceptual hashes of an image, of parts of it, of it turned and mirrored
alignment      whether one image is a part of another, or it turned: the best correlation
scanning       the pass itself: progress, Ctrl-C, and what is kept for the next check
near_copies    pairs of images that show the same, and the groups that they make
"""
