"""Tables of numbers as pandas has them: a stand-in, and pandas itself where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest


class Table:
    """What this project uses of pandas: `np.asarray`, a shape, and names for columns."""

    def __init__(self, numbers: Any) -> None:
        self.numbers = np.asarray(numbers)
        self.shape, self.columns = self.numbers.shape, ["a", "b"]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.numbers, dtype)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, name: str) -> Any:
        return Table(self.numbers[:, self.columns.index(name)])

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)


def tables() -> Iterator[Any]:
    yield pytest.param(Table, Table, id="stand-in")
    yield pytest.param(lambda x: Table(x.astype(object)), Table, id="objects")
    try:
        import pandas as pd
    except ModuleNotFoundError:
        return
    shuffled = np.random.default_rng(1).permutation
    yield pytest.param(pd.DataFrame, pd.Series, id="pandas")
    yield pytest.param(
        lambda x: pd.DataFrame(x, index=shuffled(len(x))),
        lambda y: pd.Series(y, index=shuffled(len(y))),
        id="pandas with other indices",
    )  # fmt: skip


TABLES = [*tables()]
