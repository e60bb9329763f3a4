"""What every room asks of a song: its samples, features and counts.

- `decoding`: any file to samples, `track` by their time stamps; `stretches`: long sound in parts
- `descriptors`: feature sets; `flux` and `beats`: how much louder, onsets, tempo
- `counts/`: beats, bars, sections; `listening`: a song's length and counts, kept
- `cache`: results on disk, by content; `recent`: those of the last song, in memory
- `songs`: which song belongs to a dance; `live/`: a song counted while it is heard

Conventions
-----------
- Sound is mono float32 at `RATE` = 24 000 Hz: 1000 samples a pose frame, so that row
  i of every feature array covers the time of pose frame i, [i/24, (i+1)/24) s.
- Time 0 of a song is its first sample as a player plays it (encoder delay removed);
  of a video it is the first video frame, so that sound and poses share one clock.
- T is the song's length x 24, rounded down, for features and `Music.n_frames` alike.
- Features and counts are deterministic and are kept in the cache under the hash of
  the file's bytes; moving or renaming a song recomputes nothing. Counts are kept under
  their tracker and what a person corrected as well.
- What cannot be used (not audio, truncated, silent, under a second...) is an
  `InputError` of one line that names the file and the likely cause.
"""

from danceit.audio.decoding import MIN_SOUND_S, RATE, Sound, heard_s, read_sound
from danceit.audio.descriptors import (
    FEATURE_SETS,
    RHYTHM_COLUMNS,
    TEMPOGRAM_BPM,
    features,
    loudness,
)
from danceit.audio.listening import listen

__all__ = [
    "RATE",
    "MIN_SOUND_S",
    "Sound",
    "read_sound",
    "heard_s",
    "FEATURE_SETS",
    "RHYTHM_COLUMNS",
    "TEMPOGRAM_BPM",
    "features",
    "loudness",
    "listen",
]
