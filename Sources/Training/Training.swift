// The Training module begins here.
