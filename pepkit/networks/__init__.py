"""Exact ReLU networks and what can be proved about them."""
