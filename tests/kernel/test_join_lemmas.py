"""The joins of the kernel as polynomial identities, for blocks of every length.

A block enters a join only through a few sums over its points (docs/mathematics-joins.md), so one identity in
these sums proves the join for all blocks. Inner products are written as products of scalars: a quadratic form
in independent vectors vanishes exactly when it does on the real line.
"""

import sympy as sp


def vanishes(expression):
    """Whether a rational function is identically zero."""
    return sp.expand(sp.fraction(sp.together(expression))[0]) == 0


# ---- mu = 0 ----------------------------------------------------------------------------------------------------


def interpolation(first, second):
    (x, g, f), (y, k, e) = first, second
    return f - e - k * (x - y) - (g - k) ** 2 / 2


def convex_block(name):
    """End point (x, g, f) and sums H = sum h, F = sum h f, G = sum h(h-1) g^2, X = sum h g over the interior points."""
    return sp.symbols(" ".join(f"{s}_{name}" for s in ("x", "g", "f", "H", "F", "G", "X")))


def s_form(block):
    """P(h) = sum h_i (f_i - f_n) - sum h_i (h_i - 1)|g_i|^2/2 - H(H+1)|g_n|^2/2."""
    _x, g, f, H, F, G, _X = block
    return F - H * f - G / 2 - H * (H + 1) * g**2 / 2


def to_interior(point, block, start):
    """E_z = P + sum h_i Q(z, i) in the sums of the block; the next test proves it."""
    x, g, f = point
    _, last_g, last_f, H, *_, X = block
    return H * (f - last_f) - H * (H + 1) * last_g**2 / 2 - H * g**2 / 2 + X * (start - x + g) - X**2 / 2


def test_sum_over_the_interior_of_a_block():
    for n in range(5):
        h, g, f = (sp.symbols(f"{name}0:{n}") for name in "hgf")
        start, x, gz, fz, gn, fn = sp.symbols("start x gz fz gn fn")
        points, total = [], sp.Integer(0)
        position = start
        for i in range(n):
            points.append((position, g[i], f[i]))
            position -= h[i] * g[i]
        for i in range(n):
            total += h[i] * interpolation((x, gz, fz), points[i])
        sums = (
            sum(h),
            sum((a * b for a, b in zip(h, f, strict=True)), sp.Integer(0)),
            sum((a * (a - 1) * b**2 for a, b in zip(h, g, strict=True)), sp.Integer(0)),
            sum((a * b for a, b in zip(h, g, strict=True)), sp.Integer(0)),
        )
        block = (position, gn, fn, *sums)
        assert vanishes(total + s_form(block) - to_interior((x, gz, fz), block, start))


def joined(a, b, step):
    """The sums of [a, step, b]."""
    _x, g, f, H, F, G, X = a
    _, _, _, K, F2, G2, X2 = b
    return (*b[:3], H + step + K, F + step * f + F2, G + step * (step - 1) * g**2 + G2, X + step * g + X2)


def test_convex_s_join():
    psi, beta = sp.symbols("psi beta", positive=True)
    alpha = psi * (psi + beta) / (beta - psi)  # psi^2 + (alpha + beta) psi = alpha beta, solved for alpha
    K = alpha * beta / psi
    assert vanishes(K**2 - (alpha + beta) * K - alpha * beta)
    a = convex_block("a")
    b = convex_block("b")
    assert vanishes((alpha - 1) + (1 + psi) + (beta - 1) + 1 - K), "1 + H of the join is K"
    a = (*a[:3], alpha - 1, *a[4:])
    start = a[0] - (1 + psi) * a[1]
    b = (start - b[6], *b[1:3], beta - 1, *b[4:])
    t = (alpha + psi) / (beta - psi)
    p, q = a[:3], b[:3]
    right = s_form(a) + s_form(b)
    right += t * to_interior(p, b, start) + t * to_interior(q, b, start)
    right += t * interpolation(p, q) + t * psi * interpolation(q, p)
    assert vanishes(s_form(joined(a, b, 1 + psi)) - right)


