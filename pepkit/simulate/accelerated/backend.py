"""Which backend an experiment runs on, and what a run on JAX depends on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from pepkit.kernel import ClaimError

__all__ = ["BACKENDS", "device_name", "double", "import_jax", "provenance", "require_backend"]

BACKENDS = ("numpy", "jax")
"""What an experiment can run on."""


def require_backend(name: str) -> str:
    """The name, if it can be used here; ClaimError with the remedy otherwise."""
    if name not in BACKENDS:
        raise ClaimError(f"unknown backend {name!r}; known are {', '.join(BACKENDS)}")
    if name == "jax":
        import_jax()
    return name


def import_jax() -> Any:
    """The module jax, if diffrax and optax are there too; ClaimError with the remedy otherwise."""
    try:
        import diffrax  # noqa: F401
        import jax
        import optax  # noqa: F401
    except ImportError as error:
        raise ClaimError(f"the backend jax needs {error.name}: pip install 'pepkit[jax]'") from None
    return jax


def double(jax: Any) -> AbstractContextManager[Any]:
    """float64 inside, whatever the process uses elsewhere."""
    return jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64()


def device_name() -> str:
    """The device that JAX computes on, such as ``cpu`` or the name of a GPU."""
    device = import_jax().devices()[0]
    return str(getattr(device, "device_kind", device.platform))


def provenance() -> dict[str, str]:
    """What a run on JAX depends on besides NumPy: the versions of the libraries and the device."""
    from importlib.metadata import version

    return {"jax": version("jax"), "diffrax": version("diffrax"), "optax": version("optax"), "device": device_name()}
