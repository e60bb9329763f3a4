"""People in pictures, as poses.

`footage` goes from a video to one dancer's poses over time, `estimators` finds bodies in
one picture, `skeletons` maps the joints of other skeletons to ours, by `joint_names`.
"""
