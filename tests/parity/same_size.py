"""A network that keeps the size (x1), for the tests of the command: a sharpening in Compact's form."""
import torch

from .common import write
from .compact import Compact

if __name__ == "__main__":
    write("compact-x1", Compact(6, 1, 1), scale=1, family="Compact")
