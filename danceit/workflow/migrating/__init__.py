"""Moving an index to another encoder without losing the one that answers.

`migration` embeds beside the index, publishes when told and goes back; `carrying` writes what one
store holds into another, `comparing` says how the answers of both differ.
"""
