"""The average of weights is that of a plain sum, and what is counted is copied."""

import pytest
import torch
from torch import nn

from danceit.generate.averaging import averaged


def test_the_average_is_a_plain_sum_of_the_weights_that_were() -> None:
    line = nn.Linear(1, 1, bias=False)
    values = [4.0, 1.0, -2.0, 8.0, 3.0]
    line.weight.data.fill_(values[0])
    average = averaged(line, 0.15)
    expected = values[0]
    for n, value in enumerate(values):
        line.weight.data.fill_(value)
        average.update_parameters(line)
        # As TensorFlow's ExponentialMovingAverage with num_updates: min(decay, (1 + n) / (10 + n)).
        decay = min(0.15, (1 + n) / (10 + n)) if n else 0.0  # the first is taken as it is
        expected = decay * expected + (1 - decay) * value
    assert average.module.weight.item() == pytest.approx(expected, rel=1e-6)
    assert line.weight.item() == values[-1]


def test_statistics_of_batches_are_averaged_and_their_number_is_copied() -> None:
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(2)
    average = averaged(norm, 0.5)
    means = []
    for _ in range(4):
        norm(torch.randn(8, 2) + 5)
        means.append(norm.running_mean.clone())
        average.update_parameters(norm)
    kept = average.module
    assert kept.num_batches_tracked.item() == 4
    expected = means[0]
    for n, mean in enumerate(means[1:], start=1):
        decay = (1 + n) / (10 + n)
        expected = decay * expected + (1 - decay) * mean
    torch.testing.assert_close(kept.running_mean, expected)
