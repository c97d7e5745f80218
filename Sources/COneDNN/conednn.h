// oneDNN through its C interface.
//
// oneDNN 2 makes a primitive descriptor in two steps, an operation descriptor and then the primitive
// descriptor; oneDNN 3 has one step and other argument lists. The functions here are the one place
// where that difference lives: each makes the primitive descriptor of one operation. A window is a
// struct of arrays, which Swift can fill, where oneDNN takes `dnnl_dims_t`.

#ifndef CONEDNN_H
#define CONEDNN_H

#include <dnnl.h>

#if DNNL_VERSION_MAJOR != 2
#error "Anamorph is written for oneDNN 2 (Debian's libdnnl-dev 2.6)"
#endif

// From OpenMP's runtime, whose header is not on Swift's search path.
extern void omp_set_num_threads(int);

// The OpenMP threads that oneDNN calls made by this thread use from now on.
static inline void conednn_use_threads(int count) { omp_set_num_threads(count); }

// Strides, dilation and padding of a convolution or pooling, over height and width.
typedef struct {
  int64_t kernel[2];
  int64_t strides[2];
  int64_t dilation[2]; // 0 where elements are adjacent
  int64_t padding_before[2];
  int64_t padding_after[2];
} conednn_window;

// What every function takes and gives back.
typedef dnnl_primitive_desc_t *conednn_result;
typedef const_dnnl_primitive_attr_t conednn_attributes;
typedef const dnnl_memory_desc_t *conednn_array;

// The second of oneDNN 2's two steps.
static inline dnnl_status_t conednn_finish(conednn_result result, dnnl_engine_t engine,
                                           conednn_attributes attributes, dnnl_status_t first,
                                           const void *operation, dnnl_primitive_desc_t forward) {
  if (first != dnnl_success) return first;
  return dnnl_primitive_desc_create(result, operation, attributes, engine, forward);
}

static inline dnnl_status_t conednn_reorder(conednn_result result, dnnl_engine_t engine,
                                            conednn_attributes attributes, conednn_array source,
                                            conednn_array destination) {
  return dnnl_reorder_primitive_desc_create(result, source, engine, destination, engine,
                                            attributes);
}

// destination = Σ scale · source
static inline dnnl_status_t conednn_sum(conednn_result result, dnnl_engine_t engine,
                                        conednn_attributes attributes, int count,
                                        const float *scales, conednn_array sources,
                                        conednn_array destination) {
  return dnnl_sum_primitive_desc_create(result, destination, count, scales, sources, attributes,
                                        engine);
}

static inline dnnl_status_t conednn_dense_forward(conednn_result result, dnnl_engine_t engine,
                                                  conednn_attributes attributes,
                                                  dnnl_prop_kind_t kind, conednn_array source,
                                                  conednn_array kernel, conednn_array bias,
                                                  conednn_array destination) {
  dnnl_inner_product_desc_t operation;
  dnnl_status_t first =
      dnnl_inner_product_forward_desc_init(&operation, kind, source, kernel, bias, destination);
  return conednn_finish(result, engine, attributes, first, &operation, 0);
}

static inline dnnl_status_t
conednn_dense_backward_data(conednn_result result, dnnl_engine_t engine,
                            conednn_attributes attributes, conednn_array source,
                            conednn_array kernel, conednn_array destination,
                            dnnl_primitive_desc_t forward) {
  dnnl_inner_product_desc_t operation;
  dnnl_status_t first =
      dnnl_inner_product_backward_data_desc_init(&operation, source, kernel, destination);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
}

static inline dnnl_status_t
conednn_dense_backward_weights(conednn_result result, dnnl_engine_t engine,
                               conednn_attributes attributes, conednn_array source,
                               conednn_array kernel, conednn_array bias, conednn_array destination,
                               dnnl_primitive_desc_t forward) {
  dnnl_inner_product_desc_t operation;
  dnnl_status_t first = dnnl_inner_product_backward_weights_desc_init(&operation, source, kernel,
                                                                      bias, destination);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
}

static inline dnnl_status_t
conednn_convolution_forward(conednn_result result, dnnl_engine_t engine,
                            conednn_attributes attributes, dnnl_prop_kind_t kind,
                            conednn_array source, conednn_array kernel, conednn_array bias,
                            conednn_array destination, const conednn_window *window) {
  dnnl_convolution_desc_t operation;
  dnnl_status_t first = dnnl_dilated_convolution_forward_desc_init(
      &operation, kind, dnnl_convolution_direct, source, kernel, bias, destination,
      window->strides, window->dilation, window->padding_before, window->padding_after);
  return conednn_finish(result, engine, attributes, first, &operation, 0);
}

static inline dnnl_status_t
conednn_convolution_backward_data(conednn_result result, dnnl_engine_t engine,
                                  conednn_attributes attributes, conednn_array source,
                                  conednn_array kernel, conednn_array destination,
                                  const conednn_window *window, dnnl_primitive_desc_t forward) {
  dnnl_convolution_desc_t operation;
  dnnl_status_t first = dnnl_dilated_convolution_backward_data_desc_init(
      &operation, dnnl_convolution_direct, source, kernel, destination, window->strides,
      window->dilation, window->padding_before, window->padding_after);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
}

