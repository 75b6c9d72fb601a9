package dev.tandem.cuda;

import dev.tandem.shape.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The catalogue of kernels: each entry of the PTX in {@code kernels}, with its parameters, which a launch must give in this order.
 * A test compares it with the PTX, whose parameters have no names and no types.
 */
public enum Kernel {
  // unary.cu
  AFFINE_F32("unary", "ptr ptr i64 f32 f32"),
  EXP_F32("unary", "ptr ptr i64"),
  LOG_F32("unary", "ptr ptr i64"),
  SQRT_F32("unary", "ptr ptr i64"),
  RSQRT_F32("unary", "ptr ptr i64"),
  POW_F32("unary", "ptr ptr i64 f32"),
  ABS_F32("unary", "ptr ptr i64"),
  SIGN_F32("unary", "ptr ptr i64"),
  CLAMP_F32("unary", "ptr ptr i64 f32 f32"),
  RELU_F32("unary", "ptr ptr i64"),
  LEAKY_RELU_F32("unary", "ptr ptr i64 f32"),
  SIGMOID_F32("unary", "ptr ptr i64"),
  TANH_F32("unary", "ptr ptr i64"),
  GELU_TANH_F32("unary", "ptr ptr i64"),
  GELU_ERF_F32("unary", "ptr ptr i64"),
  SILU_F32("unary", "ptr ptr i64"),
  SOFTPLUS_F32("unary", "ptr ptr i64"),

  // unary_bf16.cu
  AFFINE_BF16("unary_bf16", "ptr ptr i64 f32 f32"),
  EXP_BF16("unary_bf16", "ptr ptr i64"),
  LOG_BF16("unary_bf16", "ptr ptr i64"),
  SQRT_BF16("unary_bf16", "ptr ptr i64"),
  RSQRT_BF16("unary_bf16", "ptr ptr i64"),
  POW_BF16("unary_bf16", "ptr ptr i64 f32"),
  ABS_BF16("unary_bf16", "ptr ptr i64"),
  SIGN_BF16("unary_bf16", "ptr ptr i64"),
  CLAMP_BF16("unary_bf16", "ptr ptr i64 f32 f32"),
  RELU_BF16("unary_bf16", "ptr ptr i64"),
  LEAKY_RELU_BF16("unary_bf16", "ptr ptr i64 f32"),
  SIGMOID_BF16("unary_bf16", "ptr ptr i64"),
  TANH_BF16("unary_bf16", "ptr ptr i64"),
  GELU_TANH_BF16("unary_bf16", "ptr ptr i64"),
  GELU_ERF_BF16("unary_bf16", "ptr ptr i64"),
  SILU_BF16("unary_bf16", "ptr ptr i64"),
  SOFTPLUS_BF16("unary_bf16", "ptr ptr i64"),

  // unary_f16.cu
  AFFINE_F16("unary_f16", "ptr ptr i64 f32 f32"),
  EXP_F16("unary_f16", "ptr ptr i64"),
  LOG_F16("unary_f16", "ptr ptr i64"),
  SQRT_F16("unary_f16", "ptr ptr i64"),
  RSQRT_F16("unary_f16", "ptr ptr i64"),
  POW_F16("unary_f16", "ptr ptr i64 f32"),
  ABS_F16("unary_f16", "ptr ptr i64"),
  SIGN_F16("unary_f16", "ptr ptr i64"),
  CLAMP_F16("unary_f16", "ptr ptr i64 f32 f32"),
  RELU_F16("unary_f16", "ptr ptr i64"),
  LEAKY_RELU_F16("unary_f16", "ptr ptr i64 f32"),
  SIGMOID_F16("unary_f16", "ptr ptr i64"),
  TANH_F16("unary_f16", "ptr ptr i64"),
  GELU_TANH_F16("unary_f16", "ptr ptr i64"),
  GELU_ERF_F16("unary_f16", "ptr ptr i64"),
  SILU_F16("unary_f16", "ptr ptr i64"),
  SOFTPLUS_F16("unary_f16", "ptr ptr i64"),

  // chain.cu
  RELU_GRAD_F32("chain", "ptr ptr ptr i64"),
  LEAKY_RELU_GRAD_F32("chain", "ptr ptr ptr i64 f32"),
  SIGMOID_GRAD_F32("chain", "ptr ptr ptr i64"),
  TANH_GRAD_F32("chain", "ptr ptr ptr i64"),
  GELU_TANH_GRAD_F32("chain", "ptr ptr ptr i64"),
  GELU_ERF_GRAD_F32("chain", "ptr ptr ptr i64"),
  SILU_GRAD_F32("chain", "ptr ptr ptr i64"),

  // chain_bf16.cu
  RELU_GRAD_BF16("chain_bf16", "ptr ptr ptr i64"),
  LEAKY_RELU_GRAD_BF16("chain_bf16", "ptr ptr ptr i64 f32"),
  SIGMOID_GRAD_BF16("chain_bf16", "ptr ptr ptr i64"),
  TANH_GRAD_BF16("chain_bf16", "ptr ptr ptr i64"),
  GELU_TANH_GRAD_BF16("chain_bf16", "ptr ptr ptr i64"),
  GELU_ERF_GRAD_BF16("chain_bf16", "ptr ptr ptr i64"),
  SILU_GRAD_BF16("chain_bf16", "ptr ptr ptr i64"),

