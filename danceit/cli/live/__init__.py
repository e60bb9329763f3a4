"""`danceit live`, in `command`."""
