"""Keeping fragments: one contract, an engine a folder.

- `contract`: what every engine does, in the words of `nouns`; `engines` lists them, and tells
  whose an index is
- `base`: what engines share that publish by a manifest, with `state` (what is published, open)
  and `transaction` (what writes the next)
- `local/`: DuckDB and flat files hold the truth, FAISS finds the nearest
- `lance/`: Lance tables that many machines can write

Shared by engines: `batch` and `fitting` (what enters a store, and whether it may),
`manifest` (what a published generation consists of), `pose_file` (poses as records),
`vector_index` with `cards` and `faiss_module` (FAISS, graphics cards, its import).
"""
