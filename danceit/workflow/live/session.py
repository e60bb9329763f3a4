"""A live dance from its first sound to its last: who hears, dances, shows and keeps it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np

from danceit.audio.decoding import MIN_SOUND_S, RATE, Sound, heard_s
from danceit.audio.live.following import WINDOW_S, Followed, Follower
from danceit.audio.live.streams import BLOCK, Played, Stream
from danceit.counts import Counts
from danceit.data import Dance
from danceit.errors import DanceitError, InputError
from danceit.index.embedding import Embedder
from danceit.index.store.contract import FragmentStore
from danceit.index.store.engines import open_store
from danceit.render.options import RenderOptions
from danceit.render.page.live import live_page
from danceit.render.page.server import LocalServer, Site, new_token
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.live.ahead import windows_ahead
from danceit.retrieval.live.choosing import Chooser, Heard
from danceit.retrieval.live.performer import WINDOWS, LiveOptions, Performer
from danceit.retrieval.options import QueryOptions
from danceit.workflow.live.feed import Feed
from danceit.workflow.live.recording import Recording

_LAST_S = 3.0
"""Seconds that a page is given to fetch the end."""
_ASK_S = 0.2
_WORTH_KEEPING_S = 1.0
"""Seconds of a dance that are kept where the sound breaks off."""
_WARM_BPM = 120.0


@dataclass(frozen=True)
class Outcome:
    """What became of a live dance.

    Attributes
    ----------
    heard_s : float
        Seconds of sound.
    moves : int
        Fragments that were shown.
    on_one : float
        Share of the moves that began on a 1, as it was counted; NaN where none was counted.
    slowest_s : float
        Longest that a block took from being heard until its frames were fixed.
    drawn, late, gaps : int
        Frames that the page showed, those that were not there when due, waits of its sound.
    dance : Dance or None
        What was recorded.
    sound_file : Path or None
        The sound that was kept beside it.
    """

    heard_s: float
    moves: int
    on_one: float
    slowest_s: float
    drawn: int
    late: int
    gaps: int
    dance: Dance | None = None
    sound_file: Path | None = None


class Session:
    """Dances to a stream. Made by `opened_session`.

    Attributes
    ----------
    feed : Feed
    performer : Performer
    """

    def __init__(
        self, performer: Performer, stream: Stream, ids: tuple[str, str], record: Recording | None
    ) -> None:
        self.performer, self.feed = performer, Feed()
        self._stream, self._ids, self._record = stream, ids, record
        self._stopped = Event()

    def site(self, options: RenderOptions) -> Site:
        """What a server shows of it."""
        token = new_token()
        text = live_page(
            options,
            title=self._stream.name,
            dims=self.performer.dims,
            token=token,
            audible=self._stream.audible,
            latency_s=self._stream.latency_s,
        )
        return Site(
            {"/": lambda _: text}, {"/live": self.feed.answer, "/start": self._start}, token
        )

    def stop(self) -> None:
        """End after the block at hand."""
        self._stopped.set()

    def run(self) -> Outcome:
        """Dance until the sound ends, `stop` is called, or Ctrl-C; keeps what was danced.

        Raises
        ------
        InputError
            If the sound breaks off: a device that is gone, a damaged file. What was danced
            until then is kept all the same.
        """
        heard, slowest_s, whole = 0, 0.0, True
        broken: InputError | None = None
        seams: list[float] = []
        try:
            for block in self._stream.blocks():
                began = time.perf_counter()
                self.performer.hear(block)
                shown = self.performer.dance()
                slowest_s = max(slowest_s, time.perf_counter() - began)
                followed = self.performer.followed
                self.feed.put(shown, block, followed, self.performer.placements)
                if self._record:
                    self._record.put(shown, block)
                self.performer.plan()
                heard += len(block)
                seams += [float(seam) for part in shown for seam in part.seams]
                if self._stopped.is_set():
                    whole = False
                    break
        except KeyboardInterrupt:
            whole = False
        except InputError as exc:
            whole, broken = False, exc
        self.feed.end()
        whole = whole and isinstance(self._stream, Played)
        if broken is not None:
            raise self._kept_though(broken, heard)
        dance = self._kept(whole=whole)
        kept = self._record.sound_file if self._record and not whole else None
        return Outcome(
            heard_s=heard / RATE,
            moves=len(seams) + 1,
            on_one=_on_one(seams, self.performer.beats),
            slowest_s=slowest_s,
            drawn=self.feed.drawn,
            late=self.feed.late,
            gaps=self.feed.gaps,
            dance=dance,
            sound_file=kept,
        )

    def _kept(self, *, whole: bool) -> Dance | None:
        """Write what was danced down, where that is wanted."""
        if self._record is None:
            return None
        index_id, encoder_id = self._ids
        return self._record.finish(self.performer, index_id, encoder_id, whole=whole)

    def _kept_though(self, broken: InputError, heard: int) -> InputError:
        """Keep what was danced to so many samples, and say so with what ended it."""
        if self._record is None or heard / RATE < _WORTH_KEEPING_S:
            return broken
        try:
            self._kept(whole=False)
        except (DanceitError, OSError, RuntimeError) as exc:
            said = InputError(f"{broken}; what was danced until then cannot be kept: {exc}")
        else:
            said = InputError(f"{broken}; what was danced until then is in {self._record.target}")
        said.__cause__ = broken
        return said

    def _start(self, asked: object) -> dict[str, object]:
        self.feed.started.set()
        return {}


@contextmanager
def opened_session(
    stream: Stream,
    index: Path,
    options: QueryOptions | None = None,
    live: LiveOptions | None = None,
    *,
    record: Path | None = None,
    device: str = "auto",
) -> Iterator[Session]:
    """Open an index and make ready to dance to a stream.

    Raises
    ------
    InputError
        If what is to be played is no song, nothing passes the filters, or the recording cannot be
        written.
    IndexStateError
        If there is no index, or it is damaged.
    """
    options = options or QueryOptions()
    song = stream.path if isinstance(stream, Played) else None
    if song:
        heard_s(song, MIN_SOUND_S)
    with ExitStack() as stack:
        store = stack.enter_context(open_store(index, device=device))
        encoder = FragmentEncoder.load(store.encoder, device=device)
        performer = Performer(store, encoder, options, live)
        kept = stack.enter_context(Recording(record, song)) if record else None
        _warm(store, encoder, options)
        yield Session(performer, stream, (store.index_id, encoder.encoder_id), kept)


@contextmanager
def served(session: Session, options: RenderOptions, port: int) -> Iterator[LocalServer]:
    """Serve a session's page in the background."""
    from threading import Thread

    with LocalServer(session.site(options), port) as server:
        serving = Thread(target=server.serve, daemon=True)
        serving.start()
        try:
            yield server
        finally:
            server.stop()
            serving.join()


