"""HTTP for programs: health, metrics and the API, in one process with the daemon."""