static inline dnnl_status_t conednn_convolution_backward_weights(
    conednn_result result, dnnl_engine_t engine, conednn_attributes attributes,
    conednn_array source, conednn_array kernel, conednn_array bias, conednn_array destination,
    const conednn_window *window, dnnl_primitive_desc_t forward) {
  dnnl_convolution_desc_t operation;
  dnnl_status_t first = dnnl_dilated_convolution_backward_weights_desc_init(
      &operation, dnnl_convolution_direct, source, kernel, bias, destination, window->strides,
      window->dilation, window->padding_before, window->padding_after);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
}

static inline dnnl_status_t
conednn_pooling_forward(conednn_result result, dnnl_engine_t engine, conednn_attributes attributes,
                        dnnl_prop_kind_t kind, dnnl_alg_kind_t algorithm, conednn_array source,
                        conednn_array destination, const conednn_window *window) {
  dnnl_pooling_v2_desc_t operation;
  dnnl_status_t first = dnnl_pooling_v2_forward_desc_init(
      &operation, kind, algorithm, source, destination, window->strides, window->kernel,
      window->dilation, window->padding_before, window->padding_after);
  return conednn_finish(result, engine, attributes, first, &operation, 0);
}

static inline dnnl_status_t
conednn_pooling_backward(conednn_result result, dnnl_engine_t engine,
                         conednn_attributes attributes, dnnl_alg_kind_t algorithm,
                         conednn_array source, conednn_array destination,
                         const conednn_window *window, dnnl_primitive_desc_t forward) {
  dnnl_pooling_v2_desc_t operation;
  dnnl_status_t first = dnnl_pooling_v2_backward_desc_init(
      &operation, algorithm, source, destination, window->strides, window->kernel,
      window->dilation, window->padding_before, window->padding_after);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
}

static inline dnnl_status_t conednn_elementwise_forward(conednn_result result,
                                                        dnnl_engine_t engine,
                                                        conednn_attributes attributes,
                                                        dnnl_prop_kind_t kind,
                                                        dnnl_alg_kind_t algorithm,
                                                        conednn_array data, float alpha,
                                                        float beta) {
  dnnl_eltwise_desc_t operation;
  dnnl_status_t first =
      dnnl_eltwise_forward_desc_init(&operation, kind, algorithm, data, alpha, beta);
  return conednn_finish(result, engine, attributes, first, &operation, 0);
}

static inline dnnl_status_t
conednn_elementwise_backward(conednn_result result, dnnl_engine_t engine,
                             conednn_attributes attributes, dnnl_alg_kind_t algorithm,
                             conednn_array data, float alpha, float beta,
                             dnnl_primitive_desc_t forward) {
  dnnl_eltwise_desc_t operation;
  dnnl_status_t first =
      dnnl_eltwise_backward_desc_init(&operation, algorithm, data, data, alpha, beta);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
}

static inline dnnl_status_t conednn_softmax_forward(conednn_result result, dnnl_engine_t engine,
                                                    conednn_attributes attributes,
                                                    dnnl_prop_kind_t kind, conednn_array data,
                                                    int axis) {
  dnnl_softmax_v2_desc_t operation;
  dnnl_status_t first = dnnl_softmax_v2_forward_desc_init(
      &operation, kind, dnnl_softmax_accurate, data, data, axis);
  return conednn_finish(result, engine, attributes, first, &operation, 0);
}

static inline dnnl_status_t conednn_softmax_backward(conednn_result result, dnnl_engine_t engine,
                                                     conednn_attributes attributes,
                                                     conednn_array data, int axis,
                                                     dnnl_primitive_desc_t forward) {
  dnnl_softmax_v2_desc_t operation;
  dnnl_status_t first = dnnl_softmax_v2_backward_desc_init(&operation, dnnl_softmax_accurate, data,
                                                           data, data, axis);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
}

// Whether batch normalisation is given its statistics, and which of gamma and beta it has.
static inline unsigned conednn_normalization_flags(int given_statistics, int scale, int shift) {
  return (given_statistics ? dnnl_use_global_stats : 0) | (scale ? dnnl_use_scale : 0) |
         (shift ? dnnl_use_shift : 0);
}

static inline dnnl_status_t
conednn_normalization_forward(conednn_result result, dnnl_engine_t engine,
                              conednn_attributes attributes, dnnl_prop_kind_t kind,
                              conednn_array data, float epsilon, unsigned flags) {
  dnnl_batch_normalization_desc_t operation;
  dnnl_status_t first =
      dnnl_batch_normalization_forward_desc_init(&operation, kind, data, epsilon, flags);
  return conednn_finish(result, engine, attributes, first, &operation, 0);
}

static inline dnnl_status_t
conednn_normalization_backward(conednn_result result, dnnl_engine_t engine,
                               conednn_attributes attributes, dnnl_prop_kind_t kind,
                               conednn_array data, float epsilon, unsigned flags,
                               dnnl_primitive_desc_t forward) {
  dnnl_batch_normalization_desc_t operation;
  dnnl_status_t first = dnnl_batch_normalization_backward_desc_init(&operation, kind, data, data,
                                                                    epsilon, flags);
  return conednn_finish(result, engine, attributes, first, &operation, forward);
}

#endif
