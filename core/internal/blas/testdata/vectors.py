"""Write vectors.json, the cases that blas.Check runs.

Entries are multiples of 1/4, so the products and triangular solves below are exact in
float32 and the expected values owe nothing to any BLAS. Spectra come from NumPy's LAPACK.
Padding holds PAD and must come back unchanged. Run: python vectors.py (NumPy 2.4.6).
"""

import itertools
import json
from pathlib import Path

import numpy as np

PAD = -77.0
rng = np.random.default_rng(1)
vectors = []


def quarters(*shape):
    """Random multiples of 1/4 in [-2, 2]."""
    return rng.integers(-8, 9, size=shape) / 4


def loose(x, slack):
    """Row-major matrix with `slack` unused elements after each row but the last."""
    x = np.atleast_2d(x)
    rows, cols = x.shape
    stride = max(1, cols + slack)
    data = np.full((rows, stride), PAD)
    data[:, :cols] = x
    return {"stride": stride, "data": data.ravel()[: max(0, (rows - 1) * stride + cols)].tolist()}


def spaced(x, inc):
    """Vector with increment `inc`, reversed in memory if that is negative, as BLAS has it."""
    data = np.full((len(x) - 1) * abs(inc) + 1 if len(x) else 0, PAD)
    data[:: abs(inc)] = x if inc > 0 else x[::-1]
    return {"stride": inc, "data": data.tolist()}


def add(routine, flags, sizes, a, b=None, c=None, want=None, alpha=1.0, beta=0.0):
    """Append one case."""
    m, n, k = sizes
    case = {
        "routine": routine,
        "flags": flags,
        "m": m,
        "n": n,
        "k": k,
        "alpha": alpha,
        "beta": beta,
    }
    case |= {name: x for name, x in (("a", a), ("b", b), ("c", c)) if x is not None}
    vectors.append(case | {"want": want})


SCALES = [(1.0, 0.0), (0.5, 1.0), (-2.0, 0.25), (0.0, 0.5)]


def gemm(routine, sizes):
    """C = alpha op(A) op(B) + beta C."""
    for (m, n, k), ta, tb, (alpha, beta) in itertools.product(sizes, "NT", "NT", SCALES):
        a, b, c = quarters(m, k), quarters(k, n), quarters(m, n)
        want = alpha * (a @ b) + beta * c
        add(
            routine,
            ta + tb,
            (m, n, k),
            loose(a.T if ta == "T" else a, 2),
            loose(b.T if tb == "T" else b, 1),
            loose(c, 3),
            loose(want, 3)["data"],
            alpha,
            beta,
        )


def syrk(routine, sizes):
    """One triangle of C = alpha op(A) op(A)' + beta C."""
    for (n, k), ul, t, (alpha, beta) in itertools.product(sizes, "UL", "NT", SCALES):
        a, c = quarters(n, k), quarters(n, n)
        inside = np.triu(np.ones((n, n), bool)) if ul == "U" else np.tril(np.ones((n, n), bool))
        want = np.where(inside, alpha * (a @ a.T) + beta * c, c)
        add(
            routine,
            ul + t,
            (0, n, k),
            loose(a.T if t == "T" else a, 1),
            None,
            loose(c, 2),
            loose(want, 2)["data"],
            alpha,
            beta,
        )


def gemv(sizes, incs, scales):
    """Vector y = alpha op(A) x + beta y."""
    for (m, n), t, (ix, iy), (alpha, beta) in itertools.product(sizes, "NT", incs, scales):
        a = quarters(m, n)
        op = a.T if t == "T" else a
        x, y = quarters(op.shape[1]), quarters(op.shape[0])
        # gonum leaves y alone if either size is zero, also where beta is not 1.
        want = alpha * (op @ x) + beta * y if a.size else y
        add(
            "dgemv",
            t,
            (m, n, 0),
            loose(a, 2),
            spaced(x, ix),
            spaced(y, iy),
            spaced(want, iy)["data"],
            alpha,
            beta,
        )


