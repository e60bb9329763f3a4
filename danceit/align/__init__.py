"""Danceit's aligners: interchangeable repairs of seams and timing, one file each."""
