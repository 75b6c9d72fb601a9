import static dev.tandem.cuda.Kernel.*;

import dev.tandem.cuda.Kernel;
import dev.tandem.op.Fused;
import dev.tandem.op.Op;
import dev.tandem.op.Reduction;
import dev.tandem.op.Sequence;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.op.Update.Masters;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.List;

/** What training of transformers adds, in each element type: fused passes, positions, the norm of gradients, steps over many weights. */
final class KernelTrainingCases extends KernelCases {
  private static final double EPSILON = 1e-5;

  KernelTrainingCases(int scale, List<KernelCase> cases) {
    super(scale, cases);
    biased(DType.F32, BIAS_RELU_F32);
    biased(DType.BF16, BIAS_RELU_BF16);
    biased(DType.F16, BIAS_RELU_F16);
    fused(DType.F32, BIAS_GELU_TANH_F32, BIAS_GELU_TANH_GRAD_F32);
    fused(DType.BF16, BIAS_GELU_TANH_BF16, BIAS_GELU_TANH_GRAD_BF16);
    fused(DType.F16, BIAS_GELU_TANH_F16, BIAS_GELU_TANH_GRAD_F16);
    norms(
        DType.F32,
        SHORT_RESIDUAL_LAYER_NORM_F32,
        RESIDUAL_LAYER_NORM_F32,
        RESIDUAL_LAYER_NORM_GRAD_F32);
    norms(
        DType.BF16,
        SHORT_RESIDUAL_LAYER_NORM_BF16,
        RESIDUAL_LAYER_NORM_BF16,
        RESIDUAL_LAYER_NORM_GRAD_BF16);
    norms(
        DType.F16,
        SHORT_RESIDUAL_LAYER_NORM_F16,
        RESIDUAL_LAYER_NORM_F16,
        RESIDUAL_LAYER_NORM_GRAD_F16);
    wholes(DType.F32, ROTARY_F32, SUM_SQUARES_F32);
    wholes(DType.BF16, ROTARY_BF16, SUM_SQUARES_BF16);
    wholes(DType.F16, ROTARY_F16, SUM_SQUARES_F16);
    steps();
  }

  /** Bytes of so many of F32, of the type instead. */
  private static int bytes(DType dtype, int bytes) {
    return bytes * dtype.bytes() / 4;
  }

  /** What a kernel does, and in which type if not in F32. */
  private static String does(DType dtype, String does) {
    return does.isEmpty() || !dtype.half() ? does : does + ", " + dtype;
  }

  private void biased(DType dtype, Kernel kernel) {
    int rows = 256 * scale;
    Op op = new Fused.BiasedMatmul(true);
    add("biased_matmul " + dtype, op, of(dtype, rows, 64), of(dtype, 1024, 64), of(dtype, 1024))
        .size("n", 1024L * rows)
        .size("C", 1024)
        .partial()
        .part(
            kernel,
            does(dtype, "relu of x + b, after a product"),
            bytes(dtype, 8) + " n + " + bytes(dtype, 4) + " C");
  }

  private void fused(DType dtype, Kernel forward, Kernel backward) {
    TensorType x = of(dtype, 256 * scale, 1024);
    TensorType b = of(dtype, 1024);
    add("bias_gelu_tanh " + dtype, new Fused.BiasGeluTanh(), x, b)
        .size("C", 1024)
        .part(
            forward,
            does(dtype, "GELU by tanh of x + b"),
            bytes(dtype, 8) + " n + " + bytes(dtype, 4) + " C");
    add("bias_gelu_tanh_grad " + dtype, new Fused.BiasGeluTanhGrad(), x, b, x)
        .size("C", 1024)
        .part(backward, does(dtype, "its dx"), bytes(dtype, 12) + " n + " + bytes(dtype, 4) + " C");
  }

  private void norms(DType dtype, Kernel ofShort, Kernel ofLong, Kernel backward) {
    norm(dtype, "a warp a row", 256 * scale, 768, ofShort);
    norm(dtype, "a block a row", 64 * scale, 4096, ofLong);
    int r = 256 * scale;
    long length = Math.ceilDiv(Math.ceilDiv(r, 256), 8) * 8L;
    TensorType x = of(dtype, r, 768);
    Op grad = new Fused.ResidualLayerNormGrad();
    add("residual_layer_norm_grad " + dtype, grad, x, of(dtype, 768), f32(r), f32(r), x, x)
        .size("R", r)
        .size("C", 768)
        .size("P", Math.ceilDiv(r, length))
        .partial()
        .positive()
        .part(
            backward,
            does(dtype, "dx of layer norm + dsum, and each block's part of dgamma and dbeta"),
            bytes(dtype, 16) + " n + 8 R + " + bytes(dtype, 4) + " C + 8 P C");
  }

