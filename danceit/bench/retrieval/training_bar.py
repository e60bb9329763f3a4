"""One progress bar over many trainings."""

from collections.abc import Callable

from danceit.retrieval.encoder.run import Milestone


class TrainingBar:
    """A progress bar over all steps of all trainings, with loss and validation rank."""

    def __init__(self, trainings: int, steps: int, *, shown: bool) -> None:
        from tqdm import tqdm

        self._steps = steps
        self._bar = tqdm(total=trainings * steps, unit="step", disable=not shown)
        self._done = 0

    def of(self, name: str, fold: int) -> Callable[[Milestone], None]:
        """Return what one training tells its steps to."""
        begun = self._done
        self._done += self._steps
        self._bar.n = begun
        self._bar.set_description(f"{name}, fold {fold + 1}")

        def told(milestone: Milestone) -> None:
            self._bar.n = begun + milestone.step
            rank = milestone.validation_rank
            self._bar.set_postfix_str(f"loss {milestone.loss:.3f}, rank {rank:.3f}")

        return told

    def close(self) -> None:
        """Fill the bar and leave it."""
        self._bar.n = self._bar.total
        self._bar.close()
