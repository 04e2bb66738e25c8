"""Numerics: arrays in, arrays out. Float64, NumPy broadcasting, compiled kernels without the GIL."""

import os
import sys

from terminal.infra.paths import kernel_cache_dir

_CACHE_VARIABLE = "NUMBA_CACHE_DIR"

# Numba keeps machine code beside each file and looks at the age of that file only: after an update a kernel would go on
# with the old code of those that it calls. A program that only imports this package gets the folder by sources as well.
if _CACHE_VARIABLE not in os.environ:
    os.environ[_CACHE_VARIABLE] = str(kernel_cache_dir())
    if "numba" in sys.modules and not sys.modules["numba"].config.CACHE_DIR:
        sys.modules["numba"].config.CACHE_DIR = os.environ[_CACHE_VARIABLE]
