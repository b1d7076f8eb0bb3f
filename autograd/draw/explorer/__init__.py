"""A page that steps through a computation."""

from .explore import explore

__all__ = ["explore"]
