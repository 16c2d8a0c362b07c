"""Train a classifier of 8x8 digits, export it to ONNX, read it back, and certify its robustness.

    python examples/certified_digits.py --images 100 --output digits

Needs scikit-learn, onnx and, for the figure, matplotlib; takes about three minutes. Writes ``digits/classifier.onnx``,
``digits/table.csv``, ``digits/figure.png`` and one certificate for each relaxation. Every counted image is certified by
the kernel: no image within the radius (in units where pixels are in [0, 1]) has a score of another class at least that
of the true one. Above them the figure shows the images for which gradient ascent finds no counterexample; those that it
finds are evaluated exactly.
"""

from __future__ import annotations

import argparse
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from pepkit import networks
from pepkit.networks.attack import into_box
from pepkit.studies import Study

RADII = ("1/100", "2/100", "4/100", "6/100", "8/100")
METHODS = ("box", "hbox", "deepz", "crown-ibp", "crown", "alpha-crown", "triangle")
UNATTACKED = "no attack found"


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


def attacked(net: Any, floats: Any, box: Any, label: int) -> bool:
    """Whether gradient ascent finds an image of the box with another class; the image is evaluated exactly."""
    low, high = (np.array([int(x.p) / int(x.q) for x in side]) for side in (box.lower, box.upper))
    for other in range(net.outputs):
        if other == label:
            continue
        objective = np.zeros(net.outputs)
        objective[other], objective[label] = 1.0, -1.0
        scores = net(into_box(networks.ascend(floats, low, high, objective, starts=4)[0], box))
        if scores[other] >= scores[label]:
            return True
    return False


def study(images: int, output: Path, hidden: tuple[int, ...], radii: tuple[str, ...] = RADII) -> Study:
    """Certified accuracy for every radius and relaxation; writes the model and certificates.

    An image that a relaxation does not certify at one radius is not tried again at larger ones.
    """
    output.mkdir(parents=True, exist_ok=True)
    model, test_x, test_y = train(hidden)
    export_onnx(model, output / "classifier.onnx")
    net = networks.read_network(output / "classifier.onnx")
    floats = networks.float_network(net)
    chosen = list(zip(test_x[:images], test_y[:images], strict=True))
    correct = [(x, int(y)) for x, y in chosen if int(np.argmax(floats(x))) == y]
    print(f"{net} network, {len(correct)} of {len(chosen)} images classified correctly")
    remaining = dict.fromkeys((*METHODS, UNATTACKED), correct)
    rows = []
    for radius in radii:
        row: list[Any] = [radius]
        for method in METHODS:
            begin = time.perf_counter()
            certified = []
            for x, label in remaining[method]:
                box = networks.box_around(x, radius, clip=(0, 1))
                result = networks.certify_classification(net, box, label, method_name=method, net=floats)
                if result is not None:
                    certified.append((x, label))
                    result.save(output / f"{method}.json")
            remaining[method] = certified
            row.append(len(certified) / len(chosen))
            print(f"radius {radius:>6} {method:<12} {len(certified):4d} certified {time.perf_counter() - begin:6.1f} s")
        survivors = [
            (x, label)
            for x, label in remaining[UNATTACKED]
            if not attacked(net, floats, networks.box_around(x, radius, clip=(0, 1)), label)
        ]
        remaining[UNATTACKED] = survivors
        row.append(len(survivors) / len(chosen))
        rows.append(tuple(row))
    places = tuple(float(Fraction(radius)) for radius in radii)
    names = (*METHODS, UNATTACKED)
    return Study(
        f"Certified accuracy of a {net} classifier of 8x8 digits, {len(chosen)} test images",
        ("radius", *names),
        tuple(rows),
        (f"{len(correct)} images are classified correctly; every certified one has a certificate that was checked.",),
        tuple((name, places, tuple(100 * row[1 + k] for row in rows)) for k, name in enumerate(names)),
        ("radius (maximum norm, pixels in [0, 1])", "images in %"),
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--output", type=Path, default=Path("digits"))
    parser.add_argument("--hidden", type=int, nargs="+", default=[32, 32])
    parser.add_argument("--radii", nargs="+", default=list(RADII))
    options = parser.parse_args(arguments)
    result = study(options.images, options.output, tuple(options.hidden), tuple(options.radii))
    result.save_csv(options.output / "table.csv")
    result.figure().savefig(options.output / "figure.png", dpi=150)
    print(f"wrote {options.output}/table.csv, figure.png, classifier.onnx and certificates")


if __name__ == "__main__":
    main()
