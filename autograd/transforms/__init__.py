"""Functions of functions: gradients, products with Jacobians, checkpoints and checks."""
