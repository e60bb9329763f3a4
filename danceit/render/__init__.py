"""Writers of dances, one file an output: video, pictures, page, exports."""
