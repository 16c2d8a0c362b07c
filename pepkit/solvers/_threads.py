"""Keeping the BLAS library from spreading small products over many threads.

Products of matrices of order 100 take microseconds; threads that wait for one another make them take milliseconds
where other processes use the cores. The limit needs the small package threadpoolctl; without it, set
``OPENBLAS_NUM_THREADS=1`` (or ``MKL_NUM_THREADS``) before Python starts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

__all__ = ["blas_threads"]

_LOCK = threading.Lock()
_ACTIVE: dict[str, Any] = {"users": 0, "limiter": None}


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """Limit BLAS to this many threads while the context lasts; does nothing without threadpoolctl.

    The limit belongs to the process. Where several threads are inside at once the first one sets it and the last one
    restores what was before, so no order of leaving can make the limit permanent.
    """
    if find_spec("threadpoolctl") is None:
        yield
        return
    import threadpoolctl

    with _LOCK:
        if _ACTIVE["users"] == 0:
            _ACTIVE["limiter"] = threadpoolctl.threadpool_limits(limits=count, user_api="blas")
        _ACTIVE["users"] += 1
    try:
        yield
    finally:
        with _LOCK:
            _ACTIVE["users"] -= 1
            if _ACTIVE["users"] == 0:
                _ACTIVE["limiter"].restore_original_limits()
                _ACTIVE["limiter"] = None