  private void norm(DType dtype, String way, int rows, int columns, Kernel kernel) {
    TensorType x = of(dtype, rows, columns);
    TensorType c = of(dtype, columns);
    Op op = new Fused.ResidualLayerNorm(EPSILON);
    add("residual_layer_norm " + dtype + ", " + way, op, x, x, c, c)
        .size("R", rows)
        .size("C", columns)
        .part(
            kernel,
            does(dtype, "x + delta and its layer norm, " + way),
            bytes(dtype, 16) + " n + 8 R + " + bytes(dtype, 8) + " C");
  }

  private void wholes(DType dtype, Kernel rotary, Kernel squares) {
    TensorType x = of(dtype, 4 * scale, 64, 16, 64);
    add("rotary " + dtype, new Sequence.Rotary(16, 10_000, 0, false), x)
        .part(rotary, does(dtype, "pairs of numbers turned by their position"), bytes(dtype, 8) + " n");
    long n = (long) FLAT * scale;
    add("global_norm " + dtype, new Reduction.GlobalNorm(), flat(dtype))
        .size("n", n)
        .size("P", Math.ceilDiv(n, 1 << 16))
        .part(squares, does(dtype, "squares of each piece of many tensors"), bytes(dtype, 4) + " n + 8 P")
        .part(GLOBAL_NORM_F32, "root of their sum", "8 P + 4");
  }

  private void steps() {
    update(new Update.IncrementIfFinite(), of(DType.I32), f32())
        .part(INCREMENT_IF_FINITE_I32, "step count + 1, if the step was done", "12");
    update(new Update.LossScale(2, 0.5, 2000), f32(), of(DType.I32), f32())
        .part(LOSS_SCALE_F32, "the loss scale after a step", "20");
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
      many(dtype, MANY_SGD_F32, new Update.Sgd(0), "SGD of many weights");
      many(dtype, MANY_MOMENTUM_F32, new Update.Momentum(0.9, false, 0), "SGD with momentum of many weights");
      many(dtype, MANY_ADAGRAD_F32, new Update.Adagrad(1e-8, 0), "Adagrad of many weights");
      many(dtype, MANY_RMS_PROP_F32, new Update.RmsProp(0.99, 1e-8, 0), "RMSprop of many weights");
      many(
          dtype,
          MANY_ADAM_F32,
          new Update.Adam(0.9, 0.999, 1e-8, 0.01, true),
          "Adam and AdamW of many weights");
      many(dtype, MANY_LION_F32, new Update.Lion(0.9, 0.99, 0.01), "Lion of many weights");
    }
  }

  private void many(DType dtype, Kernel ofF32, Update.Optimizer rule, String does) {
    many(dtype, ofF32, rule, dtype.half() ? Masters.ROUNDED_TO_NEAREST : Masters.NONE, does);
    if (dtype.half() && rule instanceof Update.Adam) {
      many(dtype, ofF32, rule, Masters.ROUNDED_STOCHASTICALLY, "");
    }
  }

  private void many(
      DType dtype, Kernel ofF32, Update.Optimizer rule, Masters masters, String does) {
    TensorType states = flat(DType.F32);
    List<TensorType> operands = new ArrayList<>(List.of(flat(dtype)));
    for (int i = 0; i < rule.states() + (dtype.half() ? 1 : 0); i++) {
      operands.add(states);
    }
    operands.addAll(List.of(flat(dtype), f32(), f32()));
    if (rule.counted()) {
      operands.add(of(DType.I32));
    }
    boolean draws = masters == Masters.ROUNDED_STOCHASTICALLY;
    if (draws) {
      operands.add(Stochastic.STATE);
    }
    Kernel kernel =
        Kernel.valueOf(ofF32.name().substring(0, ofF32.name().lastIndexOf('_') + 1) + dtype);
    String name = "many " + rule.name() + " " + dtype + (draws ? ", rounded stochastically" : "");
    int scalars = 8 + (rule.counted() ? 4 : 0) + (draws ? 16 : 0);
    cases.add(
        new KernelCase(name, new Update.Many(rule, 1, masters), operands, operands.size())
            .size("n", operands.getFirst().elements())
            .partial() // a weight of a half type is written, and not read
            .positive()
            .part(kernel, does(dtype, does), 12 + 8 * rule.states() + " n + " + scalars));
  }

  private KernelCase update(Update update, TensorType... operands) {
    KernelCase added = new KernelCase(update.name(), update, List.of(operands), operands.length);
    cases.add(added);
    return added;
  }
}
