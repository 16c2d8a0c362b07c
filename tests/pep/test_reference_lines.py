"""OGM and OGM-G in closed form."""

import pytest

from pepkit.kernel import ClaimError, check
from pepkit.kernel.words import decimal_text
from pepkit.pep import method
from pepkit.pep.reference_lines import optimized_gradient_certificate, optimized_gradient_norm_certificate

RATES = {1: 0.125, 2: 0.06189418239776, 3: 0.03769239720788, 4: 0.0255839420499}


@pytest.mark.parametrize("steps", RATES)
def test_optimised_gradient_methods(steps):
    first, second = check(optimized_gradient_certificate(steps)), check(optimized_gradient_norm_certificate(steps))
    field = first.claim.field
    assert float(decimal_text(field, first.rate)) == pytest.approx(RATES[steps], rel=1e-11)
    assert second.rate == 4 * first.rate
    if steps < 4:
        assert first.claim.method == method("optimized-gradient", steps).method


def test_long_towers_are_refused():
    with pytest.raises(ClaimError, match="N <= 4"):
        optimized_gradient_certificate(6)
