// The Reports module begins here.