def _warm(store: FragmentStore, embedder: Embedder, options: QueryOptions) -> None:
    """Do everything once on noise: what is loaded on first use must not make a frame late."""
    rng = np.random.default_rng(0)
    follower = Follower()
    noise = rng.normal(scale=0.1, size=round(WINDOW_S * RATE)).astype(np.float32)
    follower.hear(noise[:-BLOCK])
    follower.hear(noise[-BLOCK:])
    beats_s = np.arange(0.0, 60.0, 60.0 / _WARM_BPM)
    numbers = (np.arange(len(beats_s)) % 4 + 1).astype(np.int32)
    followed = Followed(WINDOW_S, Counts(beats_s, numbers, 4))
    ahead = windows_ahead(followed, 40, 20.0, WINDOWS, options.length_s, 0)
    heard = Heard(Sound(noise, RATE), WINDOW_S, followed.counts)
    Chooser(store, embedder, options).choose(ahead, heard)


def await_page(session: Session) -> None:
    """Wait until a page wants to see it."""
    while not session.feed.started.wait(_ASK_S):
        pass


def await_end(session: Session) -> None:
    """Give the page the time to fetch the end."""
    session.feed.finished.wait(_LAST_S)


def _on_one(seams: list[float], beats: list[tuple[float, int]]) -> float:
    from danceit.bench.measures.counts import seams_on

    times_s = np.array([beat_s for beat_s, _ in beats])
    numbers = np.array([number for _, number in beats], dtype=np.int32)
    return seams_on(np.array(seams), times_s, numbers) if len(beats) else float("nan")
