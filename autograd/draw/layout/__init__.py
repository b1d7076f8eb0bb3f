"""Layouts: the positions of boxes and edges."""
