// oneDNN through its C interface, of version 2 or 3.
//
// oneDNN 2 makes a primitive descriptor in two steps, an operation descriptor and then the
// primitive descriptor, and describes arrays by a struct; oneDNN 3 has one step, other argument
// lists, and opaque descriptions of arrays. The functions here are the one place where that
// difference lives: descriptions of arrays are opaque pointers (`conednn_layout`), and each
// operation has one function that makes its primitive descriptor. A window is a struct of arrays,
// which Swift can fill, where oneDNN takes `dnnl_dims_t`.

#ifndef CONEDNN_H
#define CONEDNN_H

#include <dnnl.h>
#include <stdlib.h>

#if DNNL_VERSION_MAJOR != 2 && DNNL_VERSION_MAJOR != 3
#error "Anamorph is written for oneDNN 2.6 (Debian's libdnnl-dev) and oneDNN 3"
#endif

// From OpenMP's runtime, whose header is not on Swift's search path.
extern void omp_set_num_threads(int);
extern int omp_get_max_threads(void);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
extern void GOMP_parallel(void (*)(void *), void *, unsigned, unsigned);

// The OpenMP threads that oneDNN calls made by this thread use from now on.
static inline void conednn_use_threads(int count) { omp_set_num_threads(count); }

// How many those are.
static inline int conednn_used_threads(void) { return omp_get_max_threads(); }

// Calls `body` once on each of at most `count` threads, the same ones that oneDNN uses.
static inline void conednn_on_threads(int count, void (*body)(void *), void *context) {
  GOMP_parallel(body, context, (unsigned)count, 0);
}

// Which of those threads this is, from 0.
static inline int conednn_thread(void) { return omp_get_thread_num(); }

// How many of those threads there are: OpenMP may have given fewer than were asked for.
static inline int conednn_thread_count(void) { return omp_get_num_threads(); }

// How many channels oneDNN likes to have side by side on this processor.
static inline int conednn_channel_block(void) {
  // AVX-512 and what came after it have the bit of AVX-512's core instructions.
  return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core ? 16
                                                                                               : 8;
}

// Whether this processor multiplies bfloat16 numbers.
static inline int conednn_has_bfloat16(void) {
  return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) ==
         dnnl_cpu_isa_avx512_core_bf16;
}

// Strides, dilation and padding of a convolution or pooling, over height and width.
typedef struct {
  int64_t kernel[2];
  int64_t strides[2];
  int64_t dilation[2]; // 0 where elements are adjacent
  int64_t padding_before[2];
  int64_t padding_after[2];
} conednn_window;

// MARK: Arrays

// The shape of an array and how it lies in memory.
typedef struct conednn_layout conednn_layout;

#if DNNL_VERSION_MAJOR == 2
typedef const dnnl_memory_desc_t *conednn_description;
#else
typedef const_dnnl_memory_desc_t conednn_description;
#endif
static inline conednn_description conednn_of(const conednn_layout *layout) {
  return (conednn_description)layout;
}

