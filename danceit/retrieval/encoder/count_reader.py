"""Where in the bar a movement is danced, read from the movement itself.

What music and movement have in common is, before all else, what is counted. Of a song that
is known (`danceit.retrieval.encoder.hearing`); of a fragment it is read here, by ridge
regression from its poses to the code of the counts it was danced to, in closed form: Gaussian
kernels of the poses, approximated by random features (Rahimi and Recht 2007). Nothing of the
dances stays in it but sums over all of them.

This module imports torch at its top and is itself imported only where a network is needed.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import torch
from torch import Tensor, nn

from danceit.data import FRAGMENT_LENGTHS, MIRRORED, N_JOINTS, Float32, Float64
from danceit.retrieval.encoder.configuration import EncoderConfig
from danceit.retrieval.encoder.dataset import Part, Performance
from danceit.retrieval.encoder.hearing import CODE
from danceit.retrieval.encoder.skeleton_graph import graph_input

MOMENTS = 10
"""Moments of a fragment that are looked at, evenly spread, however long it is."""
COMPONENTS = 120
"""Principal components of the poses at all moments that are kept."""
MOST = 6_000
"""Fragments of each length learned from at most, drawn from all."""
STEP = 6
"""Frames between neighbours of them."""
_PLACE_GAIN = 3.0
"""Weight of where joints are beside how fast they move, in the units of `graph_input`."""
_KERNEL = 2.0
"""The median squared distance of fragments over this is the kernels' squared width."""
_RIDGE = 1.0
_SOME = 500
"""Fragments whose distances stand for all, and that are looked at in one go."""


