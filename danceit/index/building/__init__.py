"""From a folder or bucket of recordings to a published generation.

`build` is what a build and an addition do, as `options` say, and `report` what they did; `reading`
reads and cleans many recordings, each within one boundary; `embedded` takes one recording from its
files to vectors and keeps that until it is published, `contents` tells whether its files
changed, `withdrawn` who must not come back; `cluster` spreads the work over Ray.
"""
