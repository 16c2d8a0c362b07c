"""Train a classifier of 8x8 digits, export it to ONNX, read it back, and certify its robustness.

    python examples/certified_digits.py --images 100 --output digits

Needs scikit-learn, onnx and, for the figure, matplotlib. Writes ``digits/classifier.onnx``, ``digits/table.csv``,
``digits/figure.png`` and one certificate for each relaxation. Every counted image is certified by the kernel: no image
within the radius (in units where pixels are in [0, 1]) has a score of another class at least that of the true one.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path
from typing import Any

import numpy as np

from pepkit import networks

RADII = ("1/100", "2/100", "4/100", "6/100", "8/100")
METHODS = ("box", "hbox", "deepz", "crown-ibp", "crown", "alpha-crown")


def train(hidden: tuple[int, ...], seed: int = 0) -> tuple[Any, np.ndarray, np.ndarray]:
    """A trained MLPClassifier and the test images and labels."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier

    data = load_digits()
    images = data.data / 16.0
    train_x, test_x, train_y, test_y = train_test_split(images, data.target, test_size=0.25, random_state=seed)
    model = MLPClassifier(hidden_layer_sizes=hidden, alpha=3e-2, max_iter=300, random_state=seed)
    model.fit(train_x, train_y)
    return model, test_x, test_y


def export_onnx(model: Any, path: Path) -> None:
    """The scores of the classifier (without softmax) as an ONNX graph of Gemm and Relu in single precision."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, tensors, value = [], [], "image"
    last = len(model.coefs_) - 1
    for k, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        tensors += [
            numpy_helper.from_array(weight.astype(np.float32), f"W{k}"),
            numpy_helper.from_array(bias.astype(np.float32), f"b{k}"),
        ]
        result = "scores" if k == last else f"y{k}"
        nodes.append(helper.make_node("Gemm", [value, f"W{k}", f"b{k}"], [result]))
        value = result
        if k < last:
            nodes.append(helper.make_node("Relu", [value], [f"z{k}"]))
            value = f"z{k}"
    size, classes = model.coefs_[0].shape[0], model.coefs_[-1].shape[1]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, size])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, classes])],
        tensors,
    )
    onnx.save(helper.make_model(graph), path)


def study(images: int, output: Path, hidden: tuple[int, ...]) -> list[dict[str, Any]]:
    """Certified accuracy for every radius and relaxation; writes the files described above."""
    output.mkdir(parents=True, exist_ok=True)
    model, test_x, test_y = train(hidden)
    export_onnx(model, output / "classifier.onnx")
    net = networks.read_network(output / "classifier.onnx")
    floats = networks.float_network(net)
    chosen = list(zip(test_x[:images], test_y[:images], strict=True))
    correct = [(x, int(y)) for x, y in chosen if int(np.argmax(floats(x))) == y]
    print(f"{net} network, {len(correct)} of {len(chosen)} images classified correctly")
    table = []
    for radius in RADII:
        row: dict[str, Any] = {"radius": radius, "accuracy": len(correct) / len(chosen)}
        for method in METHODS:
            begin = time.perf_counter()
            certified = 0
            for x, label in correct:
                box = networks.box_around(x, radius, clip=(0, 1))
                result = networks.certify_classification(net, box, label, method_name=method, net=floats)
                if result is not None:
                    certified += 1
                    result.save(output / f"{method}.json")
            row[method] = certified / len(chosen)
            print(f"radius {radius:>6} {method:<12} {certified:4d} certified  {time.perf_counter() - begin:6.1f} s")
        table.append(row)
    with open(output / "table.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return table


def plot(table: list[dict[str, Any]], path: Path) -> None:
    """Certified accuracy against the radius."""
    from fractions import Fraction

    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4))
    radii = [float(Fraction(row["radius"])) for row in table]
    for method in METHODS:
        axes.plot(radii, [100 * row[method] for row in table], marker="o", label=method)
    axes.set_xlabel("radius (maximum norm, pixels in [0, 1])")
    axes.set_ylabel("certified accuracy in %")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--output", type=Path, default=Path("digits"))
    parser.add_argument("--hidden", type=int, nargs="+", default=[32, 32])
    options = parser.parse_args()
    table = study(options.images, options.output, tuple(options.hidden))
    plot(table, options.output / "figure.png")
    print(f"wrote {options.output}/table.csv, figure.png, classifier.onnx and certificates")


if __name__ == "__main__":
    main()