class CountReader(nn.Module):
    """Fragments (N, T, 18, C) in canvas pixels to codes of counts (N, CODE) of length 1.

    Each of `FRAGMENT_LENGTHS` is read by weights of its own, any other by those of the
    nearest: how much of a bar is seen decides what can be told by it.

    Parameters
    ----------
    config : EncoderConfig
        `counted` is the number of random features.
    """

    mean: Tensor
    projection: Tensor
    frequencies: Tensor
    phases: Tensor
    weights: Tensor
    usual: Tensor

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.facing = config.facing
        inputs, n_lengths = MOMENTS * N_JOINTS * 2 * config.dims, len(FRAGMENT_LENGTHS)
        for name, shape in (
            ("mean", (inputs,)),
            ("projection", (inputs, COMPONENTS)),
            ("frequencies", (COMPONENTS, config.counted)),
            ("phases", (config.counted,)),
            ("weights", (n_lengths, config.counted, CODE)),
            ("usual", (n_lengths, CODE)),
        ):
            self.register_buffer(name, torch.zeros(shape))
        self.usual.fill_(CODE**-0.5)

    def forward(self, poses: Tensor) -> Tensor:
        """Read the counts of fragments of one length."""
        nearest = np.argmin(np.abs(np.log(np.array(FRAGMENT_LENGTHS) / poses.shape[1])))
        which = int(nearest)
        found = self._features(self._looked_at(poses))
        return nn.functional.normalize(found @ self.weights[which] + self.usual[which], dim=1)

    def fit(
        self,
        performances: Sequence[Performance],
        parts: Sequence[Part],
        *,
        mirror: bool,
        rng: np.random.Generator,
    ) -> None:
        """Learn from all fragments whose counts are known; without any, nothing.

        Parameters
        ----------
        performances : sequence of Performance
        parts : sequence of Part
            Of them that may be learned from.
        mirror : bool
            From each fragment with left and right exchanged as well.
        rng : Generator
            Of the random features, and of the fragments where there are too many.
        """
        seen, codes = [], []
        for length in FRAGMENT_LENGTHS:
            poses, own = [], []
            for one, code in _examples(performances, parts, length, mirror=mirror, rng=rng):
                with torch.inference_mode():
                    looked = self._looked_at(torch.from_numpy(one).to(self.mean.device))
                poses.append(looked.cpu().numpy())
                own.append(code)
            nothing = np.zeros((0, len(self.mean)), np.float32)
            seen.append(np.concatenate([nothing, *poses]))
            codes.append(np.concatenate([np.zeros((0, CODE), np.float32), *own]))
        if sum(len(one) for one in seen) < 2:
            return
        self._look_for(np.concatenate(seen), rng)
        for which, (inputs, wanted) in enumerate(zip(seen, codes, strict=True)):
            if len(inputs):
                self._solve(which, inputs, wanted)
            elif which:  # no dance is as long: as the next shorter
                self.weights[which] = self.weights[which - 1]
                self.usual[which] = self.usual[which - 1]

    def _look_for(self, seen: Float32, rng: np.random.Generator) -> None:
        """Find the principal components of what is seen (M, inputs), draw features for them."""
        mean = seen.mean(axis=0)
        centred = seen - mean
        main = _main_axes(centred) / (float(centred.std()) or 1.0)
        some = centred[rng.choice(len(seen), min(_SOME, len(seen)), replace=False)] @ main
        norms = (some**2).sum(axis=1)
        squared = norms[:, None] + norms[None] - 2 * some @ some.T
        apart = float(np.median(squared[~np.eye(len(norms), dtype=bool)])) or 1.0
        drawn = rng.standard_normal(self.frequencies.shape) * np.sqrt(2 * _KERNEL / apart)
        turns = rng.random(len(self.phases)) * 2 * np.pi
        for name, found in (
            ("mean", mean), ("projection", main), ("frequencies", drawn), ("phases", turns)
        ):  # fmt: skip
            getattr(self, name).copy_(torch.from_numpy(np.ascontiguousarray(found)))

    def _solve(self, which: int, seen: Float32, codes: Float32) -> None:
        """Ridge regression from what is seen (M, inputs) to the codes (M, CODE) of one length."""
        device = self.mean.device
        found = self._features(torch.from_numpy(seen).to(device))
        wanted = torch.from_numpy(codes).to(device)
        usual = wanted.mean(dim=0)
        # Both ways give the same; fewer examples than features are quicker from their products.
        few = len(found) < found.shape[1]
        products = (found @ found.T if few else found.T @ found).double()
        products += _RIDGE * torch.eye(len(products), dtype=torch.float64, device=device)
        missing = (wanted - usual).double()
        other = found.double().T
        solved = (
            other @ torch.linalg.solve(products, missing)
            if few
            else torch.linalg.solve(products, other @ missing)
        )
        self.weights[which] = solved.float()
        self.usual[which] = usual

    def _looked_at(self, poses: Tensor) -> Tensor:
        """Places and speeds of the joints at `MOMENTS` moments of fragments, (N, inputs)."""
        edges = np.round(np.linspace(0, poses.shape[1] - 1, MOMENTS + 1)).astype(np.int64)
        seen = graph_input(poses, facing=self.facing)[:, (edges[:-1] + edges[1:]) // 2]
        dims = poses.shape[-1]
        both = torch.cat([seen[..., :dims] * _PLACE_GAIN, seen[..., dims : 2 * dims]], dim=-1)
        return both.flatten(1)

    def _features(self, seen: Tensor) -> Tensor:
        """Random features (N, counted) of what is seen, whose products are the kernels."""
        components = (seen - self.mean) @ self.projection
        waves = torch.cos(components @ self.frequencies + self.phases)
        scaled: Tensor = waves * (2 / len(self.phases)) ** 0.5
        return scaled


def _main_axes(centred: Float32) -> Float64:
    """Directions of largest variance of rows (M, inputs), (inputs, COMPONENTS); 0 beyond M."""
    few = len(centred) < centred.shape[1]
    products = (centred @ centred.T if few else centred.T @ centred).astype(np.float64)
    lengths, axes = np.linalg.eigh(products)
    lengths, axes = lengths[::-1][:COMPONENTS], axes[:, ::-1][:, :COMPONENTS]
    if few:
        axes = centred.T @ axes / np.sqrt(np.maximum(lengths, 1e-9))
        axes[:, lengths < 1e-6 * max(float(lengths[0]), 1e-9)] = 0.0
    main = np.zeros((centred.shape[1], COMPONENTS))
    main[:, : axes.shape[1]] = axes
    return main


def _examples(
    performances: Sequence[Performance],
    parts: Sequence[Part],
    length: int,
    *,
    mirror: bool,
    rng: np.random.Generator,
) -> Iterator[tuple[Float32, Float32]]:
    """Some fragments (N, length, 18, C) at a time with the codes (N, CODE) of their counts."""
    places = [
        (part.performance, start)
        for part in parts
        for start in range(part.start, part.end - length + 1, STEP)
    ]
    most = MOST // 2 if mirror else MOST
    if len(places) > most:
        places = [places[i] for i in np.sort(rng.choice(len(places), most, replace=False))]
    for which, own in groupby(places, key=lambda place: place[0]):
        take = performances[which].takes[0]
        starts = np.array([start for _, start in own])
        codes = take.heard.codes_at(starts + take.first)
        counted = codes.any(axis=1)
        starts, codes = starts[counted], codes[counted]
        for first in range(0, len(starts), _SOME):
            some = slice(first, first + _SOME)
            poses = take.poses[starts[some, None] + np.arange(length)]
            yield poses, codes[some]
            if mirror:
                flipped = poses[:, :, list(MIRRORED)]
                flipped[..., 0] *= -1
                yield flipped, codes[some]
