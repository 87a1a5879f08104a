"""A device in ten measurements: choose networks, fit what was measured, predict all others.

    features = features_of_space(space, architectures)
    prior = learn_prior(features, {"pixel3": latencies, "cpu": latencies})
    chosen = choose_networks(prior, 10, seed=0)      # positions of the networks to measure
    prediction = predict(prior, chosen, measured)    # value, low and high of every network

A new device is assumed to resemble the known ones in how its costs depend on operators and on
other devices: the hyper-parameters of a Gaussian process are learned on each known device, and
the measurements decide how much each of them counts.
"""
