"""The chain rule written out for one gradient."""

from .explanation import Explanation, explain

__all__ = ["Explanation", "explain"]
