"""Ground floor: message columns, the tape, instruments, money, orders and time; standard library, NumPy, Numba."""
