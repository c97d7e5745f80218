// The Networks module begins here.
