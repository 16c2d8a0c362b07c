"""From a schedule to a checked theorem."""

import tempfile
from pathlib import Path

import pepkit

claim = pepkit.gradient_descent(pepkit.schedule("silver", 7))
result = pepkit.certify(claim)
print(result)

# the certificate is a file that anyone can check, with the kernel alone
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "silver-7.json"
    result.save(path)
    theorem = pepkit.check(pepkit.load(path))
print(f"\nchecked again: rate {theorem.rate}, tight: {theorem.tight}")
