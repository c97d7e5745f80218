// The Datasets module begins here.