#if DNNL_VERSION_MAJOR == 2
static inline dnnl_status_t conednn_layout_keep(conednn_layout **result, dnnl_status_t status,
                                                const dnnl_memory_desc_t *made) {
  *result = NULL;
  if (status != dnnl_success)
    return status;
  dnnl_memory_desc_t *copy = (dnnl_memory_desc_t *)malloc(sizeof *copy);
  if (!copy)
    return dnnl_out_of_memory;
  *copy = *made;
  *result = (conednn_layout *)copy;
  return dnnl_success;
}
static inline dnnl_status_t conednn_layout_create(conednn_layout **result, int rank,
                                                  const int64_t *extents, dnnl_data_type_t type,
                                                  dnnl_format_tag_t tag) {
  dnnl_memory_desc_t made;
  dnnl_status_t status = dnnl_memory_desc_init_by_tag(&made, rank, extents, type, tag);
  return conednn_layout_keep(result, status, &made);
}
static inline dnnl_status_t conednn_layout_create_strided(conednn_layout **result, int rank,
                                                          const int64_t *extents,
                                                          dnnl_data_type_t type,
                                                          const int64_t *strides) {
  dnnl_memory_desc_t made;
  dnnl_status_t status = dnnl_memory_desc_init_by_strides(&made, rank, extents, type, strides);
  return conednn_layout_keep(result, status, &made);
}
static inline dnnl_status_t conednn_layout_copy(conednn_layout **result,
                                                const conednn_layout *other) {
  return conednn_layout_keep(result, dnnl_success, conednn_of(other));
}
static inline void conednn_layout_destroy(conednn_layout *layout) { free(layout); }
#else
static inline dnnl_status_t conednn_layout_create(conednn_layout **result, int rank,
                                                  const int64_t *extents, dnnl_data_type_t type,
                                                  dnnl_format_tag_t tag) {
  return dnnl_memory_desc_create_with_tag((dnnl_memory_desc_t *)result, rank, extents, type, tag);
}
static inline dnnl_status_t conednn_layout_create_strided(conednn_layout **result, int rank,
                                                          const int64_t *extents,
                                                          dnnl_data_type_t type,
                                                          const int64_t *strides) {
  return dnnl_memory_desc_create_with_strides((dnnl_memory_desc_t *)result, rank, extents, type,
                                              strides);
}
static inline dnnl_status_t conednn_layout_copy(conednn_layout **result,
                                                const conednn_layout *other) {
  return dnnl_memory_desc_clone((dnnl_memory_desc_t *)result, conednn_of(other));
}
static inline void conednn_layout_destroy(conednn_layout *layout) {
  dnnl_memory_desc_destroy((dnnl_memory_desc_t)layout);
}
#endif

static inline size_t conednn_layout_size(const conednn_layout *layout) {
  return dnnl_memory_desc_get_size(conednn_of(layout));
}
static inline int conednn_layout_equal(const conednn_layout *a, const conednn_layout *b) {
  return dnnl_memory_desc_equal(conednn_of(a), conednn_of(b));
}
static inline dnnl_data_type_t conednn_layout_type(const conednn_layout *layout) {
#if DNNL_VERSION_MAJOR == 2
  return conednn_of(layout)->data_type;
#else
  dnnl_data_type_t type = dnnl_data_type_undef;
  dnnl_memory_desc_query(conednn_of(layout), dnnl_query_data_type, &type);
  return type;
#endif
}
// How the array `what` of a primitive has to lie; belongs to the primitive descriptor.
static inline const conednn_layout *conednn_layout_query(const_dnnl_primitive_desc_t primitive,
                                                         dnnl_query_t what, int index) {
  return (const conednn_layout *)dnnl_primitive_desc_query_md(primitive, what, index);
}
static inline dnnl_status_t conednn_memory_create(dnnl_memory_t *result,
                                                  const conednn_layout *layout,
                                                  dnnl_engine_t engine, void *data) {
  return dnnl_memory_create(result, conednn_of(layout), engine, data);
}

// MARK: What is done to a result as it is written

static inline dnnl_status_t conednn_append_elementwise(dnnl_post_ops_t operations,
                                                       dnnl_alg_kind_t algorithm, float alpha,
                                                       float beta) {
#if DNNL_VERSION_MAJOR == 2
  return dnnl_post_ops_append_eltwise(operations, 1, algorithm, alpha, beta);
#else
  return dnnl_post_ops_append_eltwise(operations, algorithm, alpha, beta);
#endif
}
// Adds what lies in the destination.
static inline dnnl_status_t conednn_append_sum(dnnl_post_ops_t operations) {
#if DNNL_VERSION_MAJOR == 2
  return dnnl_post_ops_append_sum(operations, 1);
#else
  return dnnl_post_ops_append_sum(operations, 1, 0, dnnl_data_type_undef);
#endif
}
// Adds another array.
static inline dnnl_status_t conednn_append_addition(dnnl_post_ops_t operations,
                                                    const conednn_layout *other) {
  return dnnl_post_ops_append_binary(operations, dnnl_binary_add, conednn_of(other));
}

