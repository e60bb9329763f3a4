"""What a fragment costs by itself, whatever the song asks for."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from danceit.retrieval.candidates import _own_costs
from danceit.retrieval.options import QueryOptions


def test_whole_bodies_and_sure_poses_go_before_upper_and_doubtful_ones() -> None:
    table: Any = SimpleNamespace(
        body=np.array(["whole", "whole", "upper", "upper"]),
        sure=np.array([1.0, 0.4, 1.0, 0.4]),
    )
    costs = _own_costs(table, QueryOptions())
    assert costs[0] == 0.0
    assert 0.0 < costs[1] < costs[2] < costs[3]
    assert _own_costs(table, QueryOptions(sure_weight=0.0))[1] == 0.0
