"""python -m sr.train: train a network on a folder of photos, or fine-tune one.

    __main__     the command, and --profile
    setup        from the options to a run that is ready to begin or to go on
    run          the run's folder: settings, logs, checkpoints, weights, card; publishing reads it
    library      a folder of photos, decoded once
    crops        random crops of it and what the network sees of them
    features     trained classifiers whose features the content loss compares
    losses       one function for each loss
    stages       what one step does: which losses, with what weight, and which network learns
    loop         the steps of a run, validation, and what is kept
    validation   how good the network is on photos it never learns from
    distributed  several processes, as torchrun starts them

Nothing of the app imports this.
"""
