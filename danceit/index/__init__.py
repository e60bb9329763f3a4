"""The index: from a folder of recordings to fragments that are found in milliseconds.

What comes in: `sources` read recordings, `cleaning` makes clips of them, `fragments` cuts
these, an `embedding.Embedder` turns them into vectors; `preparing` does it for one
recording, `build` for a folder, `keeping` is all that comes after.
What holds it: `store` is the contract of every engine, `engines` lists them.
`local_store` is the local one: `generation` reads and `generation_writer` (with
`truth_writer`) writes what `manifest` describes, in which `catalogue` is DuckDB,
`pose_file` the poses, `vector_index` FAISS, and `local_search` asks them.
"""
