"""Measures: plain functions of arrays, without files, pages or printing.

Each module has `validate`, functions, and `evaluate` that returns all of them by name.
`motion` says what a motion must be to be measured; how much a body moves is `danceit.movement`.

- `beats`: is movement on the beat (DanceIt, Lee et al., AIST++, Bailando)
- `counts`: is it in time with what dancers count: bar lock, timing kept, seams on a 1
- `tracking`: do a tracker's counts agree with annotated ones
- `movement`: hand and foot movement as a distribution (DanceIt eq. 18)
- `seams`: can one see where fragments meet, and how far time was bent
- `gaps`: hidden frames of a real dance, filled by a method
- `physics`: foot contact, foot skate, bones; three-dimensional dances only
- `distribution`: sets of dances: FID, diversity, multimodality
- `sets`: features of dances as a set, of what the picture shows
- `ranking`: retrieval: recall, ranks, precision
- `statistics`: intervals over songs, paired comparisons
"""
