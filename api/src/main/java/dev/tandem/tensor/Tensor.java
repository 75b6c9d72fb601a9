package dev.tandem.tensor;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.Operand;
import dev.tandem.op.Creation;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Movement;
import dev.tandem.op.Op;
import dev.tandem.op.Reduction;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.ShapeException;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Numbers on a backend, contiguous and row-major, with the {@link TensorOps} as its vocabulary. Operations return
 * new tensors; only {@link #update} and {@link #write} change one. A tensor belongs to the {@link Scope} it was made in
 * and is freed with it; outside of any scope it is freed by {@link #close}.
 */
public final class Tensor implements TensorOps, AutoCloseable {
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
      throw new ShapeException(
          "tensor: elements do not fill the shape, got "
              + elements.byteSize()
              + " bytes for "
              + type
              + "; give "
              + type.bytes());
    }
    Tensor tensor = empty(backend, type);
    backend.write(tensor.storage.buffer, elements);
    return tensor;
  }

  /** An F32 tensor with these elements, innermost axis fastest. */
  public static Tensor of(Backend backend, float[] elements, int... lengths) {
    return of(
        backend, new TensorType(DType.F32, Shape.of(lengths)), MemorySegment.ofArray(elements));
  }

  /** An F64 tensor with these elements, innermost axis fastest. */
  public static Tensor of(Backend backend, double[] elements, int... lengths) {
    return of(
        backend, new TensorType(DType.F64, Shape.of(lengths)), MemorySegment.ofArray(elements));
  }

  /** An I32 tensor with these elements, innermost axis fastest. */
  public static Tensor of(Backend backend, int[] elements, int... lengths) {
    return of(
        backend, new TensorType(DType.I32, Shape.of(lengths)), MemorySegment.ofArray(elements));
  }

  /** A U8 tensor with these elements, innermost axis fastest. */
  public static Tensor of(Backend backend, byte[] elements, int... lengths) {
    return of(
        backend, new TensorType(DType.U8, Shape.of(lengths)), MemorySegment.ofArray(elements));
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

  /** The shape and element type. */
  public TensorType type() {
    return type;
  }

  @Override
  public Shape shape() {
    return type.shape();
  }

  @Override
  public DType dtype() {
    return type.dtype();
  }

  /** The backend whose memory holds the elements. */
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

  /** The elements as doubles, which hold those of every type exactly. Waits for the device. */
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
        yield IntStream.range(0, bytes.length)
            .mapToDouble(i -> Byte.toUnsignedInt(bytes[i]))
            .toArray();
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
      throw new ShapeException(
          "read: element type is another, got " + type + "; cast to " + expected + " first");
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
      throw new IllegalStateException(
          "tensor: used after it was freed, got "
              + type
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
      throw new ShapeException(
          "require_gradient: integers have no gradient, got " + type + "; cast to F32 first");
    }
    if (node != null && node.tape != null) {
      throw new IllegalStateException(
          "require_gradient: the tensor was computed and has one already, got "
              + type
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
      throw new IllegalStateException(
          "backward: no tape is open, got a loss " + type + "; compute it inside Tape.open()");
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

  /** All results of an op. The first {@link Op#differentiable} carry gradients; backward refuses one that reaches another. */
  public static List<Tensor> applyAll(Op op, List<Tensor> inputs) {
    Backend backend = inputs.getFirst().backend();
    boolean tracked = false;
    for (Tensor input : inputs) {
      requireOn(backend, input, op.name());
      // A kept tensor of an earlier tape is a constant to this one.
      tracked |=
          input.node != null && (input.node.tape == null || input.node.tape == Tape.current());
    }
    List<Tensor> outputs =
        op instanceof Movement.Reshape reshape
            ? List.of(view(inputs.getFirst(), reshape))
            : run(backend, op, inputs);
    if (tracked && Tape.recording() && outputs.getFirst().dtype().floating()) {
      Tape.current().record(op, inputs, outputs);
    }
    return outputs;
  }

  private static void requireOn(Backend backend, Tensor operand, String name) {
    if (operand.backend() != backend) {
      throw new BackendException(
          name
              + ": operands lie on different backends, got "
              + operand.backend().name()
              + " and "
              + backend.name()
              + "; make them on one");
    }
  }

  private static Tensor view(Tensor x, Movement.Reshape reshape) {
    Tensor view = new Tensor(x.storage().retain(), reshape.outputs(List.of(x.type)).getFirst());
    Scope.add(view);
    return view;
  }

  private static List<Tensor> run(Backend backend, Op op, List<Tensor> inputs) {
    List<TensorType> types = op.outputs(types(inputs));
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

  /**
   * The only result of an op, in the memory of its first input, which has its type. For ops that allow it, where nobody looks at
   * that input again; its history is not told.
   */
  static Tensor overwriteFirst(Op op, List<Tensor> inputs) {
    Tensor first = inputs.getFirst();
    op.outputs(types(inputs));
    Tensor result = first.detach();
    first.backend().run(op, operands(inputs), operands(List.of(result)));
    return result;
  }

  /** Runs an update, which overwrites its first operands. Not recorded: backward refuses if it still needed them. */
  public static void update(Update update, Tensor... operands) {
    update.check(types(Arrays.asList(operands)));
    Backend backend = operands[0].backend();
    for (Tensor operand : operands) {
      requireOn(backend, operand, update.name());
    }
    backend.update(update, operands(List.of(operands)));
    for (int i = 0; i < update.written(); i++) {
      operands[i].storage.version++;
    }
  }

  // Not a stream: this is of the work that every op costs.
  private static List<TensorType> types(List<Tensor> tensors) {
    TensorType[] types = new TensorType[tensors.size()];
    for (int i = 0; i < types.length; i++) {
      types[i] = tensors.get(i).type;
    }
    return List.of(types);
  }

  private static List<Operand> operands(List<Tensor> tensors) {
    List<Operand> operands = new ArrayList<>(tensors.size());
    for (Tensor tensor : tensors) {
      Buffer buffer = tensor.storage().buffer;
      operands.add(new Operand(tensor.type, buffer));
    }
    return operands;
  }

  /** The square root of the sum of squares of all elements of the tensors: {@link Reduction.GlobalNorm}. */
  public static Tensor globalNorm(List<Tensor> tensors) {
    return applyAll(new Reduction.GlobalNorm(), tensors).getFirst();
  }

  /** a where the U8 condition is not 0, b elsewhere. */
  public static Tensor select(Tensor condition, Tensor a, Tensor b) {
    return apply(new Elementwise.Select(), condition, a, b);
  }

  /** The tensors one after another along the axis. */
  public static Tensor concat(int axis, Tensor... parts) {
    if (parts.length == 0) {
      throw new ShapeException("concat: nothing to join, got 0 tensors; give at least one");
    }
    return apply(new Movement.Concat(parts[0].shape().axis("concat", axis)), parts);
  }

  /** The same values in memory of their own, without history: no gradient flows through. */
  public Tensor copy() {
    return run(backend(), new Movement.Reshape(shape()), List.of(this)).getFirst();
  }
}