// MARK: Operations

// What every function takes and gives back.
typedef dnnl_primitive_desc_t *conednn_result;
typedef const_dnnl_primitive_attr_t conednn_attributes;
typedef const conednn_layout *conednn_array;

static inline dnnl_status_t conednn_reorder(conednn_result result, dnnl_engine_t engine,
                                            conednn_attributes attributes, conednn_array source,
                                            conednn_array destination) {
  return dnnl_reorder_primitive_desc_create(result, conednn_of(source), engine,
                                            conednn_of(destination), engine, attributes);
}

// destination = source + source + …, `count` times an array of one description
static inline dnnl_status_t conednn_sum(conednn_result result, dnnl_engine_t engine,
                                        conednn_attributes attributes, int count,
                                        conednn_array source, conednn_array destination) {
  float *scales = (float *)malloc(count * sizeof *scales);
  dnnl_status_t status = dnnl_out_of_memory;
#if DNNL_VERSION_MAJOR == 2
  dnnl_memory_desc_t *sources = (dnnl_memory_desc_t *)malloc(count * sizeof *sources);
#else
  const_dnnl_memory_desc_t *sources = (const_dnnl_memory_desc_t *)malloc(count * sizeof *sources);
#endif
  if (scales && sources) {
    for (int i = 0; i < count; i++) {
      scales[i] = 1;
#if DNNL_VERSION_MAJOR == 2
      sources[i] = *conednn_of(source);
#else
      sources[i] = conednn_of(source);
#endif
    }
#if DNNL_VERSION_MAJOR == 2
    status = dnnl_sum_primitive_desc_create(result, conednn_of(destination), count, scales, sources,
                                            attributes, engine);
#else
    status = dnnl_sum_primitive_desc_create(result, engine, conednn_of(destination), count, scales,
                                            sources, attributes);
#endif
  }
  free(scales);
  free(sources);
  return status;
}

// Arrays of several descriptions, one after the other along an axis.
static inline dnnl_status_t conednn_concatenate(conednn_result result, dnnl_engine_t engine,
                                                conednn_attributes attributes, int count, int axis,
                                                const conednn_layout *const *sources,
                                                conednn_array destination) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_memory_desc_t *all = (dnnl_memory_desc_t *)malloc(count * sizeof *all);
  if (!all) return dnnl_out_of_memory;
  for (int i = 0; i < count; i++) all[i] = *conednn_of(sources[i]);
  dnnl_status_t status = dnnl_concat_primitive_desc_create(result, conednn_of(destination), count,
                                                           axis, all, attributes, engine);
  free(all);
  return status;
#else
  return dnnl_concat_primitive_desc_create(result, engine, conednn_of(destination), count, axis,
                                           (const const_dnnl_memory_desc_t *)sources, attributes);
#endif
}

#if DNNL_VERSION_MAJOR == 2
// The second of oneDNN 2's two steps.
static inline dnnl_status_t conednn_finish(conednn_result result, dnnl_engine_t engine,
                                           conednn_attributes attributes, dnnl_status_t first,
                                           const void *operation, dnnl_primitive_desc_t forward) {
  if (first != dnnl_success)
    return first;
  return dnnl_primitive_desc_create(result, operation, attributes, engine, forward);
}
#endif

static inline dnnl_status_t conednn_dense_forward(conednn_result result, dnnl_engine_t engine,
                                                  conednn_attributes attributes,
                                                  dnnl_prop_kind_t kind, conednn_array source,
                                                  conednn_array kernel, conednn_array bias,
                                                  conednn_array destination) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_inner_product_desc_t operation;
  dnnl_status_t first =
      dnnl_inner_product_forward_desc_init(&operation, kind, conednn_of(source), conednn_of(kernel),
                                           conednn_of(bias), conednn_of(destination));
  return conednn_finish(result, engine, attributes, first, &operation, 0);
