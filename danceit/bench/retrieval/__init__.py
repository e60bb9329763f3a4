"""The bench of retrieval: do songs that training never heard find their own movement.

`variants` is what is trained and compared; `bench` runs the folds: `fold` is one of them,
`asking` puts the questions, `baselines` answers without any training, `evaluation` is what a
fold comes to, `training_bar` shows how far all trainings are. `protocols`, `fingerprint` and
`copies` keep movement that a test has out of what is trained on; `held_out` is the small test
that every training ends in.
"""