  // chain_f16.cu
  RELU_GRAD_F16("chain_f16", "ptr ptr ptr i64"),
  LEAKY_RELU_GRAD_F16("chain_f16", "ptr ptr ptr i64 f32"),
  SIGMOID_GRAD_F16("chain_f16", "ptr ptr ptr i64"),
  TANH_GRAD_F16("chain_f16", "ptr ptr ptr i64"),
  GELU_TANH_GRAD_F16("chain_f16", "ptr ptr ptr i64"),
  GELU_ERF_GRAD_F16("chain_f16", "ptr ptr ptr i64"),
  SILU_GRAD_F16("chain_f16", "ptr ptr ptr i64"),

  // broadcast.cu
  ADD_F32("broadcast", "ptr ptr ptr i64 strides2"),
  SUB_F32("broadcast", "ptr ptr ptr i64 strides2"),
  MUL_F32("broadcast", "ptr ptr ptr i64 strides2"),
  DIV_F32("broadcast", "ptr ptr ptr i64 strides2"),
  MAXIMUM_F32("broadcast", "ptr ptr ptr i64 strides2"),
  MINIMUM_F32("broadcast", "ptr ptr ptr i64 strides2"),
  EQUAL_F32("broadcast", "ptr ptr ptr i64 strides2"),
  EQUAL_I32("broadcast", "ptr ptr ptr i64 strides2"),
  EQUAL_U8("broadcast", "ptr ptr ptr i64 strides2"),
  LESS_F32("broadcast", "ptr ptr ptr i64 strides2"),
  LESS_I32("broadcast", "ptr ptr ptr i64 strides2"),
  LESS_U8("broadcast", "ptr ptr ptr i64 strides2"),
  LESS_EQUAL_F32("broadcast", "ptr ptr ptr i64 strides2"),
  LESS_EQUAL_I32("broadcast", "ptr ptr ptr i64 strides2"),
  LESS_EQUAL_U8("broadcast", "ptr ptr ptr i64 strides2"),
  SELECT_B32("broadcast", "ptr ptr ptr ptr i64 strides3"),
  SELECT_B16("broadcast", "ptr ptr ptr ptr i64 strides3"),
  SELECT_B8("broadcast", "ptr ptr ptr ptr i64 strides3"),

  // broadcast_bf16.cu
  ADD_BF16("broadcast_bf16", "ptr ptr ptr i64 strides2"),
  SUB_BF16("broadcast_bf16", "ptr ptr ptr i64 strides2"),
  MUL_BF16("broadcast_bf16", "ptr ptr ptr i64 strides2"),
  DIV_BF16("broadcast_bf16", "ptr ptr ptr i64 strides2"),
  MAXIMUM_BF16("broadcast_bf16", "ptr ptr ptr i64 strides2"),
  MINIMUM_BF16("broadcast_bf16", "ptr ptr ptr i64 strides2"),
  EQUAL_BF16("broadcast_bf16", "ptr ptr ptr i64 strides2"),
  LESS_BF16("broadcast_bf16", "ptr ptr ptr i64 strides2"),
  LESS_EQUAL_BF16("broadcast_bf16", "ptr ptr ptr i64 strides2"),

  // broadcast_f16.cu
  ADD_F16("broadcast_f16", "ptr ptr ptr i64 strides2"),
  SUB_F16("broadcast_f16", "ptr ptr ptr i64 strides2"),
  MUL_F16("broadcast_f16", "ptr ptr ptr i64 strides2"),
  DIV_F16("broadcast_f16", "ptr ptr ptr i64 strides2"),
  MAXIMUM_F16("broadcast_f16", "ptr ptr ptr i64 strides2"),
  MINIMUM_F16("broadcast_f16", "ptr ptr ptr i64 strides2"),
  EQUAL_F16("broadcast_f16", "ptr ptr ptr i64 strides2"),
  LESS_F16("broadcast_f16", "ptr ptr ptr i64 strides2"),
  LESS_EQUAL_F16("broadcast_f16", "ptr ptr ptr i64 strides2"),

