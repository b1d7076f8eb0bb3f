"""A picture in each format."""
