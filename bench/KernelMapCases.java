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
    unary(AFFINE_F32, new Elementwise.Affine(0.5, 2), "a x + b");
    unary(EXP_F32, new Elementwise.Exp(), "e^x");
    unary(LOG_F32, new Elementwise.Log(), "ln x").positive();
    unary(SQRT_F32, new Elementwise.Sqrt(), "root of x").positive();
    unary(RSQRT_F32, new Elementwise.Rsqrt(), "1 / root of x").positive();
    unary(POW_F32, new Elementwise.Pow(1.7), "x^p").positive();
    unary(ABS_F32, new Elementwise.Abs(), "absolute value");
    unary(SIGN_F32, new Elementwise.Sign(), "sign");
    unary(CLAMP_F32, new Elementwise.Clamp(-0.5, 0.5), "x limited to an interval");
    unary(RELU_F32, new Elementwise.Relu(), "ReLU");
    unary(LEAKY_RELU_F32, new Elementwise.LeakyRelu(0.01), "leaky ReLU");
    unary(SIGMOID_F32, new Elementwise.Sigmoid(), "sigmoid");
    unary(TANH_F32, new Elementwise.Tanh(), "tanh");
    unary(GELU_TANH_F32, new Elementwise.GeluTanh(), "GELU by tanh");
    unary(GELU_ERF_F32, new Elementwise.GeluErf(), "GELU by erf");
    unary(SILU_F32, new Elementwise.Silu(), "SiLU");
    unary(SOFTPLUS_F32, new Elementwise.Softplus(), "softplus");
    chain(RELU_GRAD_F32, new Elementwise.ReluGrad(), "ReLU");
    chain(LEAKY_RELU_GRAD_F32, new Elementwise.LeakyReluGrad(0.01), "leaky ReLU");
    chain(SIGMOID_GRAD_F32, new Elementwise.SigmoidGrad(), "the sigmoid");
    chain(TANH_GRAD_F32, new Elementwise.TanhGrad(), "tanh");
    chain(GELU_TANH_GRAD_F32, new Elementwise.GeluTanhGrad(), "GELU by tanh");
    chain(GELU_ERF_GRAD_F32, new Elementwise.GeluErfGrad(), "GELU by erf");
    chain(SILU_GRAD_F32, new Elementwise.SiluGrad(), "SiLU");
    binary(ADD_F32, new Elementwise.Add(), DType.F32, "a + b", "12 n");
    binary(SUB_F32, new Elementwise.Sub(), DType.F32, "a - b", "12 n");
    binary(MUL_F32, new Elementwise.Mul(), DType.F32, "a b", "12 n");
    binary(DIV_F32, new Elementwise.Div(), DType.F32, "a / b", "12 n");
    binary(MAXIMUM_F32, new Elementwise.Maximum(), DType.F32, "larger of a and b", "12 n");
    binary(MINIMUM_F32, new Elementwise.Minimum(), DType.F32, "smaller of a and b", "12 n");
    comparison(new Elementwise.Equal(), "a = b", EQUAL_F32, EQUAL_I32, EQUAL_U8);
    comparison(new Elementwise.Less(), "a < b", LESS_F32, LESS_I32, LESS_U8);
    comparison(
        new Elementwise.LessEqual(), "a <= b", LESS_EQUAL_F32, LESS_EQUAL_I32, LESS_EQUAL_U8);
    TensorType choice = flat(DType.U8);
    add("select", new Elementwise.Select(), choice, flat(DType.F32), flat(DType.F32))
        .part(SELECT_B32, "a or b, as a mask says; 4-byte elements", "13 n");
    add("select, bytes", new Elementwise.Select(), choice, choice, choice)
        .part(SELECT_B8, "the same for bytes", "4 n");
    add("add, a row stretched", new Elementwise.Add(), f32(256 * scale, 1024), f32(1024))
        .size("C", 1024)
        .part(ADD_F32, "", "8 n + 4 C");
    add("add, channels stretched", new Elementwise.Add(), f32(4 * scale, 64, 32, 32), f32(64, 1, 1))
        .size("C", 64)
        .part(ADD_F32, "", "8 n + 4 C");
    cast(CAST_F32_I32, DType.F32, DType.I32, "8 n");
    cast(CAST_F32_U8, DType.F32, DType.U8, "5 n");
    cast(CAST_I32_F32, DType.I32, DType.F32, "8 n");
    cast(CAST_I32_U8, DType.I32, DType.U8, "5 n");
    cast(CAST_U8_F32, DType.U8, DType.F32, "5 n");
    cast(CAST_U8_I32, DType.U8, DType.I32, "5 n");
    add("dropout", new Stochastic.Dropout(0.1), flat(DType.F32), Stochastic.STATE)
        .part(DROPOUT_F32, "dropout and its mask, by Philox4x32-10", "9 n + 16");
    add("dropout_grad", new Stochastic.DropoutGrad(0.1), flat(DType.F32), flat(DType.U8))
        .part(DROPOUT_GRAD_F32, "dx of dropout", "9 n");
  }

  private KernelCase unary(Kernel kernel, Elementwise.Unary op, String does) {
    return add(op.name(), op, flat(DType.F32)).part(kernel, does, "8 n");
  }

  private void chain(Kernel kernel, Elementwise.Chain op, String of) {
    add(op.name(), op, flat(DType.F32), flat(DType.F32)).part(kernel, "dx of " + of, "12 n");
  }

  private void binary(Kernel kernel, Op op, DType dtype, String does, String bytes) {
    add(op.name() + " " + dtype, op, flat(dtype), flat(dtype)).part(kernel, does, bytes);
  }

  private void comparison(Op op, String does, Kernel f32, Kernel i32, Kernel u8) {
    binary(f32, op, DType.F32, does + " as 1 or 0, F32", "9 n");
    binary(i32, op, DType.I32, does + " as 1 or 0, I32", "9 n");
    binary(u8, op, DType.U8, does + " as 1 or 0, U8", "3 n");
  }

  private void cast(Kernel kernel, DType from, DType to, String bytes) {
    add("cast " + from + " to " + to, new Elementwise.Cast(to), flat(from))
        .part(kernel, from + " to " + to, bytes);
  }

  private void movement() {
    Op slice = new Movement.Slice(List.of(0, 1024), List.of(256 * scale, 1024));
    Op permute = new Movement.Permute(List.of(1, 0));
    add("slice", slice, f32(256 * scale, 3072))
        .partial()
        .part(
            COPY_B32, "a box copied: slice, pad, concat, expand, permute; 4-byte elements", "8 n");
    add("slice, bytes", slice, of(DType.U8, 256 * scale, 3072))
        .partial()
        .part(COPY_B8, "the same for bytes", "2 n");
    add("permute", permute, f32(512 * scale, 512))
        .part(
            TRANSPOSE_B32, "permute whose innermost axis moves, by tiles; 4-byte elements", "8 n");
    add("permute, bytes", permute, of(DType.U8, 512 * scale, 512))
        .part(TRANSPOSE_B8, "the same for bytes", "2 n");
  }

  private void updates() {
    TensorType w = flat(DType.F32);
    TensorType one = f32();
    TensorType t = of(DType.I32);
    TensorType counts = flat(DType.I32);
    update(ACCUMULATE_F32, new Update.Accumulate(), "target + source, F32", "12 n", w, w);
    update(ACCUMULATE_I32, new Update.Accumulate(), "target + source, I32", "12 n", counts, counts);
    update(RUNNING_AVERAGE_F32, new Update.RunningAverage(0.1), "running average", "12 n", w, w);
    update(
        CLAMP_IN_PLACE_F32,
        new Update.ClampInPlace(-0.5, 0.5),
        "target limited to an interval",
        "8 n",
        w);
    update(SCALE_F32, new Update.Scale(), "target times a number", "8 n + 4", w, one);
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
    String name = operands[0].dtype() == DType.I32 && operands.length == 2 ? " I32" : "";
    KernelCase added =
        new KernelCase(update.name() + name, update, List.of(operands), operands.length);
    cases.add(added.size("n", operands[0].elements()).part(kernel, does, bytes));
    return added;
  }
}
