"""The places where arrays may live that the tests know: two that stand in, Dask, and a GPU."""

from __future__ import annotations

import importlib
import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from refusing import Device, Refusing


def dask_array() -> Any:
    return importlib.import_module("dask.array")


def cupy() -> Any:
    return importlib.import_module("cupy")


def why_no_gpu() -> str:
    """What is missing for the tests on a GPU; nothing if they can run."""
    if find_spec("cupy") is None:
        return "CuPy is not installed"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of CUDA libraries that it does not find
        return "" if cupy().cuda.is_available() else "there is no CUDA device at hand"


NO_GPU = why_no_gpu()
STAND_IN = pytest.param(lambda: Device, id="device")
REFUSING = [pytest.param(lambda: Refusing, id="refusing"), STAND_IN]
DASK = pytest.param(
    dask_array,
    id="dask",
    marks=pytest.mark.skipif(find_spec("dask") is None, reason="Dask is not installed"),
)
GPU = pytest.param(
    cupy,
    id="cupy",
    marks=[pytest.mark.gpu, pytest.mark.skipif(bool(NO_GPU), reason=NO_GPU or "there is a GPU")],
)
PLACES = [*REFUSING, DASK, GPU]


def on_dask() -> Any:
    """Dask's arrays, computed in this thread. Where it would fetch in silence, it warns."""
    return importlib.import_module("dask").config.set(scheduler="synchronous")


def fetched(x: Any) -> Any:
    """The numbers, in NumPy's memory."""
    for way in ("get", "compute"):
        if hasattr(x, way):
            return np.asarray(getattr(x, way)())
    return np.asarray(x)
