"""Sets of dances: the same is at no distance, a mean that stands still is far off."""

import pytest
import torch

from danceit.generate.sets import DEAD, set_distance, standing_and_moving


def test_a_set_is_at_no_distance_from_itself_and_a_still_one_far_off() -> None:
    torch.manual_seed(0)
    real = torch.randn(20, 75, 28).cumsum(dim=1) / 5
    back, still = torch.flip(real, (1,)), real.mean(dim=(0, 1)).expand_as(real)
    wanted = standing_and_moving(real)
    assert set_distance(wanted, wanted).item() == pytest.approx(0, abs=1e-9)
    assert set_distance(standing_and_moving(back), wanted).item() < 0.01
    assert set_distance(standing_and_moving(still), wanted).item() > 1


def test_the_distance_is_that_of_gaussians_without_covariances() -> None:
    wanted = torch.tensor([[0.0, 0.0], [2.0, 2.0]])  # deviation 1.4142 in both
    seen = torch.tensor([[1.0, 0.0], [3.0, 4.0]])  # mean one off; twice the spread, mean one off
    half = (1 / 2**0.5) ** 2
    assert set_distance(seen, wanted).item() == pytest.approx((half + half + 1) / 2)


def test_what_hardly_differs_among_real_ones_is_no_reason_for_a_huge_distance() -> None:
    wanted = torch.tensor([[0.0, 5.0], [2.0, 5.0]])
    seen = torch.tensor([[0.0, 6.0], [2.0, 6.0]])
    unit = DEAD * 2**0.5 / 2
    assert set_distance(seen, wanted).item() == pytest.approx((1 / unit) ** 2 / 2, rel=1e-5)


def test_rows_in_time_are_seen_by_where_they_are_and_how_they_move() -> None:
    rows = torch.tensor([[[0.0], [1.0], [0.0], [1.0]]])
    assert standing_and_moving(rows)[0].tolist() == pytest.approx([0.5, (1 / 3) ** 0.5, 1.0])
