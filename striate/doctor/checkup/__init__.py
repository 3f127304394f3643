"""The check of a data set before anything is learnt from it: `striate check`.

checkup        what there is to look at: the scan, the copies, what a last layer says of labels
kinds          what is looked for, a file each; the registry, `CHECKS`, is in __init__
check          the whole of it: scan, compare, predict labels, find
check_result   what comes out, as numbers
check_page     the same as a page with the images
"""