def test_convex_s_block_decides_two_rates_with_a_minimiser():
    """On top of P: the star inequalities give f_n - f_* and |g_n|^2; every slack is a square."""
    x0 = sp.Symbol("x_0")
    block = convex_block("a")
    _x, g, f, H, F, G, X = block
    end = x0 - X
    # sum h_i Q(*, i) with f_* = x_* = 0, where sum h_i g_i x_i = X x_0 - (X^2 - sum h_i^2 |g_i|^2)/2 and
    # G - (sum h_i^2 |g_i|^2 - sum h_i |g_i|^2) = 0
    interior = -F + X * x0 - X**2 / 2 + G / 2
    last = -f + g * end - g**2 / 2
    back = f - g**2 / 2
    value = x0**2 / 2 - (2 * H + 1) * f - s_form(block) - interior - (H + 1) * last
    assert vanishes(value - (end - (H + 1) * g) ** 2 / 2)
    gradient = x0**2 / 2 - (H + 1) ** 2 * g**2 / 2 - s_form(block) - interior - last - (H + 1) * back
    assert vanishes(gradient - (end - g) ** 2 / 2)


def test_convex_f_join():
    """With T = sum tau_i, V = sum tau_i g_i, W = sum tau_i f_i, Z = sum tau_i(g_i x_i - |g_i|^2/2) over the tail."""
    theta, weight, x0 = sp.symbols("theta w x_0", positive=True)
    alpha = weight * theta * (theta - 1) / 2
    step = 1 + alpha / theta
    _x, g, f, _, F, G, X = convex_block("a")
    H = alpha - 1
    p = (x0 - X, g, f)
    fq, V, W, Z = sp.symbols("f_q V W Z")
    start = p[0] - step * g
    new = theta**2 * weight
    assert vanishes(2 * (H + step + (weight - 1) / 2) + 1 - new), "2H + 1 of the join is theta^2 weight"
    # the tail's certificate: |y|^2/2 - weight f_q = lambda + sum tau Q(*, i) + |y - V|^2/2 at y = start
    tail = start**2 / 2 - weight * fq - (-W + Z) - (start - V) ** 2 / 2
    # sum tau_i Q(p, i), where sum tau_i = weight and |g_p - g_i|^2 = ...
    from_p = weight * f - W - V * p[0] + Z - weight * g**2 / 2 + g * V
    interior = -F + X * x0 - X**2 / 2 + G / 2
    at_p = -f + g * p[0] - g**2 / 2
    prefix = s_form((*p, H, F, G, X))
    slack = x0 - X - (alpha + 1) * g - theta * V
    right = prefix + theta**2 * tail + theta * (theta - 1) * from_p
    right += interior + (alpha + 1) * at_p + theta * (-W + Z) + slack**2 / 2
    assert vanishes(x0**2 / 2 - new * fq - right)


def test_convex_g_join():
    theta, weight = sp.symbols("theta w", positive=True)
    alpha = weight * theta * (theta - 1) / 2
    psi = alpha / theta
    f0 = sp.Symbol("f_0")
    xp, gp, fp = sp.symbols("x_p g_p f_p")
    a = convex_block("a")
    start = xp - (1 + psi) * gp
    a = (start - a[6], *a[1:3], alpha - 1, *a[4:])
    t = 1 / (alpha - psi)
    p, q = (xp, gp, fp), a[:3]
    new = theta**2 * weight
    prefix = f0 - fp - (weight - 1) / 2 * gp**2
    right = prefix + t * to_interior(p, a, start) + t * to_interior(q, a, start)
    right += t * interpolation(p, q) + t * psi * interpolation(q, p)
    assert vanishes(f0 - q[2] - (new - 1) / 2 * q[1] ** 2 - right)


# ---- 0 < mu < 1: p = (x - g)/(1 - m), W = (g - m x)/(m (1 - m)), q_ij = F_i - F_j - W_j (p_i - p_j) -----------------

m, y, z = sp.symbols("m y z", positive=True)


def subgradient(first, second):
    (p, _w, f), (r, v, e) = first, second
    return f - e - v * (p - r)


