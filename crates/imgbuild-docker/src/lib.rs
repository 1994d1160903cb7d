//! Docker Engine and Swarm: load an image, roll out services, prune.