#else
  return dnnl_inner_product_forward_primitive_desc_create(result, engine, kind, conednn_of(source),
                                                          conednn_of(kernel), conednn_of(bias),
                                                          conednn_of(destination), attributes);
#endif
}

static inline dnnl_status_t conednn_dense_backward_data(conednn_result result, dnnl_engine_t engine,
                                                        conednn_attributes attributes,
                                                        conednn_array source, conednn_array kernel,
                                                        conednn_array destination,
                                                        dnnl_primitive_desc_t forward) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_inner_product_desc_t operation;
  dnnl_status_t first = dnnl_inner_product_backward_data_desc_init(
      &operation, conednn_of(source), conednn_of(kernel), conednn_of(destination));
  return conednn_finish(result, engine, attributes, first, &operation, forward);
#else
  return dnnl_inner_product_backward_data_primitive_desc_create(
      result, engine, conednn_of(source), conednn_of(kernel), conednn_of(destination), forward,
      attributes);
#endif
}

static inline dnnl_status_t
conednn_dense_backward_weights(conednn_result result, dnnl_engine_t engine,
                               conednn_attributes attributes, conednn_array source,
                               conednn_array kernel, conednn_array bias, conednn_array destination,
                               dnnl_primitive_desc_t forward) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_inner_product_desc_t operation;
  dnnl_status_t first = dnnl_inner_product_backward_weights_desc_init(
      &operation, conednn_of(source), conednn_of(kernel), conednn_of(bias),
      conednn_of(destination));
  return conednn_finish(result, engine, attributes, first, &operation, forward);
#else
  return dnnl_inner_product_backward_weights_primitive_desc_create(
      result, engine, conednn_of(source), conednn_of(kernel), conednn_of(bias),
      conednn_of(destination), forward, attributes);
#endif
}

// Products of matrices, all axes before the last two running over pairs of them; extents of 1 are
// stretched.

static inline dnnl_status_t conednn_product(conednn_result result, dnnl_engine_t engine,
                                            conednn_attributes attributes, conednn_array source,
                                            conednn_array kernel, conednn_array bias,
                                            conednn_array destination) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_matmul_desc_t operation;
  dnnl_status_t first = dnnl_matmul_desc_init(&operation, conednn_of(source), conednn_of(kernel),
                                              conednn_of(bias), conednn_of(destination));
  return conednn_finish(result, engine, attributes, first, &operation, 0);
#else
  return dnnl_matmul_primitive_desc_create(result, engine, conednn_of(source), conednn_of(kernel),
                                           conednn_of(bias), conednn_of(destination), attributes);
#endif
}

// `algorithm` is direct or Winograd's, which oneDNN 3 no longer has on x86.

static inline dnnl_status_t conednn_convolution_forward(
    conednn_result result, dnnl_engine_t engine, conednn_attributes attributes,
    dnnl_prop_kind_t kind, dnnl_alg_kind_t algorithm, conednn_array source, conednn_array kernel,
    conednn_array bias, conednn_array destination, const conednn_window *window) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_convolution_desc_t operation;
  dnnl_status_t first = dnnl_dilated_convolution_forward_desc_init(
      &operation, kind, algorithm, conednn_of(source), conednn_of(kernel), conednn_of(bias),
      conednn_of(destination), window->strides, window->dilation, window->padding_before,
      window->padding_after);
  return conednn_finish(result, engine, attributes, first, &operation, 0);
#else
  return dnnl_convolution_forward_primitive_desc_create(
      result, engine, kind, algorithm, conednn_of(source), conednn_of(kernel), conednn_of(bias),
      conednn_of(destination), window->strides, window->dilation, window->padding_before,
      window->padding_after, attributes);
#endif
}

