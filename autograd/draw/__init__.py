"""Pictures of computation graphs: one neutral description of what there is to see, and a module
for each form in which it is written.
"""

from .dot import Direction, GraphvizMissingError
from .drawing import Drawing, draw

__all__ = ["Direction", "Drawing", "GraphvizMissingError", "draw"]
