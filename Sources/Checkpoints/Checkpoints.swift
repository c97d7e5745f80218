// The Checkpoints module begins here.