def trsm(sizes):
    """Solve op(A) X = alpha B or X op(A) = alpha B."""
    for (m, n), s, ul, t, d, alpha in itertools.product(sizes, "LR", "UL", "NT", "NU", (1.0, -0.5)):
        order = m if s == "L" else n
        full = quarters(order, order)
        np.fill_diagonal(full, rng.choice([-2.0, -1.0, 0.5, 1.0, 4.0], order))
        a = np.triu(full) if ul == "U" else np.tril(full)
        if d == "U":
            np.fill_diagonal(a, 1)
        op = a.T if t == "T" else a
        x = quarters(m, n)
        b = (op @ x if s == "L" else x @ op) / alpha
        add(
            "dtrsm",
            s + ul + t + d,
            (m, n, 0),
            loose(full, 1),
            None,
            loose(b, 2),
            loose(x, 2)["data"],
            alpha,
        )


def factorizations(sizes):
    """Singular values, and R with a positive diagonal."""
    for m, n in sizes:
        a = quarters(m, n)
        values = np.linalg.svd(a, compute_uv=False).tolist() if a.size else []
        for job in "NSA":
            add("dgesvd", job, (m, n, 0), loose(a, 2), want=values)
            add("dgesdd", job, (m, n, 0), loose(a, 1), want=values)
        r = np.abs(np.linalg.qr(a, mode="r")) if a.size else a
        add("dgeqrf", "", (m, n, 0), loose(a, 2), want=r.ravel().tolist())


def symmetric(orders):
    """Eigenvalues and Cholesky factors."""
    for n, ul in itertools.product(orders, "UL"):
        a = quarters(n, n)
        a = a + a.T
        # The other triangle is garbage that must not be read.
        half = np.where(
            np.triu(np.ones((n, n), bool)) if ul == "U" else np.tril(np.ones((n, n), bool)), a, 99.0
        )
        values = np.linalg.eigvalsh(a).tolist()
        for job in "NV":
            add("dsyev", job + ul, (0, n, 0), loose(half, 2), want=values)
            if ul == "U":
                add("dsyevd", job, (0, n, 0), loose(half, 1), want=values)
        factor = np.tril(quarters(n, n), -1) + np.diag(rng.choice([0.5, 1.0, 2.0], n))
        gram = factor @ factor.T
        factor, keep = (factor.T, np.triu) if ul == "U" else (factor, np.tril)
        inside = keep(np.ones((n, n), bool))
        add(
            "dpotrf",
            ul,
            (0, n, 0),
            loose(np.where(inside, gram, 99.0), 2),
            want=loose(np.where(inside, factor, 99.0), 2)["data"],
        )


gemm("dgemm", [(1, 1, 1), (5, 7, 6), (8, 2, 3), (3, 4, 0), (0, 3, 2), (3, 0, 2)])
gemm("sgemm", [(5, 7, 6), (3, 4, 0), (0, 3, 2)])
syrk("dsyrk", [(1, 1), (6, 9), (7, 2), (4, 0), (0, 3)])
syrk("ssyrk", [(6, 9), (4, 0), (0, 3)])
gemv([(1, 1), (5, 8), (9, 4), (0, 3), (3, 0)], [(1, 1), (2, -3), (-1, 2)], SCALES)
gemv([(40, 30)], [(1, 1), (2, -3)], SCALES[2:3])  # large enough for the seam to leave gonum
trsm([(1, 1), (6, 5), (3, 7), (0, 2), (2, 0)])
factorizations([(1, 1), (1, 5), (5, 1), (6, 6), (9, 4), (4, 9), (20, 3), (3, 20), (0, 3), (3, 0)])
symmetric([0, 1, 2, 7])

path = Path(__file__).with_name("vectors.json")
path.write_text("[\n" + ",\n".join(json.dumps(v, separators=(",", ":")) for v in vectors) + "\n]\n")
