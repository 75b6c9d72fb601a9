package dev.tandem.tensor;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.Operand;
import dev.tandem.op.Creation;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Indexing;
import dev.tandem.op.Linear;
import dev.tandem.op.Loss;
import dev.tandem.op.Movement;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling;
import dev.tandem.op.Reduction;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.ShapeException;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Numbers on a backend, contiguous and row-major, with a word for every op. Operations return new tensors; only {@link
 * #update} changes one. A tensor belongs to the {@link Scope} it was made in and is freed with it; outside of any scope it
 * is freed by {@link #close}. Longer than 600 lines would be a reason to split; it is long because it is the vocabulary.
 */
public final class Tensor implements AutoCloseable {
  private final TensorType type;
  private Storage storage;
  /** The scope that will free this handle; null if its maker will. */
  Scope scope;
  /** Where a gradient gathers; null if none may flow. */
  Node node;
  /** Whether this is the library's second handle on a tensor: closing it leaves a leaf's gradient alone. */
  private boolean shadow;

  private Tensor(Storage storage, TensorType type) {
    this.storage = storage;
    this.type = type;
  }

  // ---- making

  /** A tensor with the elements of a Java array, or of memory in native byte order, copied. */
  public static Tensor of(Backend backend, TensorType type, MemorySegment elements) {
    if (elements.byteSize() != type.bytes()) {
      throw new ShapeException("tensor: elements do not fill the shape, got " + elements.byteSize() + " bytes for " + type
          + "; give " + type.bytes());
    }
    Tensor tensor = empty(backend, type);
    backend.write(tensor.storage.buffer, elements);
    return tensor;
  }

  /** An F32 tensor with these elements, innermost axis fastest. */
  public static Tensor of(Backend backend, float[] elements, int... lengths) {
    return of(backend, new TensorType(DType.F32, Shape.of(lengths)), MemorySegment.ofArray(elements));
  }

  /** An F64 tensor with these elements, innermost axis fastest. */
  public static Tensor of(Backend backend, double[] elements, int... lengths) {
    return of(backend, new TensorType(DType.F64, Shape.of(lengths)), MemorySegment.ofArray(elements));
  }

  /** An I32 tensor with these elements, innermost axis fastest. */
  public static Tensor of(Backend backend, int[] elements, int... lengths) {
    return of(backend, new TensorType(DType.I32, Shape.of(lengths)), MemorySegment.ofArray(elements));
  }

  /** A U8 tensor with these elements, innermost axis fastest. */
  public static Tensor of(Backend backend, byte[] elements, int... lengths) {
    return of(backend, new TensorType(DType.U8, Shape.of(lengths)), MemorySegment.ofArray(elements));
  }

  /** A tensor with the value everywhere. */
  public static Tensor full(Backend backend, TensorType type, double value) {
    return run(backend, new Creation.Fill(type, value), List.of()).getFirst();
  }

  /** A tensor of zeros. */
  public static Tensor zeros(Backend backend, TensorType type) {
    return full(backend, type, 0);
  }

  /** One number, of shape (). */
  public static Tensor scalar(Backend backend, DType dtype, double value) {
    return full(backend, new TensorType(dtype, Shape.scalar()), value);
  }

  private static Tensor empty(Backend backend, TensorType type) {
    Tensor tensor = new Tensor(new Storage(backend, backend.allocate(type)), type);
    Scope.add(tensor);
    return tensor;
  }

  // ---- looking

  public TensorType type() {
    return type;
  }

  public Shape shape() {
    return type.shape();
  }

  public DType dtype() {
    return type.dtype();
  }

  public Backend backend() {
    return storage().backend;
  }

  /** The only element of a one-element tensor. Waits for the device. */
  public double item() {
    if (type.elements() != 1) {
      throw new ShapeException("item: needs one element, got " + type + "; use floats() or ints()");
    }
    return toDoubles()[0];
  }

  /** A copy of the elements of an F32 tensor. Waits for the device. */
  public float[] toFloats() {
    float[] elements = new float[length(DType.F32)];
    backend().read(storage.buffer, MemorySegment.ofArray(elements));
    return elements;
  }

  /** A copy of the elements of an I32 tensor. Waits for the device. */
  public int[] toInts() {
    int[] elements = new int[length(DType.I32)];
    backend().read(storage.buffer, MemorySegment.ofArray(elements));
    return elements;
  }

  /** A copy of the elements of a U8 tensor. Waits for the device. */
  public byte[] toBytes() {
    byte[] elements = new byte[length(DType.U8)];
    backend().read(storage.buffer, MemorySegment.ofArray(elements));
    return elements;
  }

  /** The elements of an F32, F64, I32 or U8 tensor as doubles; each of these fits exactly. Waits for the device. */
  public double[] toDoubles() {
    return switch (type.dtype()) {
      case F64 -> {
        double[] elements = new double[length(DType.F64)];
        backend().read(storage.buffer, MemorySegment.ofArray(elements));
        yield elements;
      }
      case F32 -> widen(toFloats());
      case I32 -> IntStream.of(toInts()).asDoubleStream().toArray();
      case U8 -> {
        byte[] bytes = toBytes();
        yield IntStream.range(0, bytes.length).mapToDouble(i -> Byte.toUnsignedInt(bytes[i])).toArray();
      }
      case BF16, F16 -> {
        try (Scope _ = Scope.open();
            Tape.Pause _ = Tape.noGrad()) {
          yield cast(DType.F32).toDoubles();
        }
      }
    };
  }

  /** Copies the elements in native byte order to the host. Waits for the device. */
  public void read(MemorySegment target) {
    backend().read(storage.buffer, target);
  }

  /** Overwrites the elements from the host, in native byte order. */
  public void write(MemorySegment source) {
    backend().write(storage().buffer, source);
    storage.version++;
  }

  private int length(DType expected) {
    storage();
    if (type.dtype() != expected) {
      throw new ShapeException("read: element type is another, got " + type + "; cast to " + expected + " first");
    }
    return Math.toIntExact(type.elements());
  }

  private static double[] widen(float[] elements) {
    double[] wide = new double[elements.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = elements[i];
    }
    return wide;
  }

  /** {@code F32 (64, 10) on cpu}. Does not wait for the device. */
  @Override
  public String toString() {
    return type + (storage == null ? ", closed" : " on " + storage.backend.name());
  }

  // ---- memory

  Storage storage() {
    if (storage == null) {
      throw new IllegalStateException("tensor: used after it was freed, got " + type
          + "; its scope closed or backward was done with it: keep it with scope.keep or tape.keep");
    }
    return storage;
  }

  /** Whether the tensor has been freed. */
  public boolean closed() {
    return storage == null;
  }

  /** Frees the tensor, and its memory once no view and no tape needs it. Closing twice has no effect. */
  @Override
  public void close() {
    if (storage != null) {
      storage.release();
      storage = null;
      scope = null;
      if (node != null && node.tape == null && !shadow) {
        node.clear();
      }
    }
  }

  /** A handle of the library's own on the same memory and the same node, outside of all scopes. */
  Tensor alias() {
    Tensor alias = new Tensor(storage().retain(), type);
    alias.node = node;
    alias.shadow = true;
    return alias;
  }

  /** Takes the tensor out of its scope: its maker now frees it. Returns the tensor. */
  public Tensor release() {
    storage();
    scope = null;
    return this;
  }

  // ---- gradients

  /**
   * Marks a leaf, a tensor made and not computed, to gather a gradient. It leaves its scope, for it outlives steps. Returns
   * the tensor.
   */
  public Tensor requireGradient() {
    if (!type.dtype().floating()) {
      throw new ShapeException("require_gradient: integers have no gradient, got " + type + "; cast to F32 first");
    }
    if (node != null && node.tape != null) {
      throw new IllegalStateException("require_gradient: the tensor was computed and has one already, got " + type
          + "; detach it first");
    }
    release();
    if (node == null) {
      node = new Node(null);
    }
    return this;
  }

  /** Whether the tensor is a leaf that gathers a gradient. */
  public boolean requiresGradient() {
    return node != null && node.tape == null;
  }

  /** What backward has added up for this leaf since the last clear; empty if nothing reached it. Owned by the leaf. */
  public Optional<Tensor> gradient() {
    return requiresGradient() ? Optional.ofNullable(node.gradient()) : Optional.empty();
  }

  /** Forgets the gathered gradient. */
  public void clearGradient() {
    if (requiresGradient()) {
      node.clear();
    }
  }

  /** Back-propagates from this loss over the tape it was computed on. */
  public void backward() {
    Tape tape = Tape.current();
    if (tape == null) {
      throw new IllegalStateException("backward: no tape is open, got a loss " + type + "; compute it inside Tape.open()");
    }
    tape.backward(this);
  }

  /** The same values without their history: no gradient flows through. Shares memory. */
  public Tensor detach() {
    Tensor detached = new Tensor(storage().retain(), type);
    Scope.add(detached);
    return detached;
  }

  // ---- applying ops

  /** The first, or only, result of an op. */
  public static Tensor apply(Op op, Tensor... inputs) {
    return applyAll(op, List.of(inputs)).getFirst();
  }

  /** All results of an op. Only the first can carry a gradient. */
  public static List<Tensor> applyAll(Op op, List<Tensor> inputs) {
    Backend backend = inputs.getFirst().backend();
    boolean tracked = false;
    for (Tensor input : inputs) {
      if (input.backend() != backend) {
        throw new BackendException(op.name() + ": operands lie on different backends, got " + input.backend().name()
            + " and " + backend.name() + "; make them on one");
      }
      // A kept tensor of an earlier tape is a constant to this one.
      tracked |= input.node != null && (input.node.tape == null || input.node.tape == Tape.current());
    }
    List<Tensor> outputs = op instanceof Movement.Reshape reshape
        ? List.of(view(inputs.getFirst(), reshape))
        : run(backend, op, inputs);
    if (tracked && Tape.recording() && outputs.getFirst().dtype().floating()) {
      Tape.current().record(op, inputs, outputs);
    }
    return outputs;
  }

  private static Tensor view(Tensor x, Movement.Reshape reshape) {
    Tensor view = new Tensor(x.storage().retain(), reshape.outputs(List.of(x.type)).getFirst());
    Scope.add(view);
    return view;
  }

  private static List<Tensor> run(Backend backend, Op op, List<Tensor> inputs) {
    List<TensorType> types = op.outputs(inputs.stream().map(Tensor::type).toList());
    List<Tensor> outputs = new ArrayList<>(types.size());
    try {
      for (TensorType type : types) {
        outputs.add(empty(backend, type));
      }
      backend.run(op, operands(inputs), operands(outputs));
    } catch (RuntimeException | Error e) {
      outputs.forEach(Tensor::close);
      throw e;
    }
    return outputs;
  }

  /** Runs an update, which overwrites its first operands. Not recorded: backward refuses if it still needed them. */
  public static void update(Update update, Tensor... operands) {
    update.check(Arrays.stream(operands).map(Tensor::type).toList());
    operands[0].backend().update(update, operands(List.of(operands)));
    for (int i = 0; i < update.written(); i++) {
      operands[i].storage.version++;
    }
  }

  private static List<Operand> operands(List<Tensor> tensors) {
    List<Operand> operands = new ArrayList<>(tensors.size());
    for (Tensor tensor : tensors) {
      Buffer buffer = tensor.storage().buffer;
      operands.add(new Operand(tensor.type, buffer));
    }
    return operands;
  }

  // ---- elementwise

  public Tensor add(Tensor b) {
    return apply(new Elementwise.Add(), this, b);
  }

  public Tensor add(double b) {
    return apply(new Elementwise.Affine(1, b), this);
  }

  public Tensor sub(Tensor b) {
    return apply(new Elementwise.Sub(), this, b);
  }

  public Tensor sub(double b) {
    return add(-b);
  }

  public Tensor mul(Tensor b) {
    return apply(new Elementwise.Mul(), this, b);
  }

  public Tensor mul(double b) {
    return apply(new Elementwise.Affine(b, 0), this);
  }

  public Tensor div(Tensor b) {
    return apply(new Elementwise.Div(), this, b);
  }

  public Tensor div(double b) {
    return mul(1 / b);
  }

  public Tensor neg() {
    return mul(-1);
  }

  public Tensor maximum(Tensor b) {
    return apply(new Elementwise.Maximum(), this, b);
  }

  public Tensor minimum(Tensor b) {
    return apply(new Elementwise.Minimum(), this, b);
  }

  /** U8: 1 where this = b. */
  public Tensor equalTo(Tensor b) {
    return apply(new Elementwise.Equal(), this, b);
  }

  /** U8: 1 where this < b. */
  public Tensor less(Tensor b) {
    return apply(new Elementwise.Less(), this, b);
  }

  /** U8: 1 where this <= b. */
  public Tensor lessEqual(Tensor b) {
    return apply(new Elementwise.LessEqual(), this, b);
  }

  /** U8: 1 where this > b. */
  public Tensor greater(Tensor b) {
    return b.less(this);
  }

  /** U8: 1 where this >= b. */
  public Tensor greaterEqual(Tensor b) {
    return b.lessEqual(this);
  }

  /** a where the U8 condition is not 0, b elsewhere. */
  public static Tensor select(Tensor condition, Tensor a, Tensor b) {
    return apply(new Elementwise.Select(), condition, a, b);
  }

  /** The elements as another type; see {@link Elementwise.Cast}. The tensor itself if it is of that type. */
  public Tensor cast(DType to) {
    return to == type.dtype() ? this : apply(new Elementwise.Cast(to), this);
  }

  public Tensor exp() {
    return apply(new Elementwise.Exp(), this);
  }

  public Tensor log() {
    return apply(new Elementwise.Log(), this);
  }

  public Tensor sqrt() {
    return apply(new Elementwise.Sqrt(), this);
  }

  public Tensor rsqrt() {
    return apply(new Elementwise.Rsqrt(), this);
  }

  public Tensor pow(double exponent) {
    return apply(new Elementwise.Pow(exponent), this);
  }

  public Tensor square() {
    return mul(this);
  }

  public Tensor abs() {
    return apply(new Elementwise.Abs(), this);
  }

  public Tensor sign() {
    return apply(new Elementwise.Sign(), this);
  }

  public Tensor clamp(double low, double high) {
    return apply(new Elementwise.Clamp(low, high), this);
  }

  public Tensor relu() {
    return apply(new Elementwise.Relu(), this);
  }

  public Tensor leakyRelu(double slope) {
    return apply(new Elementwise.LeakyRelu(slope), this);
  }

  public Tensor sigmoid() {
    return apply(new Elementwise.Sigmoid(), this);
  }

  public Tensor tanh() {
    return apply(new Elementwise.Tanh(), this);
  }

  /** The tanh form, as in GPT-2. */
  public Tensor geluTanh() {
    return apply(new Elementwise.GeluTanh(), this);
  }

  /** The exact form, as in BERT and PyTorch's default. */
  public Tensor geluErf() {
    return apply(new Elementwise.GeluErf(), this);
  }

  public Tensor silu() {
    return apply(new Elementwise.Silu(), this);
  }

  public Tensor softplus() {
    return apply(new Elementwise.Softplus(), this);
  }

  // ---- reductions: over the given axes, negative ones counted from the end; over all where none is given

  public Tensor sum(int... axes) {
    return apply(new Reduction.Sum(axes("sum", axes), false), this);
  }

  public Tensor mean(int... axes) {
    return apply(new Reduction.Mean(axes("mean", axes), false), this);
  }

  public Tensor max(int... axes) {
    return apply(new Reduction.Max(axes("max", axes), false), this);
  }

  public Tensor min(int... axes) {
    return apply(new Reduction.Min(axes("min", axes), false), this);
  }

  /** I32: where along the axis the largest element is. */
  public Tensor argMax(int axis) {
    return apply(new Reduction.ArgMax(shape().axis("arg_max", axis), false), this);
  }

  /** Mean over H and W. x: (N, C, H, W); y: (N, C). */
  public Tensor globalAvgPool2d() {
    return mean(2, 3);
  }

  private List<Integer> axes(String op, int... axes) {
    IntStream chosen = axes.length == 0 ? IntStream.range(0, shape().rank()) : IntStream.of(axes);
    return chosen.map(axis -> shape().axis(op, axis)).boxed().toList();
  }

  // ---- linear

  /** The matrix product over the two innermost axes; leading axes broadcast. (..., M, K) x (..., K, N): (..., M, N). */
  public Tensor matmul(Tensor b) {
    return matmul(b, false, false);
  }

  /** The matrix product of operands that may lie transposed; nothing is copied. */
  public Tensor matmul(Tensor b, boolean transposeThis, boolean transposeB) {
    return apply(new Linear.Matmul(transposeThis, transposeB), this, b);
  }

  /** See {@link Linear.Conv2d}. */
  public Tensor conv2d(Tensor weight, Linear.Conv2dGeometry geometry) {
    return apply(new Linear.Conv2d(geometry), this, weight);
  }

  public Tensor maxPool2d(Pooling.Window window) {
    return apply(new Pooling.MaxPool2d(window), this);
  }

  public Tensor avgPool2d(Pooling.Window window) {
    return apply(new Pooling.AvgPool2d(window), this);
  }

  // ---- movement

  /** The same elements under another shape, sharing memory. One length may be -1: it takes what is left. */
  public Tensor reshape(int... lengths) {
    int[] complete = lengths.clone();
    long known = 1;
    int open = -1;
    for (int axis = 0; axis < lengths.length; axis++) {
      if (lengths[axis] == -1 && open == -1) {
        open = axis;
      } else {
        known *= lengths[axis];
      }
    }
    if (open >= 0) {
      if (known <= 0 || type.elements() % known != 0) {
        throw new ShapeException("reshape: no length fits in place of -1, got " + shape() + " to "
            + Arrays.toString(lengths) + "; keep the product of the lengths");
      }
      complete[open] = Math.toIntExact(type.elements() / known);
    }
    return reshape(Shape.of(complete));
  }

  public Tensor reshape(Shape to) {
    return apply(new Movement.Reshape(to), this);
  }

  /** Folds the axes from the given one on into one. (N, C, H, W).flatten(1): (N, C * H * W). */
  public Tensor flatten(int from) {
    int first = shape().axis("flatten", from);
    return reshape(shape().part(0, first).then(Shape.of(Math.toIntExact(shape().elements(first, shape().rank())))));
  }

  /** Axis i of the result is axis order[i] of this. */
  public Tensor permute(int... order) {
    return apply(new Movement.Permute(IntStream.of(order).boxed().toList()), this);
  }

  /** Two axes swapped. */
  public Tensor transpose(int a, int b) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, shape().rank()).boxed().toList());
    Collections.swap(order, shape().axis("transpose", a), shape().axis("transpose", b));
    return apply(new Movement.Permute(order), this);
  }

  public Tensor expand(Shape to) {
    return to.equals(shape()) ? this : apply(new Movement.Expand(to), this);
  }

  /** The part from start, of the given length, along one axis. */
  public Tensor slice(int axis, int start, int length) {
    List<Integer> starts = new ArrayList<>(Collections.nCopies(shape().rank(), 0));
    starts.set(shape().axis("slice", axis), start);
    List<Integer> lengths = new ArrayList<>(shape().toList());
    lengths.set(shape().axis("slice", axis), length);
    return apply(new Movement.Slice(starts, lengths), this);
  }

  /** Elements of the value added along one axis. */
  public Tensor pad(int axis, int before, int after, double value) {
    List<Integer> front = new ArrayList<>(Collections.nCopies(shape().rank(), 0));
    List<Integer> back = new ArrayList<>(front);
    front.set(shape().axis("pad", axis), before);
    back.set(shape().axis("pad", axis), after);
    return apply(new Movement.Pad(front, back, value), this);
  }

  /** The tensors one after another along the axis. */
  public static Tensor concat(int axis, Tensor... parts) {
    if (parts.length == 0) {
      throw new ShapeException("concat: nothing to join, got 0 tensors; give at least one");
    }
    return apply(new Movement.Concat(parts[0].shape().axis("concat", axis)), parts);
  }

  /** A copy with memory of its own. */
  public Tensor copy() {
    return run(backend(), new Movement.Reshape(shape()), List.of(this)).getFirst();
  }

  // ---- indexing

  /** Rows of this table (V, S) at the I32 indices (I): (I, S). */
  public Tensor embedding(Tensor indices) {
    return apply(new Indexing.Embedding(), this, indices);
  }

  /** One element a place along the axis; see {@link Indexing.Gather}. */
  public Tensor gather(int axis, Tensor indices) {
    return apply(new Indexing.Gather(shape().axis("gather", axis)), this, indices);
  }

  /** I32 (I) to dtype (I, classes). */
  public Tensor oneHot(int classes, DType dtype) {
    return apply(new Indexing.OneHot(classes, dtype), this);
  }

  // ---- normalisation, loss, dropout

  public Tensor softmax(int axis) {
    return alongLast(axis, new Normalization.Softmax());
  }

  public Tensor logSoftmax(int axis) {
    return alongLast(axis, new Normalization.LogSoftmax());
  }

  /** The row ops work on the innermost axis; another one is brought there and back. */
  private Tensor alongLast(int axis, Normalization op) {
    int chosen = shape().axis(op.name(), axis);
    int last = shape().rank() - 1;
    return chosen == last ? apply(op, this) : apply(op, transpose(chosen, last)).transpose(chosen, last);
  }

  public Tensor layerNorm(Tensor gamma, Tensor beta, double epsilon) {
    return apply(new Normalization.LayerNorm(epsilon), this, gamma, beta);
  }

  public Tensor rmsNorm(Tensor gamma, double epsilon) {
    return apply(new Normalization.RmsNorm(epsilon), this, gamma);
  }

  /** A loss a row, against class numbers. logits: (N, C); targets: I32 (N); y: (N). */
  public Tensor crossEntropy(Tensor targets, double smoothing) {
    return apply(new Loss.CrossEntropy(smoothing), this, targets);
  }

  /** A loss a row, against probabilities. logits, targets: (N, C); y: (N). */
  public Tensor softCrossEntropy(Tensor targets) {
    return apply(new Loss.SoftCrossEntropy(), this, targets);
  }

  /** Zeroes elements with probability p and scales the rest by 1 / (1 - p). The state moves on by one draw. */
  public Tensor dropout(double p, Tensor state) {
    Tensor y = apply(new Stochastic.Dropout(p), this, state);
    update(new Update.NextDraw(), state);
    return y;
  }
}