static inline dnnl_status_t
conednn_convolution_backward_data(conednn_result result, dnnl_engine_t engine,
                                  conednn_attributes attributes, conednn_array source,
                                  conednn_array kernel, conednn_array destination,
                                  const conednn_window *window, dnnl_primitive_desc_t forward) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_convolution_desc_t operation;
  dnnl_status_t first = dnnl_dilated_convolution_backward_data_desc_init(
      &operation, dnnl_convolution_direct, conednn_of(source), conednn_of(kernel),
      conednn_of(destination), window->strides, window->dilation, window->padding_before,
      window->padding_after);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
#else
  return dnnl_convolution_backward_data_primitive_desc_create(
      result, engine, dnnl_convolution_direct, conednn_of(source), conednn_of(kernel),
      conednn_of(destination), window->strides, window->dilation, window->padding_before,
      window->padding_after, forward, attributes);
#endif
}

static inline dnnl_status_t conednn_convolution_backward_weights(
    conednn_result result, dnnl_engine_t engine, conednn_attributes attributes,
    conednn_array source, conednn_array kernel, conednn_array bias, conednn_array destination,
    const conednn_window *window, dnnl_primitive_desc_t forward) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_convolution_desc_t operation;
  dnnl_status_t first = dnnl_dilated_convolution_backward_weights_desc_init(
      &operation, dnnl_convolution_direct, conednn_of(source), conednn_of(kernel), conednn_of(bias),
      conednn_of(destination), window->strides, window->dilation, window->padding_before,
      window->padding_after);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
#else
  return dnnl_convolution_backward_weights_primitive_desc_create(
      result, engine, dnnl_convolution_direct, conednn_of(source), conednn_of(kernel),
      conednn_of(bias), conednn_of(destination), window->strides, window->dilation,
      window->padding_before, window->padding_after, forward, attributes);
#endif
}

static inline dnnl_status_t
conednn_pooling_forward(conednn_result result, dnnl_engine_t engine, conednn_attributes attributes,
                        dnnl_prop_kind_t kind, dnnl_alg_kind_t algorithm, conednn_array source,
                        conednn_array destination, const conednn_window *window) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_pooling_v2_desc_t operation;
  dnnl_status_t first = dnnl_pooling_v2_forward_desc_init(
      &operation, kind, algorithm, conednn_of(source), conednn_of(destination), window->strides,
      window->kernel, window->dilation, window->padding_before, window->padding_after);
  return conednn_finish(result, engine, attributes, first, &operation, 0);
#else
  return dnnl_pooling_forward_primitive_desc_create(
      result, engine, kind, algorithm, conednn_of(source), conednn_of(destination), window->strides,
      window->kernel, window->dilation, window->padding_before, window->padding_after, attributes);
#endif
}

static inline dnnl_status_t
conednn_pooling_backward(conednn_result result, dnnl_engine_t engine, conednn_attributes attributes,
                         dnnl_alg_kind_t algorithm, conednn_array source, conednn_array destination,
                         const conednn_window *window, dnnl_primitive_desc_t forward) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_pooling_v2_desc_t operation;
  dnnl_status_t first = dnnl_pooling_v2_backward_desc_init(
      &operation, algorithm, conednn_of(source), conednn_of(destination), window->strides,
      window->kernel, window->dilation, window->padding_before, window->padding_after);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
#else
  return dnnl_pooling_backward_primitive_desc_create(
      result, engine, algorithm, conednn_of(source), conednn_of(destination), window->strides,
      window->kernel, window->dilation, window->padding_before, window->padding_after, forward,
      attributes);
#endif
}

static inline dnnl_status_t conednn_elementwise_forward(
    conednn_result result, dnnl_engine_t engine, conednn_attributes attributes,
    dnnl_prop_kind_t kind, dnnl_alg_kind_t algorithm, conednn_array data, float alpha, float beta) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_eltwise_desc_t operation;
  dnnl_status_t first =
      dnnl_eltwise_forward_desc_init(&operation, kind, algorithm, conednn_of(data), alpha, beta);
  return conednn_finish(result, engine, attributes, first, &operation, 0);
#else
  return dnnl_eltwise_forward_primitive_desc_create(
      result, engine, kind, algorithm, conednn_of(data), conednn_of(data), alpha, beta, attributes);
