"""All networks of `ren` together: who dances, who judges, and who sees poses as a classifier."""

from pathlib import Path

from torch import nn

from danceit.checkpoints import read_weights
from danceit.errors import InputError
from danceit.generate.averaging import averaged
from danceit.generate.folder import WEIGHTS, described
from danceit.generate.ren.judges import GlobalJudge, LocalJudge
from danceit.generate.ren.networks import DanceGenerator
from danceit.generate.ren.options import RenOptions
from danceit.generate.ren.st_gcn import StGcn


class Ensemble(nn.Module):
    """Generator, graph network and judges, with the average of the generator's weights.

    Parameters
    ----------
    n_classes : int
        Of the graph network, where it is not read from a file.
    """

    def __init__(self, options: RenOptions, n_classes: int) -> None:
        super().__init__()
        self.dancer = DanceGenerator(options.inner)
        self.graph = graph_network(options.graph, n_classes)
        self.judges = nn.ModuleDict()
        if options.has("global"):
            self.judges["global"] = GlobalJudge(printed_attention=options.printed_attention)
        if options.has("local"):
            self.judges["local"] = LocalJudge()
        self.average = averaged(self.dancer, options.average) if options.average else None

    @property
    def kept(self) -> DanceGenerator:
        """The generator that is judged and kept: the average of its weights, if one is taken."""
        kept = self.dancer if self.average is None else self.average.module
        assert isinstance(kept, DanceGenerator)
        return kept


def graph_network(file: str, n_classes: int) -> StGcn:
    """Make a graph network to train, or read one from a file with its own classes.

    Raises
    ------
    InputError
        If the file holds none.
    """
    if not file:
        return StGcn(n_classes)
    path = Path(file)
    if path.is_dir() and (kind := described(path).name) != "ren":
        raise InputError(
            f"{file} holds a '{kind}', which has no graph network: give a 'ren', or a "
            ".safetensors of one"
        )
    tensors = read_weights(path / WEIGHTS if path.is_dir() else path)
    if path.is_dir():
        own = "graph."
        tensors = {k.removeprefix(own): t for k, t in tensors.items() if k.startswith(own)}
    found = tensors.get("classes.weight")
    network = StGcn(n_classes if found is None else len(found))
    try:
        network.load_state_dict(tensors)
    except RuntimeError as exc:
        line = " ".join(str(exc).split())[:120]
        raise InputError(f"{file} holds no graph network of this kind: {line}") from exc
    return network