def test_coordinates_of_the_strongly_convex_case():
    x, g, x2, g2, f, f2 = sp.symbols("x g x2 g2 f f2")

    def point(x, g, f):
        w = (g - m * x) / (m * (1 - m))
        p = (x - g) / (1 - m)
        value = (f - (m**2 * (1 - m) * w**2 + m * (p + m * w) ** 2) / 2) / (m * (1 - m))
        return p, w, value

    bracket = (g - g2) ** 2 + m * (x - x2) ** 2 - 2 * m * (g - g2) * (x - x2)
    q = f - f2 - g2 * (x - x2) - bracket / (2 * (1 - m))
    assert vanishes(q - m * (1 - m) * subgradient(point(x, g, f), point(x2, g2, f2)))
    step = (1 + y / m) / (1 + y)
    p, w, _ = point(x, g, f)
    assert vanishes(x - step * g - (1 - m) / (1 + y) * (p - y * w))
    assert vanishes((1 - m * step) - (1 - m) / (1 + y))
    assert vanishes((step - 1) - (1 - m) / (1 + y) * y / m)


def block(name, weight, end=None):
    """End (p, W, F) and sums of sigma F, sigma W p, sigma W over the interior; sum sigma = weight - m."""
    end = sp.symbols(f"p_{name} W_{name} F_{name}") if end is None else end
    return (*end, *sp.symbols(f"SF_{name} SP_{name} Y_{name}"), weight)


def core(block):
    p, w, f, values, products, y_sum, z = block
    quadratic = (p + m * w + y_sum) ** 2 - (p - z * w) ** 2
    return 2 * (1 - z) * (values - products - (z - m) * f) + quadratic - (2 * z + 2 * m * (1 - z) + 2 * z**2) * w * p


def interior(point, block):
    """sum of sigma_i q(point, i)."""
    p, _, f = point
    *_, values, products, y_sum, weight = block
    return (weight - m) * f - values - y_sum * p + products


def test_strongly_convex_s_block_bounds_the_next_iterate():
    p, w, f, values, products, y_sum, _weight = b = block("a", z)
    last, back = -f + w * p, f
    factor = (1 - z) / (1 - m)
    start = (p + m * w + y_sum) / factor
    total = core(b) + 2 * (1 - z) * (-values + products) + (2 * z + 2 * m * (1 - z) + 2 * z**2) * last + 4 * z * back
    assert vanishes(factor**2 * start**2 - (p - z * w) ** 2 - total)
    assert core((*sp.symbols("p W F"), 0, 0, 0, m)) == sp.expand(0) or vanishes(
        core((*sp.symbols("p W F"), 0, 0, 0, m))
    ), "the empty block"


def test_strongly_convex_s_join():
    za = sp.Symbol("z_a", positive=True)
    zb = (z**2 - za * z) / (za + z - 2 * za * z)  # z^2 = z_a z_b + (z_a + z_b - 2 z_a z_b) z
    inserted = za * zb / z
    e = (1 - zb) / (1 + inserted)
    assert vanishes((1 - za) * (1 - zb) / (1 + inserted) - (1 - z)), "prod(1 - m h) of the join"
    a, b = block("a", za), block("b", zb)
    p, q = a[:3], b[:3]
    # C (p_P - y W_P) = p_Q + m W_Q + Y_B
    b = (*b[:5], e * (p[0] - inserted * p[1]) - q[0] - m * q[1], zb)
    extra = e * (m + inserted)
    sums = (e * a[3] + extra * p[2] + b[3], e * a[4] + extra * p[1] * p[0] + b[4], e * a[5] + extra * p[1] + b[5])
    join = (*q, *sums, z)
    assert vanishes(e * (za - m) + extra + (zb - m) - (z - m)), "sum sigma of the join"
    gain = (z / zb) ** 2
    right = e**2 * core(a) + gain * core(b) + (gain - 1) * e * interior(p, b) + (gain - 1) * interior(q, b)
    right += (gain - 1) * e * m * subgradient(p, q) + (gain - 1) * e * inserted * subgradient(q, p)
    assert vanishes(core(join) - right)


