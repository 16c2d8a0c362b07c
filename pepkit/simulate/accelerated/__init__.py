"""The experiments on JAX: one compiled program for thousands of seeds, on a GPU where there is one.

The functions take and return NumPy arrays, and compute in float64 what their namesakes in `pepkit.simulate` compute on
NumPy and SciPy. They need the extra `jax` (``pip install 'pepkit[jax]'``: jax, diffrax, optax), which is imported when
a function is called.
"""

from pepkit.simulate.accelerated.backend import BACKENDS, device_name, provenance, require_backend

__all__ = ["BACKENDS", "device_name", "provenance", "require_backend"]
