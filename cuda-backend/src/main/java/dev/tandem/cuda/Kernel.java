package dev.tandem.cuda;

import java.util.List;
import java.util.Locale;

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

  // chain.cu
  RELU_GRAD_F32("chain", "ptr ptr ptr i64"),
  LEAKY_RELU_GRAD_F32("chain", "ptr ptr ptr i64 f32"),
  SIGMOID_GRAD_F32("chain", "ptr ptr ptr i64"),
  TANH_GRAD_F32("chain", "ptr ptr ptr i64"),
  GELU_TANH_GRAD_F32("chain", "ptr ptr ptr i64"),
  GELU_ERF_GRAD_F32("chain", "ptr ptr ptr i64"),
  SILU_GRAD_F32("chain", "ptr ptr ptr i64"),

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
  SELECT_B8("broadcast", "ptr ptr ptr ptr i64 strides3"),

  // cast.cu
  CAST_F32_I32("cast", "ptr ptr i64"),
  CAST_F32_U8("cast", "ptr ptr i64"),
  CAST_I32_F32("cast", "ptr ptr i64"),
  CAST_I32_U8("cast", "ptr ptr i64"),
  CAST_U8_F32("cast", "ptr ptr i64"),
  CAST_U8_I32("cast", "ptr ptr i64"),

  // reduction.cu

  // normalization.cu, loss.cu

  // movement.cu
  COPY_B32("movement", "ptr ptr i64 strides2"),
  COPY_B8("movement", "ptr ptr i64 strides2"),
  TRANSPOSE_B32("movement", "ptr ptr i64 i64 i64 i64 i64 strides2"),
  TRANSPOSE_B8("movement", "ptr ptr i64 i64 i64 i64 i64 strides2"),

  // indexing.cu
  EMBEDDING_B32("indexing", "ptr i32 ptr ptr ptr i64 i64 i64 i32"),
  EMBEDDING_B8("indexing", "ptr i32 ptr ptr ptr i64 i64 i64 i32"),
  GATHER_B32("indexing", "ptr i32 ptr ptr ptr i64 i64 i64 i64 i32"),
  GATHER_B8("indexing", "ptr i32 ptr ptr ptr i64 i64 i64 i64 i32"),
  ONE_HOT_B32("indexing", "ptr i32 ptr ptr i64 i64 i32"),
  ONE_HOT_B8("indexing", "ptr i32 ptr ptr i64 i64 i32"),
  GATHER_GRAD_F32("indexing", "ptr i32 ptr ptr ptr i64 i64 i64 i64"),
  INDEX_KEYS("indexing", "ptr i32 ptr ptr ptr i64 i64 i64 i64 i32"),
  SUM_WINDOWS_F32("indexing", "ptr ptr ptr ptr ptr i64 i64 i64"),
  JOIN_WINDOWS_F32("indexing", "ptr ptr ptr i64 i64 i64 i32"),

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
  DROPOUT_GRAD_F32("stochastic", "ptr ptr ptr i64 f32"),

  // conv2d.cu

  // update.cu
  ;

  private final String module;
  private final String entry = name().toLowerCase(Locale.ROOT);
  private final List<Parameter> parameters;

  Kernel(String module, String parameters) {
    this.module = module;
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
    STRIDES3(272, true);

    private final int bytes;
    private final boolean struct;

    Parameter(int bytes, boolean struct) {
      this.bytes = bytes;
      this.struct = struct;
    }

    public int bytes() {
      return bytes;
    }

    /** Whether PTX has it as an array of bytes, aligned to 8. */
    public boolean struct() {
      return struct;
    }
  }

  /** The file it is in, without ending. */
  public String module() {
    return module;
  }

  /** The entry's name in the PTX. */
  public String entry() {
    return entry;
  }

  public List<Parameter> parameters() {
    return parameters;
  }
}