  // cast.cu
  CAST_F32_I32("cast", "ptr ptr i64"),
  CAST_F32_U8("cast", "ptr ptr i64"),
  CAST_I32_F32("cast", "ptr ptr i64"),
  CAST_I32_U8("cast", "ptr ptr i64"),
  CAST_U8_F32("cast", "ptr ptr i64"),
  CAST_U8_I32("cast", "ptr ptr i64"),
  CAST_BF16_F32("cast", "ptr ptr i64"),
  CAST_BF16_I32("cast", "ptr ptr i64"),
  CAST_BF16_U8("cast", "ptr ptr i64"),
  CAST_F32_BF16("cast", "ptr ptr i64"),
  CAST_I32_BF16("cast", "ptr ptr i64"),
  CAST_U8_BF16("cast", "ptr ptr i64"),
  CAST_F16_F32("cast", "ptr ptr i64"),
  CAST_F16_I32("cast", "ptr ptr i64"),
  CAST_F16_U8("cast", "ptr ptr i64"),
  CAST_F32_F16("cast", "ptr ptr i64"),
  CAST_I32_F16("cast", "ptr ptr i64"),
  CAST_U8_F16("cast", "ptr ptr i64"),
  CAST_BF16_F16("cast", "ptr ptr i64"),
  CAST_F16_BF16("cast", "ptr ptr i64"),

  // reduction.cu
  SUM_FEW_F32("reduction", "ptr ptr i64 i64 i64 f32 i32"),
  SUM_SHORT_ROWS_F32("reduction", "ptr ptr i64 i64 i64 f32 i32"),
  SUM_ROWS_F32("reduction", "ptr ptr i64 i64 i64 f32 i32"),
  SUM_COLUMNS_F32("reduction", "ptr ptr i64 i64 i64 i64 i32 f32 i32"),
  MAX_FEW_F32("reduction", "ptr ptr i64 i64 i64"),
  MAX_SHORT_ROWS_F32("reduction", "ptr ptr i64 i64 i64"),
  MAX_ROWS_F32("reduction", "ptr ptr i64 i64 i64"),
  MAX_COLUMNS_F32("reduction", "ptr ptr i64 i64 i64 i64 i32"),
  MIN_FEW_F32("reduction", "ptr ptr i64 i64 i64"),
  MIN_SHORT_ROWS_F32("reduction", "ptr ptr i64 i64 i64"),
  MIN_ROWS_F32("reduction", "ptr ptr i64 i64 i64"),
  MIN_COLUMNS_F32("reduction", "ptr ptr i64 i64 i64 i64 i32"),

  // reduction_bf16.cu
  SUM_FEW_BF16("reduction_bf16", "ptr ptr i64 i64 i64 f32 i32"),
  SUM_SHORT_ROWS_BF16("reduction_bf16", "ptr ptr i64 i64 i64 f32 i32"),
  SUM_ROWS_BF16("reduction_bf16", "ptr ptr i64 i64 i64 f32 i32"),
  SUM_COLUMNS_BF16("reduction_bf16", "ptr ptr i64 i64 i64 i64 i32 f32 i32"),

  // reduction_f16.cu
  SUM_FEW_F16("reduction_f16", "ptr ptr i64 i64 i64 f32 i32"),
  SUM_SHORT_ROWS_F16("reduction_f16", "ptr ptr i64 i64 i64 f32 i32"),
  SUM_ROWS_F16("reduction_f16", "ptr ptr i64 i64 i64 f32 i32"),
  SUM_COLUMNS_F16("reduction_f16", "ptr ptr i64 i64 i64 i64 i32 f32 i32"),

  // arg_max.cu
  ARG_MAX_FEW_F32("arg_max", "ptr ptr i64 i64 i64"),
  ARG_MAX_SHORT_ROWS_F32("arg_max", "ptr ptr i64 i64 i64"),
  ARG_MAX_ROWS_F32("arg_max", "ptr ptr i64 i64 i64"),
  ARG_MAX_COLUMNS_F32("arg_max", "ptr ptr i64 i64 i64 i64 i32"),
  ARG_MAX_KEYS_OF_ROWS_F32("arg_max", "ptr ptr i64 i64 i64"),
  ARG_MAX_KEYS_OF_COLUMNS_F32("arg_max", "ptr ptr i64 i64 i64 i64 i32"),
  ARG_MAX_OF_KEYS_B64("arg_max", "ptr ptr i64 i64 i64 i64 i32"),

  // softmax.cu
  SHORT_SOFTMAX_F32("softmax", "ptr ptr i64 i64"),
  SHORT_SOFTMAX_GRAD_F32("softmax", "ptr ptr ptr i64 i64"),
  SHORT_LOG_SOFTMAX_F32("softmax", "ptr ptr i64 i64"),
  SHORT_LOG_SOFTMAX_GRAD_F32("softmax", "ptr ptr ptr i64 i64"),
  SOFTMAX_F32("softmax", "ptr ptr i64 i64"),
  SOFTMAX_GRAD_F32("softmax", "ptr ptr ptr i64 i64"),
  LOG_SOFTMAX_F32("softmax", "ptr ptr i64 i64"),
  LOG_SOFTMAX_GRAD_F32("softmax", "ptr ptr ptr i64 i64"),

