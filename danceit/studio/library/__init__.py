"""The library as the studio asks it, and what of it comes into a dance.

- `opened`: an index that stays open, by fragment, clip and dancer
- `shelf`: moves alike, gaps, their music, taking out
- `others`: what else there is for a move; `filling`: a move and what follows on it, for an eight
- `reels`: the dancers' own videos beside the figure, and how far they lag
"""
