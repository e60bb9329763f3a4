"""Plain video to poses over time: decoding, shots, extraction in processes, tidying.

`decoding` gives upright pictures with their times; `extraction` asks an estimator about
each and keeps what it saw under the hash of the file; `workers` runs that in processes;
`shots`, `continuity` and `body` make one dancer's poses of it; `cuts` finds the shots of a film
whose keypoints somebody else has found.
"""