  // softmax_bf16.cu
  SHORT_SOFTMAX_BF16("softmax_bf16", "ptr ptr i64 i64"),
  SHORT_SOFTMAX_GRAD_BF16("softmax_bf16", "ptr ptr ptr i64 i64"),
  SHORT_LOG_SOFTMAX_BF16("softmax_bf16", "ptr ptr i64 i64"),
  SHORT_LOG_SOFTMAX_GRAD_BF16("softmax_bf16", "ptr ptr ptr i64 i64"),
  SOFTMAX_BF16("softmax_bf16", "ptr ptr i64 i64"),
  SOFTMAX_GRAD_BF16("softmax_bf16", "ptr ptr ptr i64 i64"),
  LOG_SOFTMAX_BF16("softmax_bf16", "ptr ptr i64 i64"),
  LOG_SOFTMAX_GRAD_BF16("softmax_bf16", "ptr ptr ptr i64 i64"),

  // softmax_f16.cu
  SHORT_SOFTMAX_F16("softmax_f16", "ptr ptr i64 i64"),
  SHORT_SOFTMAX_GRAD_F16("softmax_f16", "ptr ptr ptr i64 i64"),
  SHORT_LOG_SOFTMAX_F16("softmax_f16", "ptr ptr i64 i64"),
  SHORT_LOG_SOFTMAX_GRAD_F16("softmax_f16", "ptr ptr ptr i64 i64"),
  SOFTMAX_F16("softmax_f16", "ptr ptr i64 i64"),
  SOFTMAX_GRAD_F16("softmax_f16", "ptr ptr ptr i64 i64"),
  LOG_SOFTMAX_F16("softmax_f16", "ptr ptr i64 i64"),
  LOG_SOFTMAX_GRAD_F16("softmax_f16", "ptr ptr ptr i64 i64"),

  // row_norm.cu
  SHORT_LAYER_NORM_F32("row_norm", "ptr ptr ptr ptr ptr ptr i64 i64 f32"),
  SHORT_RMS_NORM_F32("row_norm", "ptr ptr ptr ptr i64 i64 f32"),
  LAYER_NORM_F32("row_norm", "ptr ptr ptr ptr ptr ptr i64 i64 f32"),
  RMS_NORM_F32("row_norm", "ptr ptr ptr ptr i64 i64 f32"),
  LAYER_NORM_GRAD_F32("row_norm", "ptr ptr ptr ptr ptr ptr ptr ptr i64 i64 i64"),
  RMS_NORM_GRAD_F32("row_norm", "ptr ptr ptr ptr ptr ptr i64 i64 i64"),

  // row_norm_bf16.cu
  SHORT_LAYER_NORM_BF16("row_norm_bf16", "ptr ptr ptr ptr ptr ptr i64 i64 f32"),
  SHORT_RMS_NORM_BF16("row_norm_bf16", "ptr ptr ptr ptr i64 i64 f32"),
  LAYER_NORM_BF16("row_norm_bf16", "ptr ptr ptr ptr ptr ptr i64 i64 f32"),
  RMS_NORM_BF16("row_norm_bf16", "ptr ptr ptr ptr i64 i64 f32"),
  LAYER_NORM_GRAD_BF16("row_norm_bf16", "ptr ptr ptr ptr ptr ptr ptr ptr i64 i64 i64"),
  RMS_NORM_GRAD_BF16("row_norm_bf16", "ptr ptr ptr ptr ptr ptr i64 i64 i64"),

  // row_norm_f16.cu
  SHORT_LAYER_NORM_F16("row_norm_f16", "ptr ptr ptr ptr ptr ptr i64 i64 f32"),
  SHORT_RMS_NORM_F16("row_norm_f16", "ptr ptr ptr ptr i64 i64 f32"),
  LAYER_NORM_F16("row_norm_f16", "ptr ptr ptr ptr ptr ptr i64 i64 f32"),
  RMS_NORM_F16("row_norm_f16", "ptr ptr ptr ptr i64 i64 f32"),
  LAYER_NORM_GRAD_F16("row_norm_f16", "ptr ptr ptr ptr ptr ptr ptr ptr i64 i64 i64"),
  RMS_NORM_GRAD_F16("row_norm_f16", "ptr ptr ptr ptr ptr ptr i64 i64 i64"),

  // batch_norm.cu
  BATCH_NORM_PLANES_F32("batch_norm", "ptr ptr i64 i64 i64 i64"),
  BATCH_NORM_COLUMNS_F32("batch_norm", "ptr ptr i64 i64 i64 i32"),
  BATCH_NORM_FINISH_F32("batch_norm", "ptr ptr ptr ptr ptr ptr ptr ptr i64 i64 i64 f32 f32"),
  BATCH_NORM_RESCALE_F32("batch_norm", "ptr ptr ptr ptr ptr i64 i64 i64"),
  BATCH_NORM_INFERENCE_F32("batch_norm", "ptr ptr ptr ptr ptr ptr i64 i64 i64 f32"),
  BATCH_NORM_GRAD_PLANES_F32("batch_norm", "ptr ptr ptr ptr i64 i64 i64 i64"),
  BATCH_NORM_GRAD_COLUMNS_F32("batch_norm", "ptr ptr ptr ptr i64 i64 i64 i64 i32"),
  BATCH_NORM_GRAD_FINISH_F32("batch_norm", "ptr ptr ptr ptr ptr ptr ptr ptr i64 i64 i64 f32 f32"),
  BATCH_NORM_GRAD_RESCALE_F32("batch_norm", "ptr ptr ptr ptr ptr ptr ptr i64 i64 i64"),

