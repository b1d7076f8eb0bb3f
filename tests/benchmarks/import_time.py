"""What an import takes in a fresh interpreter, beside the interpreter's own start."""

from __future__ import annotations

import os
import subprocess
import sys


def seconds(modules: str) -> tuple[None, float]:
    """Of `import modules`, such as "autograd, nn"."""
    timed = f"from time import perf_counter as now; t = now(); import {modules}; print(now() - t)"
    compiled = {name: x for name, x in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(2):  # the first one compiles what has changed
        printed = subprocess.run(
            [sys.executable, "-c", timed], check=True, capture_output=True, text=True, env=compiled
        )
    return None, float(printed.stdout)
