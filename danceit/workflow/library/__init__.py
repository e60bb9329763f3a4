"""A library seen as a whole.

- `gaps` and `gaps_picture`: what it lacks for some songs, and what to film
- `overview`: every recording of a folder on a sheet of its own, and all of them on one
"""