  // loss.cu
  SHORT_CROSS_ENTROPY_F32("loss", "ptr ptr ptr ptr i64 i64 f32 ptr i32"),
  SHORT_CROSS_ENTROPY_GRAD_F32("loss", "ptr ptr ptr ptr ptr i64 i64 i64 f32 f32 ptr i32"),
  SHORT_SOFT_CROSS_ENTROPY_F32("loss", "ptr ptr ptr ptr i64 i64"),
  SHORT_SOFT_CROSS_ENTROPY_GRAD_F32("loss", "ptr ptr ptr ptr ptr i64 i64"),
  CROSS_ENTROPY_F32("loss", "ptr ptr ptr ptr i64 i64 f32 ptr i32"),
  CROSS_ENTROPY_GRAD_F32("loss", "ptr ptr ptr ptr ptr i64 i64 i64 f32 f32 ptr i32"),
  SOFT_CROSS_ENTROPY_F32("loss", "ptr ptr ptr ptr i64 i64"),
  SOFT_CROSS_ENTROPY_GRAD_F32("loss", "ptr ptr ptr ptr ptr i64 i64"),

  // loss_bf16.cu
  SHORT_CROSS_ENTROPY_BF16("loss_bf16", "ptr ptr ptr ptr i64 i64 f32 ptr i32"),
  SHORT_CROSS_ENTROPY_GRAD_BF16("loss_bf16", "ptr ptr ptr ptr ptr i64 i64 i64 f32 f32 ptr i32"),
  CROSS_ENTROPY_BF16("loss_bf16", "ptr ptr ptr ptr i64 i64 f32 ptr i32"),
  CROSS_ENTROPY_GRAD_BF16("loss_bf16", "ptr ptr ptr ptr ptr i64 i64 i64 f32 f32 ptr i32"),

  // loss_f16.cu
  SHORT_CROSS_ENTROPY_F16("loss_f16", "ptr ptr ptr ptr i64 i64 f32 ptr i32"),
  SHORT_CROSS_ENTROPY_GRAD_F16("loss_f16", "ptr ptr ptr ptr ptr i64 i64 i64 f32 f32 ptr i32"),
  CROSS_ENTROPY_F16("loss_f16", "ptr ptr ptr ptr i64 i64 f32 ptr i32"),
  CROSS_ENTROPY_GRAD_F16("loss_f16", "ptr ptr ptr ptr ptr i64 i64 i64 f32 f32 ptr i32"),

  // movement.cu
  COPY_B32("movement", "ptr ptr i64 strides2"),
  COPY_B16("movement", "ptr ptr i64 strides2"),
  COPY_B8("movement", "ptr ptr i64 strides2"),
  TRANSPOSE_B32("movement", "ptr ptr i64 i64 i64 i64 i64 strides2"),
  TRANSPOSE_B16("movement", "ptr ptr i64 i64 i64 i64 i64 strides2"),
  TRANSPOSE_B8("movement", "ptr ptr i64 i64 i64 i64 i64 strides2"),

  // indexing.cu
  EMBEDDING_B32("indexing", "ptr i32 ptr ptr ptr i64 i64 i64 i32"),
  EMBEDDING_B16("indexing", "ptr i32 ptr ptr ptr i64 i64 i64 i32"),
  EMBEDDING_B8("indexing", "ptr i32 ptr ptr ptr i64 i64 i64 i32"),
  GATHER_B32("indexing", "ptr i32 ptr ptr ptr i64 i64 i64 i64 i32"),
  GATHER_B16("indexing", "ptr i32 ptr ptr ptr i64 i64 i64 i64 i32"),
  GATHER_B8("indexing", "ptr i32 ptr ptr ptr i64 i64 i64 i64 i32"),
  ONE_HOT_B32("indexing", "ptr i32 ptr ptr i64 i64 i32"),
  ONE_HOT_B16("indexing", "ptr i32 ptr ptr i64 i64 i32"),
  ONE_HOT_B8("indexing", "ptr i32 ptr ptr i64 i64 i32"),
  GATHER_GRAD_F32("indexing", "ptr i32 ptr ptr ptr i64 i64 i64 i64"),
  INDEX_KEYS("indexing", "ptr i32 ptr ptr ptr i64 i64 i64 i64 i32"),
  SUM_WINDOWS_F32("indexing", "ptr ptr ptr ptr ptr i64 i64 i64"),
  SUM_WINDOWS_BF16("indexing", "ptr ptr ptr ptr ptr i64 i64 i64"),
  SUM_WINDOWS_F16("indexing", "ptr ptr ptr ptr ptr i64 i64 i64"),
  JOIN_WINDOWS_F32("indexing", "ptr ptr ptr i64 i64 i64 i32"),
  JOIN_WINDOWS_BF16("indexing", "ptr ptr ptr i64 i64 i64 i32"),
  JOIN_WINDOWS_F16("indexing", "ptr ptr ptr i64 i64 i64 i32"),

