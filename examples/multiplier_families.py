"""Which multipliers does a proof need? Few: about N log2 N of the N^2 for silver, 2N + 1 for constant steps."""

import pepkit
from pepkit.rounding import FAMILIES

for name, steps in (("constant", 20), ("silver", 7), ("silver", 15)):
    claim = pepkit.gradient_descent(pepkit.schedule(name, steps))
    print(f"{name}, N = {steps}")
    for family in sorted(FAMILIES):
        if family != "all-pairs":
            print("   ", pepkit.compare_family(claim, family))
