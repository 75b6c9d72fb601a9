import static dev.tandem.cuda.Kernel.*;

import dev.tandem.cuda.Kernel;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Movement;
import dev.tandem.op.Op;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.util.List;

/** Element by element: functions, copies, updates. */
final class KernelMapCases extends KernelCases {
  KernelMapCases(int scale, List<KernelCase> cases) {
    super(scale, cases);
    elementwise();
    movement();
    updates();
  }

  private void elementwise() {
    unary(AFFINE_F32, new Elementwise.Affine(0.5, 2), "a x + b", false);
    unary(EXP_F32, new Elementwise.Exp(), "e^x", false);
    unary(LOG_F32, new Elementwise.Log(), "ln x", true);
    unary(SQRT_F32, new Elementwise.Sqrt(), "root of x", true);
    unary(RSQRT_F32, new Elementwise.Rsqrt(), "1 / root of x", true);
    unary(POW_F32, new Elementwise.Pow(1.7), "x^p", true);
    unary(ABS_F32, new Elementwise.Abs(), "absolute value", false);
    unary(SIGN_F32, new Elementwise.Sign(), "sign", false);
    unary(CLAMP_F32, new Elementwise.Clamp(-0.5, 0.5), "x limited to an interval", false);
    unary(RELU_F32, new Elementwise.Relu(), "ReLU", false);
    unary(LEAKY_RELU_F32, new Elementwise.LeakyRelu(0.01), "leaky ReLU", false);
    unary(SIGMOID_F32, new Elementwise.Sigmoid(), "sigmoid", false);
    unary(TANH_F32, new Elementwise.Tanh(), "tanh", false);
    unary(GELU_TANH_F32, new Elementwise.GeluTanh(), "GELU by tanh", false);
    unary(GELU_ERF_F32, new Elementwise.GeluErf(), "GELU by erf", false);
    unary(SILU_F32, new Elementwise.Silu(), "SiLU", false);
    unary(SOFTPLUS_F32, new Elementwise.Softplus(), "softplus", false);
    chain(RELU_GRAD_F32, new Elementwise.ReluGrad(), "ReLU");
    chain(LEAKY_RELU_GRAD_F32, new Elementwise.LeakyReluGrad(0.01), "leaky ReLU");
    chain(SIGMOID_GRAD_F32, new Elementwise.SigmoidGrad(), "the sigmoid");
    chain(TANH_GRAD_F32, new Elementwise.TanhGrad(), "tanh");
    chain(GELU_TANH_GRAD_F32, new Elementwise.GeluTanhGrad(), "GELU by tanh");
    chain(GELU_ERF_GRAD_F32, new Elementwise.GeluErfGrad(), "GELU by erf");
    chain(SILU_GRAD_F32, new Elementwise.SiluGrad(), "SiLU");
    arithmetic(ADD_F32, new Elementwise.Add(), "a + b");
    arithmetic(SUB_F32, new Elementwise.Sub(), "a - b");
    arithmetic(MUL_F32, new Elementwise.Mul(), "a b");
    arithmetic(DIV_F32, new Elementwise.Div(), "a / b");
    arithmetic(MAXIMUM_F32, new Elementwise.Maximum(), "larger of a and b");
    arithmetic(MINIMUM_F32, new Elementwise.Minimum(), "smaller of a and b");
    comparison(EQUAL_F32, new Elementwise.Equal(), "a = b");
    comparison(LESS_F32, new Elementwise.Less(), "a < b");
    comparison(LESS_EQUAL_F32, new Elementwise.LessEqual(), "a <= b");
    TensorType choice = flat(DType.U8);
    add("select", new Elementwise.Select(), choice, flat(DType.F32), flat(DType.F32))
        .part(SELECT_B32, "a or b, as a mask says; 4-byte elements", "13 n");
    add("select, halves", new Elementwise.Select(), choice, flat(DType.BF16), flat(DType.BF16))
        .part(SELECT_B16, "the same for 2-byte elements", "7 n");
    add("select, bytes", new Elementwise.Select(), choice, choice, choice)
        .part(SELECT_B8, "the same for bytes", "4 n");
    add("add, a row stretched", new Elementwise.Add(), f32(256 * scale, 1024), f32(1024))
        .size("C", 1024)
        .part(ADD_F32, "", "8 n + 4 C");
    add("add, channels stretched", new Elementwise.Add(), f32(4 * scale, 64, 32, 32), f32(64, 1, 1))
        .size("C", 64)
        .part(ADD_F32, "", "8 n + 4 C");
    for (DType from : DType.values()) {
      for (DType to : DType.values()) {
        if (from != to && from != DType.F64 && to != DType.F64) {
          cast(Kernel.valueOf("CAST_" + from + "_" + to), from, to);
        }
      }
    }
    for (DType dtype : NUMBERS) {
      String bytes = 2 * dtype.bytes() + 1 + " n";
      add(named("dropout", dtype), new Stochastic.Dropout(0.1), flat(dtype), Stochastic.STATE)
          .part(
              DROPOUT_F32.in(dtype),
              named("dropout and its mask, by Philox4x32-10", dtype),
              bytes + " + 16");
      add(
              named("dropout_grad", dtype),
              new Stochastic.DropoutGrad(0.1),
              flat(dtype),
              flat(DType.U8))
          .part(DROPOUT_GRAD_F32.in(dtype), named("dx of dropout", dtype), bytes);
    }
  }

