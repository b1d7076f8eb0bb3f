"""Data: data sets, mini-batches, transforms, files."""
