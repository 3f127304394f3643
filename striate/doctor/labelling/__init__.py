"""Labels for images that have none: named by the cluster, then one by one where it teaches most.

folder_images    what is known of each image: a hash, features, near copies
clusters         images that look alike, which one name may fit
next_images      which single images to ask about
audit            what the labels are worth, counted on images drawn at random
proposals        labels of another tool
answers          what the person said, kept at once
units            what the answers say of each image
session          what is asked next, and what has been reached
places           where labels and answers are kept
desk             answers taken in, kept and written out
label_file       the CSV that `striate train` reads
"""
