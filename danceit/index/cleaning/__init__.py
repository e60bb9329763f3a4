"""From a source's recording to clips that can be trusted (DanceIt III-A, V-D2).

`cleaning` is the whole of it; `repair` mends what can be mended, `plausibility` finds
faults that no cut can mend, `lag` sound and picture out of step, `turns` counts turns.
"""
