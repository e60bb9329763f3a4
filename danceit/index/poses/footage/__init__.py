"""Plain video to poses over time: decoding, shots, extraction in processes, tidying.

`decoding` gives upright pictures with their times; `extraction` asks an estimator about
each and keeps what it saw under the hash of the file; `workers` runs that in processes, each
a `worker`;
`shots`, `continuity`, `smoothing` and `body` make dancers' poses of it; `depth` solves for what
one camera leaves open; `cuts` finds the shots of a film whose keypoints somebody else has found.
"""