  // sort.cu
  DIGIT_COUNTS("sort", "ptr ptr i64 i32"),
  DIGIT_SCAN("sort", "ptr ptr i64"),
  DIGIT_SCATTER("sort", "ptr ptr ptr ptr ptr ptr i64 i32"),

  // pooling.cu, stochastic.cu
  MAX_POOL2D_F32("pooling", "ptr ptr ptr i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32"),
  MAX_POOL2D_GRAD_F32("pooling", "ptr ptr ptr i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32"),
  AVG_POOL2D_F32("pooling", "ptr ptr i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32"),
  AVG_POOL2D_GRAD_F32("pooling", "ptr ptr i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32"),
  DROPOUT_F32("stochastic", "ptr ptr ptr ptr i64 i32 f32"),
  DROPOUT_BF16("stochastic", "ptr ptr ptr ptr i64 i32 f32"),
  DROPOUT_F16("stochastic", "ptr ptr ptr ptr i64 i32 f32"),
  DROPOUT_GRAD_F32("stochastic", "ptr ptr ptr i64 f32"),
  DROPOUT_GRAD_BF16("stochastic", "ptr ptr ptr i64 f32"),
  DROPOUT_GRAD_F16("stochastic", "ptr ptr ptr i64 f32"),

  // conv2d.cu
  IM2COL_F32("conv2d", "ptr ptr i64 geometry"),
  COL2IM_F32("conv2d", "ptr ptr i64 geometry"),

  // depthwise.cu
  DEPTHWISE_CONV2D_F32("depthwise", "ptr ptr ptr i64 i32 geometry"),
  DEPTHWISE_CONV2D_GRAD_INPUT_F32("depthwise", "ptr ptr ptr i64 i32 geometry"),
  DEPTHWISE_CONV2D_GRAD_WEIGHT_F32("depthwise", "ptr ptr ptr i64 i64 i32 geometry"),

  // attention_*.cu
  ATTENTION_F32("attention_f32", "ptr ptr ptr ptr ptr attention"),
  ATTENTION_GRAD_QUERIES_F32("attention_f32", "ptr ptr ptr ptr ptr ptr ptr ptr attention"),
  ATTENTION_GRAD_KEYS_F32("attention_f32", "ptr ptr ptr ptr ptr ptr ptr ptr attention"),
  ATTENTION_32_BF16("attention_32_bf16", "ptr ptr ptr ptr ptr attention", 16384),
  ATTENTION_GRAD_QUERIES_32_BF16(
      "attention_32_bf16", "ptr ptr ptr ptr ptr ptr ptr ptr attention", 24576),
  ATTENTION_GRAD_KEYS_32_BF16(
      "attention_32_bf16", "ptr ptr ptr ptr ptr ptr ptr ptr attention", 33792),
  ATTENTION_32_F16("attention_32_f16", "ptr ptr ptr ptr ptr attention", 16384),
  ATTENTION_GRAD_QUERIES_32_F16(
      "attention_32_f16", "ptr ptr ptr ptr ptr ptr ptr ptr attention", 24576),
  ATTENTION_GRAD_KEYS_32_F16(
      "attention_32_f16", "ptr ptr ptr ptr ptr ptr ptr ptr attention", 33792),
  ATTENTION_64_BF16("attention_64_bf16", "ptr ptr ptr ptr ptr attention", 32768),
  ATTENTION_GRAD_QUERIES_64_BF16(
      "attention_64_bf16", "ptr ptr ptr ptr ptr ptr ptr ptr attention", 49152),
  ATTENTION_GRAD_KEYS_64_BF16(
      "attention_64_bf16", "ptr ptr ptr ptr ptr ptr ptr ptr attention", 66560),
  ATTENTION_64_F16("attention_64_f16", "ptr ptr ptr ptr ptr attention", 32768),
  ATTENTION_GRAD_QUERIES_64_F16(
      "attention_64_f16", "ptr ptr ptr ptr ptr ptr ptr ptr attention", 49152),
  ATTENTION_GRAD_KEYS_64_F16(
      "attention_64_f16", "ptr ptr ptr ptr ptr ptr ptr ptr attention", 66560),
  ATTENTION_128_BF16("attention_128_bf16", "ptr ptr ptr ptr ptr attention", 65536),
  ATTENTION_GRAD_QUERIES_128_BF16(
      "attention_128_bf16", "ptr ptr ptr ptr ptr ptr ptr ptr attention", 65536),
  ATTENTION_GRAD_KEYS_128_BF16(
      "attention_128_bf16", "ptr ptr ptr ptr ptr ptr ptr ptr attention", 66048),
  ATTENTION_128_F16("attention_128_f16", "ptr ptr ptr ptr ptr attention", 65536),
  ATTENTION_GRAD_QUERIES_128_F16(
      "attention_128_f16", "ptr ptr ptr ptr ptr ptr ptr ptr attention", 65536),
  ATTENTION_GRAD_KEYS_128_F16(
      "attention_128_f16", "ptr ptr ptr ptr ptr ptr ptr ptr attention", 66048),

