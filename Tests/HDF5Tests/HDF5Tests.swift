import Testing

@Suite struct HDF5Tests {}
