"""Numerics: arrays in, arrays out. Float64, NumPy broadcasting, compiled kernels without the GIL."""
