"""From a model to a program and its weights: what it takes, what it costs, how near it is (`pipeline.compile_model`)."""
