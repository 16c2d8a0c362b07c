"""Is this schedule of six steps better than silver? Certified from both sides."""

import pepkit
from pepkit.algebra import to_float

mine = ["1.414", "2", "1.414", "4.17", "1.414", "1.877"]
result = pepkit.certify(pepkit.gradient_descent(mine), mode="relaxed", tolerance="1e-7")
silver = pepkit.certify(pepkit.gradient_descent(pepkit.schedule("silver", 6)), mode="relaxed", tolerance="1e-7")


def bracket(found):
    """Proved lower and upper bound as floats."""
    field = found.theorem.claim.field
    return to_float(field, field.coerce(found.lower)), to_float(field, found.rate)


print("mine   in [{:.10f}, {:.10f}]".format(*bracket(result)))
print("silver in [{:.10f}, {:.10f}]".format(*bracket(silver)))
if bracket(result)[1] < bracket(silver)[0]:
    print("proved: mine has the smaller worst case")
elif bracket(result)[0] > bracket(silver)[1]:
    print("proved: silver has the smaller worst case")
else:
    print("undecided at this tolerance")
