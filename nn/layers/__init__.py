"""Layers. Inputs carry the batch in front: `x: (batch, in)`."""
