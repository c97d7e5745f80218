// Names for the parts of HDF5 that Swift cannot import.
//
// HDF5 spells its predefined types, and many of its functions, as macros that first initialise the
// library or pick a version. Swift does not import such macros, so each one that the HDF5 module
// uses gets a function here, and nothing else does.

#ifndef CHDF5_H
#define CHDF5_H

#include <hdf5.h>

// Property lists and flags.
static inline hid_t chdf5_default(void) { return H5P_DEFAULT; }
static inline hid_t chdf5_all(void) { return H5S_ALL; }
static inline unsigned chdf5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned chdf5_truncate(void) { return H5F_ACC_TRUNC; }
static inline hid_t chdf5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t chdf5_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t chdf5_group_create(void) { return H5P_GROUP_CREATE; }
static inline hid_t chdf5_link_create(void) { return H5P_LINK_CREATE; }

// Types in this machine's byte order.
static inline hid_t chdf5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t chdf5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t chdf5_native_int8(void) { return H5T_NATIVE_INT8; }
static inline hid_t chdf5_native_int16(void) { return H5T_NATIVE_INT16; }
static inline hid_t chdf5_native_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t chdf5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t chdf5_native_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t chdf5_native_uint16(void) { return H5T_NATIVE_UINT16; }
static inline hid_t chdf5_native_uint32(void) { return H5T_NATIVE_UINT32; }
static inline hid_t chdf5_native_uint64(void) { return H5T_NATIVE_UINT64; }

// Types as files written here hold them, the same on every machine.
static inline hid_t chdf5_little_float32(void) { return H5T_IEEE_F32LE; }
static inline hid_t chdf5_little_float64(void) { return H5T_IEEE_F64LE; }
static inline hid_t chdf5_little_int8(void) { return H5T_STD_I8LE; }
static inline hid_t chdf5_little_int16(void) { return H5T_STD_I16LE; }
static inline hid_t chdf5_little_int32(void) { return H5T_STD_I32LE; }
static inline hid_t chdf5_little_int64(void) { return H5T_STD_I64LE; }
static inline hid_t chdf5_little_uint8(void) { return H5T_STD_U8LE; }
static inline hid_t chdf5_little_uint16(void) { return H5T_STD_U16LE; }
static inline hid_t chdf5_little_uint32(void) { return H5T_STD_U32LE; }
static inline hid_t chdf5_little_uint64(void) { return H5T_STD_U64LE; }

// A text type of variable length in UTF-8; the caller closes it.
static inline hid_t chdf5_create_text(void) {
  hid_t type = H5Tcopy(H5T_C_S1);
  if (type < 0) return type;
  if (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0) {
    H5Tclose(type);
    return -1;
  }
  return type;
}

// Error codes, by the names of H5Epublic.h.
static inline hid_t chdf5_error_not_hdf5(void) { return H5E_NOTHDF5; }
static inline hid_t chdf5_error_truncated(void) { return H5E_TRUNCATED; }
static inline hid_t chdf5_error_not_found(void) { return H5E_NOTFOUND; }
static inline hid_t chdf5_error_already_exists(void) { return H5E_ALREADYEXISTS; }
static inline hid_t chdf5_error_exists(void) { return H5E_EXISTS; }
static inline hid_t chdf5_error_file_exists(void) { return H5E_FILEEXISTS; }
static inline hid_t chdf5_error_no_filter(void) { return H5E_NOFILTER; }
static inline hid_t chdf5_error_cannot_filter(void) { return H5E_CANTFILTER; }
static inline hid_t chdf5_error_read(void) { return H5E_READERROR; }
static inline hid_t chdf5_error_write(void) { return H5E_WRITEERROR; }
static inline hid_t chdf5_error_no_space(void) { return H5E_NOSPACE; }
static inline hid_t chdf5_error_cannot_lock(void) { return H5E_CANTLOCKFILE; }
static inline hid_t chdf5_error_overflow(void) { return H5E_OVERFLOW; }
static inline hid_t chdf5_error_bad_type(void) { return H5E_BADTYPE; }
static inline hid_t chdf5_error_cannot_convert(void) { return H5E_CANTCONVERT; }
static inline hid_t chdf5_error_unsupported(void) { return H5E_UNSUPPORTED; }
static inline hid_t chdf5_error_version(void) { return H5E_VERSION; }

// Walks whose versioned names are chosen by macros.
static inline herr_t chdf5_each_link(hid_t group, H5L_iterate_t visit, void *context) {
  hsize_t start = 0;
  return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &start, visit, context);
}
static inline herr_t chdf5_each_attribute(hid_t object, H5A_operator2_t visit, void *context) {
  hsize_t start = 0;
  return H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &start, visit, context);
}
static inline herr_t chdf5_link_type(hid_t group, const char *name, H5L_type_t *type,
                                     size_t *value_size) {
  H5L_info_t info;
  herr_t status = H5Lget_info(group, name, &info, H5P_DEFAULT);
  if (status >= 0) {
    *type = info.type;
    *value_size = info.type == H5L_TYPE_HARD ? 0 : info.u.val_size;
  }
  return status;
}
static inline herr_t chdf5_object_address(hid_t file, const char *path, uint64_t *address,
                                          H5O_type_t *type) {
#if H5_VERSION_GE(1, 12, 0)
  H5O_info1_t info;
#else
  H5O_info_t info;
#endif
  herr_t status = H5Oget_info_by_name2(file, path, &info, H5O_INFO_BASIC, H5P_DEFAULT);
  if (status >= 0) {
    *address = info.addr;
    *type = info.type;
  }
  return status;
}
// How many bytes the attributes take that lie outside the object's own header, or 0 when none does;
// nothing of them is read. Only headers of the second version have such attributes.
static inline herr_t chdf5_attribute_bytes(hid_t object, uint64_t *bytes) {
  *bytes = 0;
#if H5_VERSION_GE(1, 12, 0)
  H5O_native_info_t info;
  if (H5Oget_native_info(object, &info, H5O_NATIVE_INFO_HDR) < 0) return -1;
  if (info.hdr.version < 2) return 0;
  if (H5Oget_native_info(object, &info, H5O_NATIVE_INFO_META_SIZE) < 0) return -1;
#else
  H5O_info_t info;
  if (H5Oget_info2(object, &info, H5O_INFO_HDR) < 0) return -1;
  if (info.hdr.version < 2) return 0;
  if (H5Oget_info2(object, &info, H5O_INFO_META_SIZE) < 0) return -1;
#endif
  *bytes = info.meta_size.attr.heap_size;
  return 0;
}
static inline hid_t chdf5_open_object(hid_t group, const char *name) {
  return H5Oopen(group, name, H5P_DEFAULT);
}

#endif
