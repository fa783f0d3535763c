"""Apps under test: finding their routes, playing stimuli on them, and judging the runs."""
