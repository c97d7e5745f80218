// Names for the parts of HDF5 that Swift cannot import.
//
// HDF5 spells its predefined types, and many of its functions, as macros that first initialise the
// library or pick a version. Swift does not import such macros, so each one that the HDF5 module
// uses gets a function here, and nothing else does.

#ifndef CHDF5_H
#define CHDF5_H

#include <hdf5.h>

#endif
