"""The job as a whole: options, graph, command line."""
