"""Files for other programs.

`rig` turns a dance into rigid bones, which `bvh` and `gltf` write; `keypoints` is
OpenPose's JSON, `table` CSV, `edit_list` cuts the sources' videos in an editor.
"""