#endif
}

static inline dnnl_status_t
conednn_elementwise_backward(conednn_result result, dnnl_engine_t engine,
                             conednn_attributes attributes, dnnl_alg_kind_t algorithm,
                             conednn_array data, float alpha, float beta,
                             dnnl_primitive_desc_t forward) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_eltwise_desc_t operation;
  dnnl_status_t first = dnnl_eltwise_backward_desc_init(&operation, algorithm, conednn_of(data),
                                                        conednn_of(data), alpha, beta);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
#else
  return dnnl_eltwise_backward_primitive_desc_create(result, engine, algorithm, conednn_of(data),
                                                     conednn_of(data), conednn_of(data), alpha,
                                                     beta, forward, attributes);
#endif
}

static inline dnnl_status_t conednn_binary(conednn_result result, dnnl_engine_t engine,
                                           conednn_attributes attributes, dnnl_alg_kind_t algorithm,
                                           conednn_array first_source, conednn_array second_source,
                                           conednn_array destination) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_binary_desc_t operation;
  dnnl_status_t first = dnnl_binary_desc_init(&operation, algorithm, conednn_of(first_source),
                                              conednn_of(second_source), conednn_of(destination));
  return conednn_finish(result, engine, attributes, first, &operation, 0);
#else
  return dnnl_binary_primitive_desc_create(result, engine, algorithm, conednn_of(first_source),
                                           conednn_of(second_source), conednn_of(destination),
                                           attributes);
#endif
}

static inline dnnl_status_t conednn_softmax_forward(conednn_result result, dnnl_engine_t engine,
                                                    conednn_attributes attributes,
                                                    dnnl_prop_kind_t kind, conednn_array data,
                                                    int axis) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_softmax_v2_desc_t operation;
  dnnl_status_t first = dnnl_softmax_v2_forward_desc_init(&operation, kind, dnnl_softmax_accurate,
                                                          conednn_of(data), conednn_of(data), axis);
  return conednn_finish(result, engine, attributes, first, &operation, 0);
#else
  return dnnl_softmax_forward_primitive_desc_create(result, engine, kind, dnnl_softmax_accurate,
                                                    conednn_of(data), conednn_of(data), axis,
                                                    attributes);
#endif
}

static inline dnnl_status_t conednn_softmax_backward(conednn_result result, dnnl_engine_t engine,
                                                     conednn_attributes attributes,
                                                     conednn_array data, int axis,
                                                     dnnl_primitive_desc_t forward) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_softmax_v2_desc_t operation;
  dnnl_status_t first =
      dnnl_softmax_v2_backward_desc_init(&operation, dnnl_softmax_accurate, conednn_of(data),
                                         conednn_of(data), conednn_of(data), axis);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
#else
  return dnnl_softmax_backward_primitive_desc_create(result, engine, dnnl_softmax_accurate,
                                                     conednn_of(data), conednn_of(data),
                                                     conednn_of(data), axis, forward, attributes);
#endif
}

// Whether batch normalisation is given its statistics, and which of gamma and beta it has.
static inline unsigned conednn_normalization_flags(int given_statistics, int scale, int shift) {
  return (given_statistics ? dnnl_use_global_stats : 0) | (scale ? dnnl_use_scale : 0) |
         (shift ? dnnl_use_shift : 0);
}

// Whether the gradient of a batch normalisation has the shift among its arguments, which it does not use;
// that of rows has it in every version.
static inline int conednn_gradient_reads_shift(void) { return DNNL_VERSION_MAJOR == 2; }

static inline dnnl_status_t conednn_normalization_forward(conednn_result result,
                                                          dnnl_engine_t engine,
                                                          conednn_attributes attributes,
                                                          dnnl_prop_kind_t kind, conednn_array data,
                                                          float epsilon, unsigned flags) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_batch_normalization_desc_t operation;
  dnnl_status_t first = dnnl_batch_normalization_forward_desc_init(
      &operation, kind, conednn_of(data), epsilon, flags);
  return conednn_finish(result, engine, attributes, first, &operation, 0);
