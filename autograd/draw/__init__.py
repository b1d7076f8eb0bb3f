"""Pictures of computation graphs: a neutral description of what is drawn, and one module for
each form that it is written in.
"""

from .drawing import Drawing, draw
