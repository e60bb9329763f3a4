"""The bench of aligners: every chain on the same dances, between real ones and chance.

`bench` runs it and `jobs` holds its single pieces of work; `methods` names the chains,
`plots` draws what came out.
"""
