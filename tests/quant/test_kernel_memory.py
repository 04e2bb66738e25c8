"""What Numba keeps beside loaded kernels goes, and the kernels still answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from terminal.quant import warmup

_PROGRAM = """
import numpy as np
from terminal.quant import european_kernel, black_kernel
from terminal.quant.kernel_memory import give_back_memory, release_intermediate_code
hits = black_kernel.black.stats.cache_hits.total()
before = black_kernel.normal_cdf(0.3)
print(hits, release_intermediate_code(), release_intermediate_code())
give_back_memory()
print(black_kernel.normal_cdf(0.3) == before, black_kernel.black.overloads and True)
"""


def test_loaded_kernels_answer_without_their_intermediate_code(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    modules = ("terminal.quant.normal_kernel", "terminal.quant.black_kernel", "terminal.quant.european_kernel")
    warmup.warm_up(folder, modules=modules)
    environment = {**os.environ, warmup.CACHE_VARIABLE: str(folder)}
    command = [sys.executable, "-c", _PROGRAM]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    (hits, released, again), answers = (line.split() for line in run.stdout.splitlines())
    assert int(hits) == 1
    assert int(released) > 10
    assert again == "0"
    assert answers == ["True", "True"]
