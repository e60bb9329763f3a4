"""Keeping fragments: one contract, an engine a folder.

- `contract`: what every engine does and the nouns it speaks in; `engines` lists them
- `local/`: DuckDB and flat files hold the truth, FAISS finds the nearest
- `lance/`: Lance tables that many machines can write

Shared by engines: `batch` and `fitting` (what enters a store, and whether it may),
`manifest` (what a published generation consists of), `pose_file` (poses as records),
`vector_index` with `cards` and `faiss_module` (FAISS, graphics cards, its import).
"""