  private void unary(Kernel kernel, Elementwise.Unary op, String does, boolean positive) {
    for (DType dtype : NUMBERS) {
      KernelCase added =
          add(named(op.name(), dtype), op, flat(dtype))
              .part(kernel.in(dtype), named(does, dtype), bytes(dtype, 2, "n"));
      if (positive) {
        added.positive();
      }
    }
  }

  private void chain(Kernel kernel, Elementwise.Chain op, String of) {
    for (DType dtype : NUMBERS) {
      add(named(op.name(), dtype), op, flat(dtype), flat(dtype))
          .part(kernel.in(dtype), named("dx of " + of, dtype), bytes(dtype, 3, "n"));
    }
  }

  private void arithmetic(Kernel kernel, Op op, String does) {
    for (DType dtype : NUMBERS) {
      add(op.name() + " " + dtype, op, flat(dtype), flat(dtype))
          .part(kernel.in(dtype), named(does, dtype), bytes(dtype, 3, "n"));
    }
  }

  private void comparison(Kernel kernel, Op op, String does) {
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16, DType.I32, DType.U8)) {
      add(op.name() + " " + dtype, op, flat(dtype), flat(dtype))
          .part(
              kernel.in(dtype),
              does + " as 1 or 0, " + dtype,
              2 * dtype.bytes() + 1 + " n");
    }
  }

  private void cast(Kernel kernel, DType from, DType to) {
    add("cast " + from + " to " + to, new Elementwise.Cast(to), flat(from))
        .part(kernel, from + " to " + to, from.bytes() + to.bytes() + " n");
  }

  private void movement() {
    Op slice = new Movement.Slice(List.of(0, 1024), List.of(256 * scale, 1024));
    Op permute = new Movement.Permute(List.of(1, 0));
    add("slice", slice, f32(256 * scale, 3072))
        .partial()
        .part(
            COPY_B32, "a box copied: slice, pad, concat, expand, permute; 4-byte elements", "8 n");
    add("slice, halves", slice, of(DType.BF16, 256 * scale, 3072))
        .partial()
        .part(COPY_B16, "the same for 2-byte elements", "4 n");
    add("slice, bytes", slice, of(DType.U8, 256 * scale, 3072))
        .partial()
        .part(COPY_B8, "the same for bytes", "2 n");
    add("permute", permute, f32(512 * scale, 512))
        .part(
            TRANSPOSE_B32, "permute whose innermost axis moves, by tiles; 4-byte elements", "8 n");
    add("permute, halves", permute, of(DType.BF16, 512 * scale, 512))
        .part(TRANSPOSE_B16, "the same for 2-byte elements", "4 n");
    add("permute, bytes", permute, of(DType.U8, 512 * scale, 512))
        .part(TRANSPOSE_B8, "the same for bytes", "2 n");
  }

  private void updates() {
    TensorType w = flat(DType.F32);
    TensorType one = f32();
    TensorType t = of(DType.I32);
    TensorType counts = flat(DType.I32);
    for (DType dtype : NUMBERS) {
      TensorType target = flat(dtype);
      TensorType factor = of(dtype);
      update(
          ACCUMULATE_F32.in(dtype),
          new Update.Accumulate(),
          "target + source, " + dtype,
          bytes(dtype, 3, "n"),
          target,
          target);
      update(
          SCALE_F32.in(dtype),
          new Update.Scale(),
          named("target times a number", dtype),
          bytes(dtype, 2, "n + " + dtype.bytes()),
          target,
          factor);
    }
    update(ACCUMULATE_I32, new Update.Accumulate(), "target + source, I32", "12 n", counts, counts);
    update(RUNNING_AVERAGE_F32, new Update.RunningAverage(0.1), "running average", "12 n", w, w);
    update(
        CLAMP_IN_PLACE_F32,
        new Update.ClampInPlace(-0.5, 0.5),
        "target limited to an interval",
        "8 n",
        w);
    update(INCREMENT_I32, new Update.Increment(), "step count + 1", "8", t);
    update(NEXT_DRAW_I32, new Update.NextDraw(), "a generator's next draw", "8", Stochastic.STATE)
        .partial();
    update(SGD_F32, new Update.Sgd(0), "SGD", "12 n + 4", w, w, one);
    update(
        MOMENTUM_F32,
        new Update.Momentum(0.9, false, 0),
        "SGD with momentum",
        "20 n + 4",
        w,
        w,
        w,
        one);
    update(ADAGRAD_F32, new Update.Adagrad(1e-8, 0), "Adagrad", "20 n + 4", w, w, w, one)
        .positive();
    update(RMS_PROP_F32, new Update.RmsProp(0.99, 1e-8, 0), "RMSprop", "20 n + 4", w, w, w, one)
        .positive();
    update(
            ADAM_F32,
            new Update.Adam(0.9, 0.999, 1e-8, 0.01, true),
            "Adam and AdamW",
            "28 n + 8",
            w,
            w,
            w,
            w,
            one,
            t)
        .positive();
    update(LION_F32, new Update.Lion(0.9, 0.99, 0.01), "Lion", "20 n + 4", w, w, w, one);
  }

  private KernelCase update(
      Kernel kernel, Update update, String does, String bytes, TensorType... operands) {
    String name =
        operands[0].shape().rank() == 0
            ? update.name()
            : named(update.name(), operands[0].dtype());
    KernelCase added = new KernelCase(name, update, List.of(operands), operands.length);
    cases.add(added.size("n", operands[0].elements()).part(kernel, does, bytes));
    return added;
  }
}