  // fused.cu
  BIAS_RELU_F32("fused", "ptr ptr ptr i64 strides2"),
  BIAS_GELU_TANH_F32("fused", "ptr ptr ptr i64 strides2"),
  BIAS_GELU_TANH_GRAD_F32("fused", "ptr ptr ptr ptr i64 strides2"),
  SHORT_RESIDUAL_LAYER_NORM_F32("fused", "ptr ptr ptr ptr ptr ptr ptr ptr i64 i64 f32"),
  RESIDUAL_LAYER_NORM_F32("fused", "ptr ptr ptr ptr ptr ptr ptr ptr i64 i64 f32"),
  RESIDUAL_LAYER_NORM_GRAD_F32("fused", "ptr ptr ptr ptr ptr ptr ptr ptr ptr i64 i64 i64"),

  // fused_bf16.cu
  BIAS_RELU_BF16("fused_bf16", "ptr ptr ptr i64 strides2"),
  BIAS_GELU_TANH_BF16("fused_bf16", "ptr ptr ptr i64 strides2"),
  BIAS_GELU_TANH_GRAD_BF16("fused_bf16", "ptr ptr ptr ptr i64 strides2"),
  SHORT_RESIDUAL_LAYER_NORM_BF16("fused_bf16", "ptr ptr ptr ptr ptr ptr ptr ptr i64 i64 f32"),
  RESIDUAL_LAYER_NORM_BF16("fused_bf16", "ptr ptr ptr ptr ptr ptr ptr ptr i64 i64 f32"),
  RESIDUAL_LAYER_NORM_GRAD_BF16("fused_bf16", "ptr ptr ptr ptr ptr ptr ptr ptr ptr i64 i64 i64"),

  // fused_f16.cu
  BIAS_RELU_F16("fused_f16", "ptr ptr ptr i64 strides2"),
  BIAS_GELU_TANH_F16("fused_f16", "ptr ptr ptr i64 strides2"),
  BIAS_GELU_TANH_GRAD_F16("fused_f16", "ptr ptr ptr ptr i64 strides2"),
  SHORT_RESIDUAL_LAYER_NORM_F16("fused_f16", "ptr ptr ptr ptr ptr ptr ptr ptr i64 i64 f32"),
  RESIDUAL_LAYER_NORM_F16("fused_f16", "ptr ptr ptr ptr ptr ptr ptr ptr i64 i64 f32"),
  RESIDUAL_LAYER_NORM_GRAD_F16("fused_f16", "ptr ptr ptr ptr ptr ptr ptr ptr ptr i64 i64 i64"),

  // rotary.cu
  ROTARY_F32("rotary", "ptr ptr i64 i32 i32 i32 i32 i32 i32 i32 i32 turns"),
  ROTARY_BF16("rotary", "ptr ptr i64 i32 i32 i32 i32 i32 i32 i32 i32 turns"),
  ROTARY_F16("rotary", "ptr ptr i64 i32 i32 i32 i32 i32 i32 i32 i32 turns"),

  // global_norm.cu
  SUM_SQUARES_F32("global_norm", "tensors ptr"),
  SUM_SQUARES_BF16("global_norm", "tensors ptr"),
  SUM_SQUARES_F16("global_norm", "tensors ptr"),
  GLOBAL_NORM_F32("global_norm", "ptr ptr i64"),

  // update.cu
  ACCUMULATE_F32("update", "ptr ptr i64"),
  ACCUMULATE_BF16("update", "ptr ptr i64"),
  ACCUMULATE_F16("update", "ptr ptr i64"),
  ACCUMULATE_I32("update", "ptr ptr i64"),
  RUNNING_AVERAGE_F32("update", "ptr ptr i64 f32"),
  CLAMP_IN_PLACE_F32("update", "ptr i64 f32 f32"),
  SCALE_F32("update", "ptr ptr i64"),
  SCALE_BF16("update", "ptr ptr i64"),
  SCALE_F16("update", "ptr ptr i64"),
  INCREMENT_I32("update", "ptr"),
  INCREMENT_IF_FINITE_I32("update", "ptr ptr"),
  LOSS_SCALE_F32("update", "ptr ptr ptr f32 f32 i32"),
  NEXT_DRAW_I32("update", "ptr"),
  SGD_F32("update", "ptr ptr ptr i64 f32"),
  MOMENTUM_F32("update", "ptr ptr ptr ptr i64 f32 i32 f32"),
  ADAGRAD_F32("update", "ptr ptr ptr ptr i64 f32 f32"),
  RMS_PROP_F32("update", "ptr ptr ptr ptr i64 f32 f32 f32 f32"),
  ADAM_F32("update", "ptr ptr ptr ptr ptr ptr i64 f32 f32 f32 f32 f32 f32 f32 f32 f32"),
  LION_F32("update", "ptr ptr ptr ptr i64 f32 f32 f32 f32 f32"),

