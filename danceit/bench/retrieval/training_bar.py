"""One progress bar over many trainings."""

from danceit.progress import Progress


class TrainingBar:
    """A progress bar over all steps of all trainings, with loss and validation rank."""

    def __init__(self, trainings: int, steps: int, *, shown: bool) -> None:
        from tqdm import tqdm

        self._steps = steps
        self._bar = tqdm(total=trainings * steps, unit="step", disable=not shown)
        self._done = 0

    def of(self, name: str, fold: int) -> Progress:
        """Return what one training tells its steps to."""
        begun = self._done
        self._done += self._steps
        self._bar.n = begun
        self._bar.set_description(f"{name}, fold {fold + 1}")

        def told(done: int, total: int, what: str = "") -> None:
            self._bar.n = begun + done
            self._bar.set_postfix_str(what)

        return told

    def close(self) -> None:
        """Fill the bar and leave it."""
        self._bar.n = self._bar.total
        self._bar.close()
