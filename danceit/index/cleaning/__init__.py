"""From a source's recording to clips that can be trusted (DanceIt III-A, V-D2).

`cleaning` is the whole of it and `report` says what it did; `bodies` says what of a body is seen,
how large it is and where it stands; `repair` mends what can be mended, `straying` limbs that are
lost for a moment, `plausibility` finds faults that no cut can mend, `lag` sound and picture out
of step, `turns` counts turns, `walking` tells a walk from a dance.
"""
