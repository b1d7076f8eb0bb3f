"""A graph as data: boxes and groups, with their names, numbers and formulas."""
