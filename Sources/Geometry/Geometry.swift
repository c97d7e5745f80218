// The Geometry module begins here.
