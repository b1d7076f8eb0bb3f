"""Mutants: the library with one mistake put in on purpose, which the suite has to notice.

`rows` makes mistakes in the table of derivatives by wrapping its rules as they run; `source` makes
them in any function by way of its syntax tree; `trials` runs a test session in which one such
mistake after the other is alive.
"""
