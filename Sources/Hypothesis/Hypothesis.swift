// The Hypothesis module begins here.
