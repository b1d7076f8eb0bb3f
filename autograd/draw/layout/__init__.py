"""Where boxes and edges stand."""
