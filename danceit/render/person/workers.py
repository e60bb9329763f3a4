"""Training on several cards: one process each, started by ``torchrun``."""

import os
from dataclasses import dataclass

import torch
from torch import distributed, nn


@dataclass(frozen=True)
class Workers:
    """A process among its like; alone it is the first of one."""

    rank: int = 0
    count: int = 1

    @classmethod
    def joined(cls, device: str) -> "Workers":
        """Join the workers that torchrun's environment names; without it, work alone."""
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count == 1:
            return cls()
        if not distributed.is_initialized():
            card = device.startswith("cuda")
            if card:
                torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
            distributed.init_process_group("nccl" if card else "gloo")
        return cls(distributed.get_rank(), count)

    @property
    def first(self) -> bool:
        """Whether this worker writes files."""
        return self.rank == 0

    def wait(self) -> None:
        """Wait until every worker is here."""
        if self.count > 1:
            distributed.barrier()

    def average_gradients(self, module: nn.Module) -> None:
        """Replace a module's gradients by their mean over the workers."""
        if self.count == 1:
            return
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        distributed.all_reduce(flat)
        flat /= self.count
        start = 0
        for gradient in gradients:
            gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()
