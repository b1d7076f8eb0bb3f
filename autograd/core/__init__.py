"""The engine: operations, their rules, the graph and the backward pass."""
