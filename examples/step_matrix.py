"""A method of one's own: x_i = x_0 - (1/L) sum_k matrix[i-1][k] grad f(x_k), with exact entries."""

import pepkit

# gradient descent with step 1, and then a step that uses both gradients
matrix = [
    ["1"],
    ["1.25", "3/2"],
]
claim = pepkit.fixed_step_method(matrix)
result = pepkit.certify(claim)
print(result.theorem)

optimal = pepkit.certify(pepkit.method("optimized-gradient", 2))
print("\nthe optimized gradient method, for comparison:")
print(optimal.theorem)