  // many.cu
  MANY_SGD_F32("many", "weights ptr ptr ptr f32"),
  MANY_MOMENTUM_F32("many", "weights ptr ptr ptr f32 i32 f32"),
  MANY_ADAGRAD_F32("many", "weights ptr ptr ptr f32 f32"),
  MANY_RMS_PROP_F32("many", "weights ptr ptr ptr f32 f32 f32 f32"),
  MANY_ADAM_F32("many", "weights ptr ptr ptr ptr f32 f32 f32 f32 f32 f32 f32 f32 f32"),
  MANY_LION_F32("many", "weights ptr ptr ptr f32 f32 f32 f32 f32"),

  // many_bf16.cu
  MANY_SGD_BF16("many_bf16", "weights ptr ptr ptr f32"),
  MANY_MOMENTUM_BF16("many_bf16", "weights ptr ptr ptr f32 i32 f32"),
  MANY_ADAGRAD_BF16("many_bf16", "weights ptr ptr ptr f32 f32"),
  MANY_RMS_PROP_BF16("many_bf16", "weights ptr ptr ptr f32 f32 f32 f32"),
  MANY_ADAM_BF16("many_bf16", "weights ptr ptr ptr ptr f32 f32 f32 f32 f32 f32 f32 f32 f32"),
  MANY_LION_BF16("many_bf16", "weights ptr ptr ptr f32 f32 f32 f32 f32"),

  // many_f16.cu
  MANY_SGD_F16("many_f16", "weights ptr ptr ptr f32"),
  MANY_MOMENTUM_F16("many_f16", "weights ptr ptr ptr f32 i32 f32"),
  MANY_ADAGRAD_F16("many_f16", "weights ptr ptr ptr f32 f32"),
  MANY_RMS_PROP_F16("many_f16", "weights ptr ptr ptr f32 f32 f32 f32"),
  MANY_ADAM_F16("many_f16", "weights ptr ptr ptr ptr f32 f32 f32 f32 f32 f32 f32 f32 f32"),
  MANY_LION_F16("many_f16", "weights ptr ptr ptr f32 f32 f32 f32 f32");

  private final String module;
  private final String entry = name().toLowerCase(Locale.ROOT);
  private final List<Parameter> parameters;
  private final int sharedBytes;
  private final Kernel[] ofTypes = new Kernel[DType.values().length];

  static {
    Map<String, Kernel> byName =
        Arrays.stream(values()).collect(Collectors.toMap(Kernel::name, Function.identity()));
    for (Kernel kernel : values()) {
      String stem = kernel.name().substring(0, kernel.name().lastIndexOf('_') + 1);
      for (DType dtype : DType.values()) {
        kernel.ofTypes[dtype.ordinal()] = byName.get(stem + dtype);
      }
    }
  }

  Kernel(String module, String parameters) {
    this(module, parameters, 0);
  }

  Kernel(String module, String parameters, int sharedBytes) {
    this.module = module;
    this.sharedBytes = sharedBytes;
    this.parameters =
        List.of(parameters.split(" ")).stream()
            .map(word -> Parameter.valueOf(word.toUpperCase(Locale.ROOT)))
            .toList();
  }

  /** The kinds of parameters that kernels have. */
  public enum Parameter {
    PTR(8, false),
    I64(8, false),
    I32(4, false),
    F32(4, false),
    /** {@code Strides<2>} of common.cuh, by value. */
    STRIDES2(208, true),
    STRIDES3(272, true),
    /** {@code Geometry} of geometry.cuh, by value. */
    GEOMETRY(72, true),
    /** {@code Attention} of attention.cuh, by value. */
    ATTENTION(136, true),
    /** {@code Turns} of rotary.cu, by value. */
    TURNS(1024, true),
    /** {@code Tensors<1, 192>} of tables.cuh, by value. */
    TENSORS(3848, true),
    /** {@code Weights} of many.cuh, by value. */
    WEIGHTS(3856, true);

    private final int bytes;
    private final boolean struct;

    Parameter(int bytes, boolean struct) {
      this.bytes = bytes;
      this.struct = struct;
    }

    /** Bytes of the parameter. */
    public int bytes() {
      return bytes;
    }

    /** Whether PTX has it as an array of bytes, aligned to 8. */
    public boolean struct() {
      return struct;
    }
  }

  /** The entry that does the same to another element type. @throws BackendException where there is none */
  public Kernel in(DType dtype) {
    Kernel kernel = ofTypes[dtype.ordinal()];
    if (kernel == null) {
      throw Operands.refused(entry.substring(0, entry.lastIndexOf('_')), dtype);
    }
    return kernel;
  }

  /** The file it is in, without ending. */
  public String module() {
    return module;
  }

  /** The entry's name in the PTX. */
  public String entry() {
    return entry;
  }

  /** The entry's parameters, in order. */
  public List<Parameter> parameters() {
    return parameters;
  }

  /** Dynamic shared memory of each block, bytes, which the kernel divides up by itself. */
  public int sharedBytes() {
    return sharedBytes;
  }
}
