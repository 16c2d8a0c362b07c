"""PyTorch modules and files; skipped where torch is absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pepkit import networks
from pepkit.kernel import ClaimError, FormatError

torch = pytest.importorskip("torch")


def values(net: networks.Network, point: np.ndarray) -> np.ndarray:
    return networks.float_network(net)(point)


def test_sequential_and_state_dict(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(3, 6),
        torch.nn.ReLU(),
        torch.nn.Dropout(),
        torch.nn.Linear(6, 4),
        torch.nn.ReLU(),
        torch.nn.Linear(4, 2),
    )
    net = networks.network_from_torch(model)
    assert net == networks.network_from_torch(model.state_dict())
    path = tmp_path / "model.pt"
    torch.save(model.state_dict(), path)
    assert networks.read_network(path) == net
    point = np.array([0.3, -1.2, 0.7])
    expected = model.eval().double()(torch.tensor(point)).detach().numpy()
    assert values(net, point) == pytest.approx(expected, abs=1e-12)
    torch.save(model, tmp_path / "whole.pt")
    with pytest.raises(FormatError, match="state_dict"):
        networks.read_network(tmp_path / "whole.pt")
    (tmp_path / "broken.pt").write_bytes(b"nothing")
    with pytest.raises(FormatError):
        networks.read_network(tmp_path / "broken.pt")


def test_convolutions_and_normalisation() -> None:
    torch.manual_seed(1)
    model = torch.nn.Sequential(
        torch.nn.Sequential(
            torch.nn.Conv2d(1, 2, 3, padding=1, stride=1), torch.nn.BatchNorm2d(2), torch.nn.LeakyReLU(0.25)
        ),
        torch.nn.AvgPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(8, 5),
        torch.nn.BatchNorm1d(5),
        torch.nn.ReLU(),
        torch.nn.Linear(5, 2),
    )
    model.train()
    for _ in range(3):
        model(torch.randn(8, 1, 4, 4))
    model.eval().double()
    net = networks.network_from_torch(model, (1, 4, 4))
    image = torch.randn(1, 1, 4, 4, dtype=torch.float64)
    assert values(net, image.numpy().ravel()) == pytest.approx(model(image).detach().numpy().ravel(), abs=1e-12)


def test_modules_that_are_refused() -> None:
    linear = torch.nn.Linear(2, 2)
    with pytest.raises(ClaimError, match="Tanh"):
        networks.network_from_torch(torch.nn.Sequential(linear, torch.nn.Tanh()))
    with pytest.raises(ClaimError, match="input_shape"):
        networks.network_from_torch(torch.nn.Sequential(torch.nn.Conv2d(1, 1, 2)))
    with pytest.raises(ClaimError, match="expects 2 inputs"):
        networks.network_from_torch(torch.nn.Sequential(torch.nn.Linear(2, 3), linear))
    with torch.no_grad():
        linear.weight[0, 0] = float("nan")
    with pytest.raises(ClaimError, match="not a finite number"):
        networks.network_from_torch(torch.nn.Sequential(linear))
