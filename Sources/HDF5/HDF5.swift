// The HDF5 module begins here.
