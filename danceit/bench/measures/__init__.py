"""Measures: plain functions of arrays, without files, pages or printing.

Each module has `validate`, functions, and `evaluate` that returns all of them by name.
`motion` says what a motion must be to be measured; how much a body moves is `danceit.movement`.

- `beats`: is movement on the beat (DanceIt, Lee et al., AIST++, Bailando)
- `movement`: hand and foot movement as a distribution (DanceIt eq. 18)
- `seams`: can one see where fragments meet, and how far time was bent
- `gaps`: hidden frames of a real dance, filled by a method
- `physics`: foot contact, foot skate, bones; three-dimensional dances only
- `distribution`: sets of dances: FID, diversity, multimodality
- `sets`: features of dances as a set, of what the picture shows
- `ranking`: retrieval: recall, ranks, precision
- `statistics`: intervals over songs, paired comparisons
"""