#else
  return dnnl_batch_normalization_forward_primitive_desc_create(
      result, engine, kind, conednn_of(data), conednn_of(data), epsilon, flags, attributes);
#endif
}

static inline dnnl_status_t
conednn_normalization_backward(conednn_result result, dnnl_engine_t engine,
                               conednn_attributes attributes, dnnl_prop_kind_t kind,
                               conednn_array data, float epsilon, unsigned flags,
                               dnnl_primitive_desc_t forward) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_batch_normalization_desc_t operation;
  dnnl_status_t first = dnnl_batch_normalization_backward_desc_init(
      &operation, kind, conednn_of(data), conednn_of(data), epsilon, flags);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
#else
  return dnnl_batch_normalization_backward_primitive_desc_create(
      result, engine, kind, conednn_of(data), conednn_of(data), conednn_of(data), epsilon, flags,
      forward, attributes);
#endif
}

// Normalisation over the last axis; mean and variance are computed and not kept.

static inline dnnl_status_t
conednn_row_normalization_forward(conednn_result result, dnnl_engine_t engine,
                                  conednn_attributes attributes, dnnl_prop_kind_t kind,
                                  conednn_array data, float epsilon, unsigned flags) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_layer_normalization_desc_t operation;
  dnnl_status_t first = dnnl_layer_normalization_forward_desc_init(
      &operation, kind, conednn_of(data), NULL, epsilon, flags);
  return conednn_finish(result, engine, attributes, first, &operation, 0);
#else
  return dnnl_layer_normalization_forward_primitive_desc_create(
      result, engine, kind, conednn_of(data), conednn_of(data), NULL, epsilon, flags, attributes);
#endif
}

// The same, keeping mean and variance of each row, as its gradient needs them.

static inline dnnl_status_t
conednn_row_normalization_training(conednn_result result, dnnl_engine_t engine,
                                   conednn_attributes attributes, conednn_array data,
                                   conednn_array statistics, float epsilon, unsigned flags) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_layer_normalization_desc_t operation;
  dnnl_status_t first = dnnl_layer_normalization_forward_desc_init(
      &operation, dnnl_forward_training, conednn_of(data), conednn_of(statistics), epsilon, flags);
  return conednn_finish(result, engine, attributes, first, &operation, 0);
#else
  return dnnl_layer_normalization_forward_primitive_desc_create(
      result, engine, dnnl_forward_training, conednn_of(data), conednn_of(data),
      conednn_of(statistics), epsilon, flags, attributes);
#endif
}

static inline dnnl_status_t
conednn_row_normalization_backward(conednn_result result, dnnl_engine_t engine,
                                   conednn_attributes attributes, dnnl_prop_kind_t kind,
                                   conednn_array data, conednn_array statistics, float epsilon,
                                   unsigned flags, dnnl_primitive_desc_t forward) {
#if DNNL_VERSION_MAJOR == 2
  dnnl_layer_normalization_desc_t operation;
  dnnl_status_t first = dnnl_layer_normalization_backward_desc_init(
      &operation, kind, conednn_of(data), conednn_of(data), conednn_of(statistics), epsilon, flags);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
#else
  return dnnl_layer_normalization_backward_primitive_desc_create(
      result, engine, kind, conednn_of(data), conednn_of(data), conednn_of(data),
      conednn_of(statistics), epsilon, flags, forward, attributes);
#endif
}

// oneDNN 3 lets the slope and offset inside a hard swish be chosen; oneDNN 2 does not look at them.
static inline float conednn_hard_swish_slope(void) { return 1.0f / 6; }
static inline float conednn_hard_swish_offset(void) { return 0.5f; }

// ln(1 + exp(x)), which oneDNN 3 scales by a number of its own.
static inline float conednn_softplus_scale(void) { return DNNL_VERSION_MAJOR == 2 ? 0 : 1; }

#endif
