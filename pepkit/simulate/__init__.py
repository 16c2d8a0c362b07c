"""Numerical experiments in float64: NumPy and SciPy, batched over seeds and instances; `accelerated` has them on JAX.

Nothing here proves anything. Random numbers come from `numpy.random.default_rng(seed)`, so a run is reproducible.
"""
