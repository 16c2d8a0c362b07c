"""A tour of exact networks: bounds, certificates, properties, Lipschitz constants, jumps, injectivity."""

from fractions import Fraction

import numpy as np

import pepkit
from pepkit import networks
from pepkit.networks.injectivity import decide_injectivity, relu_layer
from pepkit.networks.studies import exact_maximum

# floats are the rational numbers that they are
generator = np.random.default_rng(3)
weights = [generator.normal(size=(8, 3)), generator.normal(size=(8, 8)) / 2, generator.normal(size=(1, 8))]
net = networks.network(weights)
box = networks.box_around([0, 0, 0], "1/2")

print(f"{net} network on a box, upper bounds of the output:")
for name in networks.method_names():
    result = networks.certify_bound(net, box, [1], method_name=name)
    print(f"  {name:<12} {float(Fraction(str(result.bound))):.6f}")
value, point = exact_maximum(net, box)
print(f"  the maximum  {float(Fraction(str(value))):.6f}, attained at a vertex in Q")

result.save("bound.json")
theorem = pepkit.check(pepkit.load("bound.json"))
print(theorem)

# "the output never reaches the maximum plus 1/1000", decided by cases; and a counterexample to "never reaches less"
for margin in ("1/1000", "-1/1000"):
    limit = value + networks.model.rational(margin)
    answer = networks.verify(net, box, [[networks.Atom((-1,), (), -limit)]])
    print(f"output >= maximum + {margin}: {answer.word} after {answer.cases} cases")

lipschitz = networks.certify_lipschitz(net)
print(f"Lipschitz constant at most {float(Fraction(str(lipschitz.bound))) ** 0.5:.4f}")

for name, line in networks.minimal_lines().items():
    (jump,) = networks.jump_set(line, name).jumps
    print(f"the {name} bound jumps from {jump.left} to {jump.right} at t = {jump.low}")

layer = relu_layer(generator.normal(size=(24, 4)))
print(f"24 random neurons on R^4: {decide_injectivity(layer).status}")
