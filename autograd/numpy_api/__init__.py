"""NumPy's functions on nodes, under NumPy's names."""