U = (1 - m) * y**2 * (2 + y - z) / (m * (1 + y) ** 2 * (z - y))
NEW_U = U * ((1 + y) * z / ((1 - z) * y)) ** 2


def value_at(point):
    """f - f_* in the coordinates of a point."""
    p, w, f = point
    return m * (1 - m) * f + (m**2 * (1 - m) * w**2 + m * (p + m * w) ** 2) / 2


def test_strongly_convex_f_join():
    """Tail: sums over tau = s_i of F, W p and W; D = 1 - m a^2 with D' = (z/y)^2 D."""
    a = block("a", z)
    p = a[:3]
    q = sp.symbols("p_q W_q F_q")
    values, products, total, deficit = sp.symbols("TF TP V D")
    beta = m / (2 * (1 - m))
    gain = ((1 + y) * z / ((1 - z) * y)) ** 2

    def tail(start, weight, deficit, values, products, total):
        slack = (1 - deficit) / 2 * (start - beta * total) ** 2
        return 2 / m * (start**2 / 2 - weight * value_at(q) - slack) - (-values + products)

    start_b = (1 - m) / (1 + y) * (p[0] - y * p[1])
    start = (p[0] + m * p[1] + a[5]) * (1 - m) / (1 - z)
    scale = (1 - m) ** 2 / (m * (1 - z) ** 2)
    at_p = 2 * (1 - m) ** 2 / (m * (1 - z)) * ((1 + y) * z / (1 - z) + m)
    keep = gain * y / z
    inner = 2 * (1 - m) ** 2 / (m * (1 - z))
    new = (
        inner * a[3] + at_p * p[2] + keep * values,
        inner * a[4] + at_p * p[1] * p[0] + keep * products,
        inner * a[5] + at_p * p[1] + keep * total,
    )
    assert vanishes(inner * (z - m) + at_p + keep * 2 * (1 - m) * U - 2 * (1 - m) * NEW_U), "sum of the s_i"
    from_p = 2 * (1 - m) * U * p[2] - values - total * p[0] + products
    left = tail(start, NEW_U, (z / y) ** 2 * deficit, *new)
    right = scale * core(a) + gain * tail(start_b, U, deficit, values, products, total)
    right += gain * (1 - y / z) * from_p
    # the deficit of the tail is that of its weight: m u = m - 1 + r^2 and D = 1 - (1 - m)/r^2 = m u/(m u + 1 - m)
    actual = m * U / (m * U + 1 - m)
    assert vanishes((left - right).subs(deficit, actual))


def test_strongly_convex_deficit_stays_below_one():
    """D = m u/(m u + 1 - m) is kept by the join, so m a^2 = 1 - D = (1 - m)/(m u + 1 - m) > 0."""
    deficit = m * U / (m * U + 1 - m)
    assert vanishes((z / y) ** 2 * deficit - m * NEW_U / (m * NEW_U + 1 - m))
    u = sp.Symbol("u")
    assert vanishes((m * u / (m * u + 1 - m)).subs(u, 1) - m), "the empty tail has m a^2 = 1 - m"


def test_strongly_convex_g_join():
    a = block("a", z)
    q = a[:3]
    p = sp.symbols("p_p W_p F_p")
    f0 = sp.Symbol("f_0")
    e = (1 - z) / (1 + y)
    a = (*a[:5], e * (p[0] - y * p[1]) - q[0] - m * q[1], z)
    t = (1 - m) / ((1 - z) * (z - y))

    def prefix(point, weight):
        gradient = m * (point[0] + point[1])
        return 2 / m * (f0 - value_at(point) - (weight - 1) / 2 * gradient**2)

    gain = t * (1 + e) / e
    assert vanishes(gain * z**2 / m - NEW_U)
    right = prefix(p, U) + gain * core(a)
    right += 2 * t * (1 - z) * interior(p, a) + 2 * t * (1 - z) / e * interior(q, a)
    right += 2 * t * (1 - z) * m * subgradient(p, q) + 2 * t * (1 - z) * y * subgradient(q, p)
    assert vanishes(prefix(q, NEW_U) - right)
