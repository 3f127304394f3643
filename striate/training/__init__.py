"""From a folder of images to a trained classifier: plan, run, loop, report."""
