"""Other classes and measures; all rates are for every L > 0."""

import pepkit

constant = pepkit.schedule("constant", 3, step="20/11")
claims = {
    "strongly convex, distance": pepkit.gradient_descent(constant, mu="L/10", measure="distance"),
    "strongly convex, function values": pepkit.gradient_descent(["1", "1", "1"], mu="L/10"),
    "nonconvex, smallest gradient": pepkit.gradient_descent(
        ["1", "1", "1"], mu="-L", measure="smallest-gradient-norm", initial="function-value"
    ),
    "convex, last gradient": pepkit.gradient_descent(
        pepkit.schedule("silver", 3), measure="gradient-norm", initial="function-value"
    ),
}
for name, claim in claims.items():
    result = pepkit.certify(claim)
    print(f"{name}: {claim.field.text(result.rate)}, tight: {result.tight}")
