"""Training: the loop, callbacks, history, metrics, checkpoints, clusters."""
