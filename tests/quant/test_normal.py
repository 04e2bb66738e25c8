"""The branch-free elementary functions against the C library and SciPy, and that loops of them do vectorise."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt
import pytest
from scipy import special

from terminal.quant import normal_kernel as nk

Floats = npt.NDArray[np.float64]
ULP = 2.220446049250313e-16
_F1 = nb.float64[::1]


def loop_over(function: Callable[[float], float]) -> Any:
    @nb.njit(nb.void(_F1, _F1), nogil=True, error_model="numpy")
    def loop(x: Floats, out: Floats) -> None:
        for i in range(out.size):
            out[i] = function(x[i])

    return loop


@nb.njit(nb.void(_F1, _F1, _F1), nogil=True, error_model="numpy")
def log_ratios(a: Floats, b: Floats, out: Floats) -> None:
    for i in range(out.size):
        out[i] = nk.vector_log_ratio(a[i], b[i])


@nb.njit(nb.void(_F1, _F1, _F1, _F1), nogil=True, error_model="numpy")
def mills_pairs(y: Floats, width: Floats, ratio: Floats, difference: Floats) -> None:
    for i in range(y.size):
        ratio[i], difference[i] = nk.vector_mills_pair(y[i], width[i])


LOOPS = {
    name: loop_over(getattr(nk, name))
    for name in ("vector_exp", "vector_log", "vector_pdf", "vector_cdf", "vector_mills")
}


def values(name: str, x: Floats) -> Floats:
    out = np.empty_like(x)
    LOOPS[name](x, out)
    return out


def ulps(found: Floats, expected: Floats) -> float:
    return float(np.max(np.abs(found - expected) / np.spacing(np.abs(expected))))


def random(low: float, high: float, count: int = 20_000) -> Floats:
    return np.random.default_rng(7).uniform(low, high, count)


def test_exp() -> None:
    for x in (random(-745.1, 709.7), random(-1, 1), np.array([0.0, -0.0, 709.78, -745.13, 1e-300])):
        assert ulps(values("vector_exp", x), np.array([math.exp(value) for value in x])) <= 1.0
    edges = values("vector_exp", np.array([np.inf, -np.inf, np.nan, 709.79, -746.0, 1e300, -1e300]))
    np.testing.assert_array_equal(edges, [np.inf, 0, np.nan, np.inf, 0, np.inf, 0])


def test_exp_of_a_sum_keeps_the_small_part() -> None:
    got = [nk.vector_exp_sum(x, 2.0**-40) for x in (-300.0, 0.0, 300.0)]
    for value, x in zip(got, (-300.0, 0.0, 300.0), strict=True):
        assert value / math.exp(x) - 1.0 == pytest.approx(2.0**-40, abs=4 * ULP)


def test_log() -> None:
    for x in (np.exp(random(-745, 709)), random(0.5, 2.0), 1 + random(-1e-6, 1e-6), np.array([5e-324, 1e-310, 1.0])):
        expected = np.array([math.log(value) for value in x])
        assert np.all(np.abs(values("vector_log", x) - expected) <= 2 * np.spacing(np.abs(expected)))
    edges = values("vector_log", np.array([0.0, -0.0, -1.0, np.inf, np.nan]))
    np.testing.assert_array_equal(edges, [-np.inf, -np.inf, np.nan, np.inf, np.nan])


def test_log_of_a_ratio_where_it_meets_one_and_where_it_overflows() -> None:
    a = np.exp(random(-690, 690))
    near = np.concatenate([a * (1 + random(-0.3, 0.5)), np.nextafter(a, np.inf)])
    twice = np.concatenate([a, a])
    out = np.empty_like(near)
    log_ratios(near, twice, out)
    exact = np.array([math.log1p((p - q) / q) for p, q in zip(near, twice, strict=True)])
    assert np.all(np.abs(out - exact) <= 4 * np.spacing(np.abs(exact)))
    assert nk.vector_log_ratio(1e300, 1e-300) == pytest.approx(600 * math.log(10), rel=2 * ULP)
    assert nk.vector_log_ratio(3.0, 3.0) == 0.0


def test_density_and_distribution_to_the_end_of_the_wings() -> None:
    z = np.concatenate([random(-37.0, 37.0), random(-1.5, 1.5)])
    cdf = np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in z])
    # The C library's argument is rounded; its result may be off by z^2 times that.
    slack = (10 + z * z) * ULP
    assert np.all(np.abs(values("vector_cdf", z) / cdf - 1) <= slack)
    pdf = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    assert np.all(np.abs(values("vector_pdf", z) / pdf - 1) <= slack)
    edges = np.array([-np.inf, np.inf, np.nan, -40.0, 40.0, 0.0])
    np.testing.assert_array_equal(values("vector_cdf", edges)[:5], [0, 1, np.nan, 0, 1])
    assert values("vector_cdf", edges)[5] == pytest.approx(0.5, abs=ULP)
    np.testing.assert_array_equal(values("vector_pdf", edges)[:5], [0, 0, np.nan, 0, 0])


def test_density_keeps_what_squaring_rounds_off() -> None:
    """60-digit values (mpmath) of phi at 30.1 and 37.3, the nearest doubles."""
    assert nk.vector_pdf(30.1) == pytest.approx(7.300259384280611e-198, rel=4 * ULP, abs=0.0)
    assert nk.vector_pdf(-37.3) == pytest.approx(3.062846290695667e-303, rel=4 * ULP, abs=0.0)


def test_mills_ratio_and_its_difference() -> None:
    y = np.concatenate([random(-1.0, 39.0), random(-1.0, 3.0)])
    expected = math.sqrt(math.pi / 2) * special.erfcx(y / math.sqrt(2))
    assert np.all(np.abs(values("vector_mills", y) / expected - 1) <= 10 * ULP)
    y, width = random(-1.0, 6.0), 10.0 ** random(-12.0, -0.3)
    ratio, difference = np.empty_like(y), np.empty_like(y)
    mills_pairs(y, width, ratio, difference)
    mills = math.sqrt(math.pi / 2) * special.erfcx(y / math.sqrt(2))
    assert np.all(np.abs(ratio / mills - 1) <= 12 * ULP)
    # M' = y M - 1, integrated over the step by Gauss and Legendre.
    nodes, weights = np.polynomial.legendre.leggauss(14)
    at = y[:, None] + 0.5 * width[:, None] * (1 + nodes)
    slope = 1 - at * math.sqrt(math.pi / 2) * special.erfcx(at / math.sqrt(2))
    assert np.all(np.abs(difference / (0.5 * width * (slope @ weights)) - 1) <= 40 * (1 + y * y) * ULP)


@pytest.mark.parametrize("name", sorted(LOOPS))
def test_loops_of_them_become_vector_code(name: str) -> None:
    (text,) = LOOPS[name].inspect_llvm().values()
    assert re.search(r"fmul [a-z ]*<\d+ x double>", text)


def test_loops_of_pairs_become_vector_code() -> None:
    @nb.njit(nb.void(_F1, nb.int64), nogil=True, error_model="numpy")
    def loop(work: Floats, count: int) -> None:
        for i in range(count):
            work[512 + i], work[768 + i] = nk.vector_mills_pair(work[i], work[256 + i])

    (text,) = loop.inspect_llvm().values()
    assert re.search(r"fmul [a-z ]*<\d+ x double>", text)
    work = np.linspace(0.0, 1.0, 1024)
    loop(work, 256)
    assert work[512] == pytest.approx(math.sqrt(math.pi / 2), rel=1e-15)
