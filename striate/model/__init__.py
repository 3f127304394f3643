"""A classifier: its file, the folder of its run, and the weights it may begin with."""

from striate.model import weights

__all__ = ["weights"]
